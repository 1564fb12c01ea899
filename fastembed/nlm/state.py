"""NeuralLM on disk: the names of its arrays there, and a model or checkpoint read from a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.core.memory import aligned_zeros
from fastembed.embed.checkpoint import SavedModel, read_model
from fastembed.io.native import NativeFile
from fastembed.ngram.tables import SPECIALS
from fastembed.nlm.network import LAYERS, Shape

__all__ = ["BEST", "STATE", "load_state", "writable"]

BEST = "best."  # in a checkpoint: the parameters of the best epoch so far
STATE = ("_state", "_seen")  # what the optimiser remembers
NAMES = tuple(name for layer in LAYERS for name in (layer, layer + "_bias"))


def writable(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Copies to train on, of arrays that are maps of a file."""
    copies = {}
    for name, array in arrays.items():
        copies[name] = aligned_zeros(array.shape, array.dtype)
        copies[name][...] = array
    return copies


def _plain(name: str) -> str:
    return name.removeprefix(BEST).removesuffix(STATE[0]).removesuffix(STATE[1])


def load_state(
    file: NativeFile, path: StrPath
) -> tuple[SavedModel, dict[str, NDArray[Any]], NDArray[np.int64] | None]:
    """What a file holds: the model's figures, its arrays by the names of the layers (in a
    checkpoint those of the optimiser and of the best epoch too), and the class of each word.

    Raises
    ------
    FormatError
        The file is not one of a NeuralLM, or its arrays do not fit together.
    """
    saved = read_model(file, path, "NeuralLM")
    n = len(saved.words)
    found = {name: array for name, array in saved.arrays.items()
             if _plain(name) in NAMES}  # fmt: skip
    found["embed"] = saved.vectors
    class_of = saved.arrays.get("class_of")
    try:
        shape = Shape(saved.params, n)
        factored = saved.params["output_layer"] == "class_factored"
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the model's metadata are damaged: {error}") from None
    if saved.words[: len(SPECIALS)] != list(SPECIALS) or saved.counts.shape != (n,):
        raise saved.misfit()
    expected: dict[str, tuple[int, ...]] = {"embed": (n, shape.dim), "out_bias": (n,)}
    if not shape.tied:
        expected["out"] = (n, shape.features)
    if shape.hidden:
        expected |= {"hidden": (shape.hidden, shape.n * shape.dim), "hidden_bias": (shape.hidden,)}
    if factored:
        if class_of is None or class_of.shape != (n,) or class_of.dtype.kind not in "iu":
            raise saved.misfit()
        classes = np.asarray(class_of, dtype=np.int64)
        sizes = np.bincount(classes) if classes.min() >= 0 and classes.max() < n else np.zeros(1)
        if not sizes.all():
            raise saved.misfit()
        expected |= {"classes": (len(sizes), shape.features), "classes_bias": (len(sizes),)}
    for name, size in expected.items():
        if name not in found or found[name].shape != size or found[name].dtype != np.float32:
            raise saved.misfit()
    for name, array in found.items():
        size, dtype = expected.get(_plain(name), ()), "float32"
        if name.endswith("_seen"):
            size, dtype = size[:1], "uint32"
        if array.dtype != np.dtype(dtype) or array.shape[array.ndim - len(size) :] != size:
            raise saved.misfit()
    return saved, found, classes if factored else None
