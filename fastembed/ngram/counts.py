"""Counts of n-grams: a trie of reversed n-grams by level, over a vocabulary with specials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.ngram.tables import BOS, EOS, SPECIALS, UNK
from fastembed.text.corpus import Corpus
from fastembed.text.vocabulary import Vocabulary

__all__ = ["MAX_ORDER", "CountLevel", "NgramCounts", "count_ngrams"]

MAX_ORDER = 7
UNK_ID, BOS_ID, EOS_ID = (SPECIALS.index(name) for name in (UNK, BOS, EOS))


@dataclass
class CountLevel:
    """All n-grams of one order: see `fastembed.ngram.tables.Level`."""

    word: NDArray[np.uint32]
    parent: NDArray[np.uint32]
    count: NDArray[Any]

    def __len__(self) -> int:
        return len(self.word)


@dataclass
class NgramCounts:
    """Counts of every n-gram up to an order."""

    vocabulary: Vocabulary
    levels: list[CountLevel]
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> int:
        return len(self.levels)

    def count_of_counts(self, order: int) -> dict[int, int]:
        values, how_often = np.unique(self.levels[order - 1].count, return_counts=True)
        return dict(zip(values.tolist(), how_often.tolist(), strict=True))

    def contexts(self) -> list[NDArray[Any]]:
        """Row in the level below of each n-gram without its last word; [0] is empty."""
        found: list[NDArray[Any]] = [np.empty(0, dtype=np.int64)]
        for k in range(2, self.order + 1):
            level = self.levels[k - 1]
            if k == 2:
                found.append(level.word.astype(np.int64))
                continue
            lower = self.levels[k - 2]
            v = len(self.vocabulary)
            keys = lower.parent.astype(np.int64) * v + lower.word
            wanted = found[-1][level.parent] * v + level.word
            found.append(np.searchsorted(keys, wanted))
        return found


def count_ngrams(
    corpus: Any,
    order: int,
    *,
    vocab: Any = None,
    min_count: int = 1,
    memory: Any = None,
    workers: int | None = None,
    progress: Any = None,
) -> NgramCounts:
    """Count the n-grams of a text."""
    source = Corpus.of(corpus)
    encoded = source.encode(
        specials=SPECIALS,
        keep_empty=True,
        min_count=min_count,
        oov="unk" if min_count > 1 else "drop",
    )
    vocabulary = encoded.vocabulary
    ends = encoded.offsets.astype(np.int64)
    n = len(ends) - 1
    ids = encoded.read(0, encoded.n_tokens)
    where = np.arange(len(ids)) + 2 * np.repeat(np.arange(n), np.diff(ends)) + 1
    stream = np.full(len(ids) + 2 * n, BOS_ID, dtype=np.uint32)
    stream[where] = ids
    stream[ends[1:] + 2 * np.arange(1, n + 1) - 1] = EOS_ID
    positions = np.flatnonzero(stream != BOS_ID)
    columns = [stream[positions]]
    for back in range(1, order):
        before = stream[np.maximum(positions - back, 0)]
        columns.append(np.where(columns[-1] == BOS_ID, BOS_ID, before).astype(np.uint32))
    rank = np.lexsort(columns[::-1])
    columns = [column[rank] for column in columns]
    count = np.bincount(stream, minlength=len(vocabulary))
    levels = [
        CountLevel(np.arange(len(vocabulary), dtype=np.uint32), np.empty(0, np.uint32), count)
    ]
    new = np.r_[True, columns[0][1:] != columns[0][:-1]]
    node = columns[0].astype(np.int64)
    for back in range(1, order):
        new = new | np.r_[True, columns[back][1:] != columns[back][:-1]]
        ok = columns[back - 1] != BOS_ID
        starts = np.flatnonzero(new & ok)
        index = np.cumsum(new & ok) - 1
        levels.append(
            CountLevel(
                columns[back][starts],
                node[starts].astype(np.uint32),
                np.bincount(index[ok], minlength=len(starts)),
            )
        )
        node = index
    return NgramCounts(vocabulary, levels)
