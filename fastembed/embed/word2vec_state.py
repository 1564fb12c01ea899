"""Word2Vec on disk: the model and its checkpoints, both native files.

A checkpoint is a model with the position of its run and the fingerprint of its text. Either opens
as `KeyedVectors` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _word2vec
from fastembed.core.errors import FormatError, TrainingError
from fastembed.core.files import StrPath
from fastembed.core.memory import padded_rows
from fastembed.core.rounds import Position
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.io.native import read_native, write_native
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

if TYPE_CHECKING:
    from fastembed.embed.word2vec import Word2Vec

__all__ = ["State", "load_model", "load_state", "model_arrays", "model_metadata", "save_state"]

KIND = "Word2Vec"
# Parameters that may differ between a run and its continuation: they do not touch the result.
FREE = ("workers",)


@dataclass
class State:
    """A model as read from a file."""

    vectors: NDArray[np.float32]  # (V, stride)
    outputs: NDArray[np.float32]  # (rows, stride)
    tree: NDArray[np.uint32] | None
    vocabulary: Vocabulary
    params: dict[str, Any]
    position: Position
    epochs_done: int  # by earlier fits
    corpus: str  # fingerprint, "" in a model


def model_metadata(model: Word2Vec) -> dict[str, Any]:
    """What a native file says of a model beside its arrays."""
    from fastembed._native import _kernels

    return {
        "kind": KIND,
        "params": model._params,
        "position": model._position.to_dict(),
        "epochs_done": model.epochs_done_,
        "isa": _kernels.isa(),
    }


def model_arrays(model: Word2Vec) -> dict[str, NDArray[Any]]:
    """A model's arrays by name: those of its `KeyedVectors`, and the outputs."""
    # not model.wv, to which its user may have added vectors
    words, vectors = model.vocabulary_.words, model._vectors[:, : model._dim]
    arrays = KeyedVectors(words, vectors, counts=model.vocabulary_.counts).to_arrays()
    arrays["outputs"] = model._outputs[:, : model._dim]
    if model._tree is not None:
        arrays["tree"] = model._tree
    return arrays


def save_state(path: StrPath, model: Word2Vec, encoded: EncodedCorpus, position: Position) -> None:
    """Write a checkpoint."""
    metadata = model_metadata(model)
    metadata |= {"position": position.to_dict(), "corpus": encoded.fingerprint()}
    write_native(path, model_arrays(model), metadata)


def _padded(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    matrix = padded_rows(*rows.shape)
    matrix[:, : rows.shape[1]] = rows
    return matrix


def load_model(path: StrPath) -> State:
    """Read a model or a checkpoint.

    Raises
    ------
    FormatError
        The file is not one of a Word2Vec, or its arrays do not fit together.
    """
    file = read_native(path, mmap=True)
    metadata, arrays = file.metadata, file.arrays
    if metadata.get("kind") != KIND:
        raise FormatError(
            f"{path}: holds {metadata.get('kind') or 'something else'}, not a {KIND} model; "
            "word vectors alone are read with KeyedVectors.load"
        )
    try:
        params = dict(metadata["params"])
        position = Position(**metadata["position"])
        epochs_done, corpus = int(metadata["epochs_done"]), str(metadata.get("corpus", ""))
        dim, hs, negative = (int(params[name]) for name in ("vector_size", "hs", "negative"))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the model's metadata are damaged: {error}") from None
    if "outputs" not in arrays:
        raise FormatError(f"{path}: the model lacks its outputs")
    vectors = KeyedVectors.from_arrays(arrays, path=path)
    outputs, counts = arrays["outputs"], vectors.expandos.get("count", np.empty(0))
    n = len(vectors)
    rows = (n if negative else 0) + (n - 1 if hs else 0)
    tree = np.array(arrays["tree"]) if hs and "tree" in arrays else None
    if (
        vectors.vectors.shape != (n, dim)
        or outputs.shape != (rows, dim)
        or counts.shape != (n,)
        or (hs and (tree is None or tree.shape != (2 * n - 1,) or tree.dtype != np.uint32))
    ):
        raise FormatError(f"{path}: the shapes of the model's arrays do not fit together")
    if tree is not None:
        try:
            _word2vec.tree_depth(tree)
        except ValueError as error:
            raise FormatError(f"{path}: {error}") from None
    words = WordList(np.array(vectors.words.blob), np.array(vectors.words.offsets))
    return State(
        vectors=_padded(vectors.vectors),
        outputs=_padded(outputs),
        tree=tree,
        vocabulary=Vocabulary(words, np.array(counts)),
        params=params,
        position=position,
        epochs_done=epochs_done,
        corpus=corpus,
    )


def load_state(path: StrPath, params: dict[str, Any], encoded: EncodedCorpus) -> State:
    """Read a checkpoint and check that it is of this run.

    Raises
    ------
    TrainingError
        It is of other parameters or of another text.
    """
    state = load_model(path)
    differ = [
        f"{name} {state.params.get(name)!r} there, {value!r} here"
        for name, value in params.items()
        if name not in FREE and state.params.get(name) != value
    ]
    if differ:
        raise TrainingError(f"{path}: a checkpoint of other parameters: {'; '.join(differ)}")
    if state.corpus != encoded.fingerprint():
        raise TrainingError(
            f"{path}: a checkpoint of another text: it has other words, counts or order; "
            "resume with the text and the text options of the first run"
        )
    return state
