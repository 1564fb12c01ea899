"""Word2Vec on disk: the arrays of a model, and a model read from a file.

What all models have in common stands in `fastembed.embed.checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _word2vec
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.embed.checkpoint import SavedModel, open_model, padded

__all__ = ["State", "load_state"]


@dataclass
class State:
    """A model or a checkpoint as read from a file."""

    vectors: NDArray[np.float32]  # (V, stride)
    outputs: NDArray[np.float32]  # (rows, stride)
    tree: NDArray[np.uint32] | None
    saved: SavedModel


def load_state(path: StrPath, kind: str = "Word2Vec") -> State:
    """Read a model or a checkpoint.

    Raises
    ------
    FormatError
        The file is not one of a Word2Vec, or its arrays do not fit together.
    """
    saved = open_model(path, kind)
    arrays = saved.arrays
    try:
        dim, hs, negative = (int(saved.params[name]) for name in ("vector_size", "hs", "negative"))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the model's metadata are damaged: {error}") from None
    if "outputs" not in arrays:
        raise FormatError(f"{path}: the model lacks its outputs")
    outputs, n = arrays["outputs"], len(saved.words)
    rows = (n if negative else 0) + (n - 1 if hs else 0)
    tree = np.array(arrays["tree"]) if hs and "tree" in arrays else None
    if (
        saved.vectors.shape != (n, dim)
        or outputs.shape != (rows, dim)
        or saved.counts.shape != (n,)
        or (hs and (tree is None or tree.shape != (2 * n - 1,) or tree.dtype != np.uint32))
    ):
        raise saved.misfit()
    if tree is not None:
        try:
            _word2vec.tree_depth(tree)
        except ValueError as error:
            raise FormatError(f"{path}: {error}") from None
    return State(vectors=padded(saved.vectors), outputs=padded(outputs), tree=tree, saved=saved)
