"""Back-off tables: what every estimator makes, and every query, file format and test reads.

All n-grams of one order are a `Level`; a row is an n-gram w_1 ... w_k, stored as its oldest word
w_1 and the row of its suffix w_2 ... w_k in the level below: a trie of reversed n-grams, by level.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.text.wordlist import WordList

__all__ = [
    "BOS",
    "BOS_ID",
    "EOS",
    "EOS_ID",
    "SPECIALS",
    "UNK",
    "UNK_ID",
    "BackoffTables",
    "Level",
    "check_no_space",
]

UNK, BOS, EOS = "<unk>", "<s>", "</s>"
SPECIALS = (UNK, BOS, EOS)  # of every vocabulary that is counted here, with the ids
UNK_ID, BOS_ID, EOS_ID = range(3)


def check_no_space(words: WordList, path: StrPath, format: str) -> None:
    """FormatError if a word has white space in it, at which ``format`` would cut it."""
    bad = words.first_with(b" \t\n\v\f\r")
    if bad >= 0:
        raise FormatError(
            f"{path}: the word {words[bad]!r} has white space in it, which {format} cannot hold; "
            "use the native format (.fe)"
        )


@dataclass(frozen=True)
class Level:
    """All n-grams of one order k, sorted by (parent, word).

    Attributes
    ----------
    word : ndarray of uint32, shape (n,)
        The oldest word of each n-gram. For k = 1 it is 0, 1, ..., V - 1.
    parent : ndarray of uint32, shape (n,)
        Row in the level of order k - 1 of the n-gram without that word; empty for k = 1.
    log_prob : ndarray of float32, shape (n,)
        log10 p(last word | the words before it).
    backoff : ndarray of float32, shape (n,)
        log10 of the back-off weight of the n-gram as a context; empty for the highest order.
    """

    word: NDArray[np.uint32]
    parent: NDArray[np.uint32]
    log_prob: NDArray[np.float32]
    backoff: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.word)


@dataclass
class BackoffTables:
    """A language model as n-grams with log10 probabilities and back-off weights.

    With ``scheme="backoff"``, h' = h without its oldest word, and seen = has a row,

        log10 p(w | h) = log_prob[h w]                        if h w is seen
                         backoff[h] + log10 p(w | h')         if only h is seen
                         log10 p(w | h')                      else

    With ``scheme="uniform"`` nothing is asked of shorter histories: ``backoff[h]`` is the log10
    probability of each word that is not listed after h, and a history without a row gives every
    word 1 / V', where V' counts all words but ``<s>``.

    Attributes
    ----------
    words : WordList
        The vocabulary, specials too; ids are indices.
    levels : list of Level
        ``levels[k - 1]`` has order k. The suffix of every n-gram is a row of the level below.
    unk, bos, eos : int
        Ids of ``<unk>``, ``<s>`` and ``</s>``.
    scheme : {"backoff", "uniform"}
    metadata : dict
        How it was made: ``smoothing`` with its parameters and what it estimated. ``normalised`` is
        False where probabilities do not sum to one.
    """

    words: WordList
    levels: list[Level]
    unk: int
    bos: int
    eos: int
    scheme: Literal["backoff", "uniform"] = "backoff"
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> int:
        """Words of the longest n-gram."""
        return len(self.levels)

    def ngram(self, order: int, row: int) -> tuple[int, ...]:
        """Ids of an n-gram, the oldest word first.

        Raises
        ------
        IndexError
            There is no such order or row.
        """
        if not 1 <= order <= self.order:
            raise IndexError(f"order {order} of a model of order {self.order}")
        ids = [int(self.levels[order - 1].word[row])]
        for level in range(order - 1, 0, -1):
            row = int(self.levels[level].parent[row])
            ids.append(int(self.levels[level - 1].word[row]))
        return tuple(ids)
