"""The words of a window classifier: which row of its table of vectors each word gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from fastembed._native import _nn_draws
from fastembed.core.files import StrPath
from fastembed.text.wordlist import WordList

if TYPE_CHECKING:
    from fastembed.embed.keyed_vectors import KeyedVectors

__all__ = ["BEGIN", "END", "N_SPECIAL", "UNKNOWN", "WordTable", "first_table"]

BEGIN, END, UNKNOWN, N_SPECIAL = range(4)
STREAM = 1 << 40  # of the random numbers of first vectors, apart from those of layers


class WordTable:
    """Words with rows from `N_SPECIAL` on, and the words of the training text.

    Parameters
    ----------
    words : WordList
        In the order of the rows.
    case : {"fallback", "lower", "keep"}
        How a word is looked up.
    trained : WordList
        All words of the training text, as written.
    """

    def __init__(self, words: WordList, case: str, trained: WordList) -> None:
        self.words, self.case, self.trained = words, case, trained
        self._known: dict[str, int] = {}

    def __len__(self) -> int:
        return N_SPECIAL + len(self.words)

    def row(self, word: str) -> int:
        """The row of a word, `UNKNOWN` if it has none."""
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = look_up(self.words, word, self.case) + N_SPECIAL
            if found < N_SPECIAL:
                found = self._known[word] = UNKNOWN
        return found

    def windows(self, sentences: Sequence[Sequence[str]], window: int) -> NDArray[np.int32]:
        """Ids of the windows of all words, shape (words, 2 window + 1)."""
        before, behind = [BEGIN] * window, [END] * window
        ids: list[int] = []
        centres = np.empty(sum(map(len, sentences)), dtype=np.int64)
        at = 0
        for sentence in sentences:
            ids += before
            centres[at : at + len(sentence)] = np.arange(len(ids), len(ids) + len(sentence))
            at += len(sentence)
            ids += [self.row(word) for word in sentence]
            ids += behind
        flat = np.array(ids, dtype=np.int32)
        if not len(centres):
            return np.empty((0, 2 * window + 1), dtype=np.int32)
        return sliding_window_view(flat, 2 * window + 1)[centres - window]

    def kinds(self, sentences: Iterable[Sequence[str]]) -> dict[str, NDArray[np.bool_]]:
        """Of all words: which are not in the training text, which have no vector."""
        unseen, unknown = [], []
        for sentence in sentences:
            for word in sentence:
                unseen.append(self.trained.find(word) < 0)
                unknown.append(self.row(word) == UNKNOWN)
        return {"unseen": np.array(unseen, dtype=bool), "unknown": np.array(unknown, dtype=bool)}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """For a file."""
        return {
            "words.blob": self.words.blob,
            "words.offsets": self.words.offsets,
            "trained.blob": self.trained.blob,
            "trained.offsets": self.trained.offsets,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], case: str, path: StrPath) -> WordTable:
        """The reverse."""
        lists = [
            WordList.from_arrays(arrays, path, names=(f"{name}.blob", f"{name}.offsets"))
            for name in ("words", "trained")
        ]
        return cls(lists[0], case, lists[1])


def look_up(words: WordList, word: str, case: str) -> int:
    """Index of a word by the rule, -1 if there is none."""
    if case != "lower":
        found = words.find(word)
        if found >= 0 or case == "keep":
            return found
    return words.find(word.lower())


def first_table(
    sentences: Iterable[Sequence[str]],
    vectors: KeyedVectors | None,
    *,
    case: str,
    min_count: int,
    vector_size: int,
    seed: int,
) -> tuple[WordTable, NDArray[np.float32]]:
    """Words and first vectors of a classifier: the given ones, then those of the training text.

    Returns
    -------
    WordTable
    ndarray of float32, shape (3 + words, d)
        begin, end, unknown, then the words.
    """
    counts = Counter(word for sentence in sentences for word in sentence)
    trained = WordList.from_words(counts)
    own = WordList.from_words(()) if vectors is None else vectors.words
    further: Counter[str] = Counter()
    for word, count in counts.items():
        if look_up(own, word, case) < 0:
            further[word.lower() if case == "lower" else word] += count
    added = [word for word, count in further.items() if count >= min_count]
    words = WordList.from_words([*own, *added]) if added else own
    size = vector_size if vectors is None else vectors.vector_size
    given = np.empty((0, size), np.float32) if vectors is None else vectors.vectors
    if not np.isfinite(given).all():
        row = int(np.flatnonzero(~np.isfinite(given).all(axis=1))[0])
        raise ValueError(f"vectors: the vector of {own[row]!r} (row {row}) is not finite")
    spread = float(given.std()) if len(given) else 0.1
    table = np.empty((N_SPECIAL + len(words), size), dtype=np.float32)
    table[N_SPECIAL : N_SPECIAL + len(given)] = given
    table[UNKNOWN] = given.mean(axis=0) if len(given) else 0
    random = _nn_draws.fill((2 + len(added)) * size, True, seed, STREAM).reshape(-1, size)
    random *= spread
    table[[BEGIN, END]] = random[:2]
    table[N_SPECIAL + len(given) :] = random[2:]
    return WordTable(words, case, trained), table
