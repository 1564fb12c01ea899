"""Trained models and their checkpoints on disk: native files that open as `KeyedVectors` too.

A model's file holds the arrays of its `KeyedVectors`, what else the model needs, its
hyper-parameters and figures. A checkpoint is the same with the position of its run and the
fingerprint of what it was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError, TrainingError
from fastembed.core.files import StrPath
from fastembed.core.memory import padded_rows
from fastembed.core.params import FREE
from fastembed.core.rounds import Position, warn_of_other_isa
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.io.native import NativeFile, read_native
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = [
    "SavedModel",
    "check_continues",
    "check_same_run",
    "model_metadata",
    "open_model",
    "padded",
    "read_model",
]


@dataclass
class SavedModel:
    """A model or checkpoint as read from a file; arrays are maps of it."""

    path: StrPath
    arrays: dict[str, NDArray[Any]]
    words: WordList
    vectors: NDArray[np.float32]  # (V, d)
    counts: NDArray[Any]  # (V,), empty where the file has none
    params: dict[str, Any]
    position: Position
    epochs_done: int  # by earlier fits
    corpus: str  # fingerprint, "" in a model
    metadata: dict[str, Any]  # all that the file says beside its arrays

    def vocabulary(self) -> Vocabulary:
        """Words and counts, copied out of the file."""
        words = WordList(np.array(self.words.blob), np.array(self.words.offsets))
        return Vocabulary(words, np.array(self.counts))

    def misfit(self) -> FormatError:
        """The error of a file whose arrays contradict each other."""
        return FormatError(f"{self.path}: the shapes of the model's arrays do not fit together")


def model_metadata(
    kind: str, params: Mapping[str, Any], position: Position, epochs_done: int
) -> dict[str, Any]:
    """What a native file says of a model beside its arrays."""
    from fastembed._native import _kernels

    return {
        "kind": kind,
        "params": dict(params),
        "position": position.to_dict(),
        "epochs_done": epochs_done,
        "isa": _kernels.isa(),
    }


def padded(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """A copy of a matrix as the kernels want it (`padded_rows`)."""
    matrix = padded_rows(*rows.shape)
    matrix[:, : rows.shape[1]] = rows
    return matrix


def open_model(path: StrPath, kind: str) -> SavedModel:
    """Read a model or a checkpoint of a class.

    Raises
    ------
    FormatError
        The file is not one of this kind, or its metadata are damaged.
    """
    return read_model(read_native(path, mmap=True), path, kind)


def read_model(file: NativeFile, path: StrPath, kind: str) -> SavedModel:
    """What `open_model` does, of a file that is open, or of a part of one."""
    metadata, arrays = file.metadata, file.arrays
    if metadata.get("kind") != kind:
        raise FormatError(
            f"{path}: holds {metadata.get('kind') or 'something else'}, not a {kind} model; "
            "word vectors alone are read with KeyedVectors.load"
        )
    try:
        params = dict(metadata["params"])
        position = Position(**metadata["position"])
        epochs_done, corpus = int(metadata["epochs_done"]), str(metadata.get("corpus", ""))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: the model's metadata are damaged: {error}") from None
    vectors = KeyedVectors.from_arrays(arrays, path=path)
    return SavedModel(
        path=path,
        arrays=arrays,
        words=vectors.words,
        vectors=vectors.vectors,
        counts=vectors.expandos.get("count", np.empty(0)),
        params=params,
        position=position,
        epochs_done=epochs_done,
        corpus=corpus,
        metadata=metadata,
    )


def check_same_run(saved: SavedModel, params: Mapping[str, Any], corpus: str) -> None:
    """Refuse a checkpoint of other parameters or of another text; warn of another instruction set.

    Parameters
    ----------
    corpus : str
        Fingerprint of what is trained on now.

    Raises
    ------
    TrainingError
        The run of the checkpoint is another one.
    """
    differ = [
        f"{name} {saved.params.get(name)!r} there, {value!r} here"
        for name, value in params.items()
        if name not in FREE and saved.params.get(name) != value
    ]
    if differ:
        raise TrainingError(f"{saved.path}: a checkpoint of other parameters: {'; '.join(differ)}")
    if not saved.corpus:
        raise TrainingError(f"{saved.path}: a finished model, not the checkpoint of a run")
    if saved.corpus != corpus:
        raise TrainingError(
            f"{saved.path}: a checkpoint of another text: it has other words, counts or order; "
            "resume with the text and the text options of the first run"
        )
    warn_of_other_isa(saved.path, saved.metadata.get("isa"))


def check_continues(saved: SavedModel, vocabulary: Vocabulary, epochs_done: int) -> None:
    """Refuse a checkpoint that does not continue this model: its words come first there.

    Raises
    ------
    TrainingError
        It continues another model, or none.
    """
    n = len(vocabulary)
    if saved.epochs_done != epochs_done or [*saved.words[:n]] != [*vocabulary.words]:
        raise TrainingError(
            f"{saved.path}: the checkpoint of a run that did not begin at this model; continue "
            "the model of the interrupted run"
        )
