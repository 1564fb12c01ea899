"""What a NeuralLM is given beside its text: word vectors, classes, a held-out text.

Each has a digest of what is in it, so that a run goes on with nothing else than it began with,
wherever that lies now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import CorpusError, TrainingError, VocabularyError
from fastembed.core.fingerprint import new_digest
from fastembed.core.progress import Progress
from fastembed.embed.checkpoint import SavedModel
from fastembed.embed.keyed_vectors import KeyedVectors
from fastembed.ngram.tables import BOS_ID, EOS_ID, UNK_ID
from fastembed.text.corpus import corpus_in_words_of
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = ["GivenVectors", "check_same_inputs", "digest_of", "open_heldout"]

ROWS, BLOCK = 1 << 14, 1 << 20  # word vectors, tokens that are read at a time


def digest_of(*arrays: NDArray[Any]) -> str:
    """32 hexadecimal digits of all that arrays hold."""
    digest = new_digest()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def check_same_inputs(saved: SavedModel, inputs: Mapping[str, str]) -> None:
    """TrainingError where a checkpoint's run was given something else."""
    before = saved.metadata.get("inputs")
    for name, digest in inputs.items():
        then = before.get(name) if isinstance(before, dict) else None
        if then != digest:
            change = "none then" if not then else "none now" if not digest else "others"
            raise TrainingError(
                f"{saved.path}: a checkpoint of a run with {'' if then else 'no '}{name} "
                f"({change}); resume with what the run began with, or start anew"
            )


class GivenVectors:
    """The rows of ``initial`` for the words of a model.

    Parameters
    ----------
    given : KeyedVectors or path
    dim : int
        Numbers that a row must have.

    Raises
    ------
    TypeError, ValueError
        No vectors, or of another size, or not finite.
    VocabularyError
        They have none of the words.
    """

    def __init__(self, given: Any, words: WordList, dim: int) -> None:
        if isinstance(given, str | os.PathLike):
            given = KeyedVectors.load(given)
        if not isinstance(given, KeyedVectors):
            raise TypeError(f"initial must be KeyedVectors or a file; got {type(given).__name__}")
        if given.vector_size != dim:
            raise ValueError(
                f"initial has vectors of {given.vector_size} dimensions; vector_size is {dim}"
            )
        found = np.array([given.words.find(word) for word in words], dtype=np.int64)
        if (found < 0).all():
            raise VocabularyError("initial has none of the words of the text")
        self.at = np.flatnonzero(found >= 0)  # rows of the model
        self._from, self._vectors = found[self.at], given.vectors
        digest = new_digest()
        digest.update(self.at)
        for _, rows in self._parts():
            if not np.isfinite(rows).all():
                raise ValueError("initial has vectors with numbers that are not finite")
            digest.update(rows)
        self.digest = digest.hexdigest()

    def _parts(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        for i in range(0, len(self.at), ROWS):
            rows = self._vectors[self._from[i : i + ROWS]]
            yield self.at[i : i + ROWS], np.ascontiguousarray(rows, dtype=np.float32)

    def copy_to(self, table: NDArray[np.float32]) -> None:
        """Write the rows into a model's table, part by part."""
        for at, rows in self._parts():
            table[at] = rows


@contextmanager
def open_heldout(
    heldout: Any, vocabulary: Vocabulary, progress: Progress
) -> Iterator[EncodedCorpus | None]:
    """A held-out text in the ids of a vocabulary, read once; None for None.

    Raises
    ------
    CorpusError
        It cannot be read, has no sentence, or ``<s>`` or ``</s>`` within one.
    """
    if heldout is None:
        yield None
        return
    encoded, name = corpus_in_words_of(heldout, vocabulary, UNK_ID, progress=progress)
    with encoded:
        if encoded.n_sentences == 0:
            raise CorpusError(f"held-out text {name}: there is no sentence to score")
        for first in range(0, encoded.n_tokens, BLOCK):
            ids = encoded.read(first, min(first + BLOCK, encoded.n_tokens))
            marks = np.flatnonzero((ids == BOS_ID) | (ids == EOS_ID))
            if len(marks):
                at = first + int(marks[0])
                number = int(np.searchsorted(encoded.offsets, np.uint64(at), side="right"))
                raise CorpusError(
                    f"held-out text {name}: sentence {number:,}: "
                    f"{vocabulary.words[int(ids[marks[0]])]!r} stands in the text; sentences get "
                    "their beginning and end from the model"
                )
        yield encoded
