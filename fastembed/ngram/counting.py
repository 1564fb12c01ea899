"""Counting a stream of words: its places dealt to parts, sorted, and turned into levels.

A stream is what csrc/ngram.h works on: sentences end to end, each ``<s>``, its words, ``</s>``.
The n-grams that were counted before (of shards, or of parts of a text on disk) are a stream too:
the words of each sequence end to end, with a weight for each sequence.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastembed._native._ngram import BLOCK, PAD, Sorter
from fastembed._native._ngram_trie import NONE
from fastembed.core.memory import aligned_zeros, give_back_unused, own_pages

__all__ = [
    "CountLevel",
    "Stream",
    "check_size",
    "count_stream",
    "levels_of_sorted",
    "sort_stream",
]

PART = 12_000  # places of a part at least: their records fit a core's cache
MAX_PARTS = 1024  # about; more would be too many places to write to at once
ROUND = 4_000_000  # places of a native call
CLASSES = 256  # what class_ and shift of fe_ngram_dealing speak of

Tick = Callable[[int], None]  # told of work done


def _silent(done: int) -> None:
    """Tell nobody."""


@dataclass
class CountLevel:
    """All n-grams of one order k, sorted by (parent, word).

    Attributes
    ----------
    word : ndarray of uint32, shape (n,)
        The oldest word of each n-gram. For k = 1 it is 0, 1, ..., V - 1.
    parent : ndarray of uint32, shape (n,)
        Row in the level of order k - 1 of the n-gram without that word; empty for k = 1.
    count : ndarray of uint32 (for k = 1: int64), shape (n,)
    context : ndarray of uint32, shape (n,), or None
        Row in the level of order k - 1 of the n-gram without its newest word, where it is known.
        For k = 2 it is ``word``; None for k = 1.
    """

    word: NDArray[np.uint32]
    parent: NDArray[np.uint32]
    count: NDArray[Any]
    context: NDArray[np.uint32] | None = None

    def __len__(self) -> int:
        return len(self.word)


class Stream(NamedTuple):
    """Words behind PAD times ``<s>``, and which places are counted."""

    padded: NDArray[np.uint32]
    begin: int = 0
    step: int = 1
    weights: NDArray[np.uint32] | None = None  # of the place begin, begin + step, ...

    @property
    def words(self) -> NDArray[np.uint32]:
        """Without the padding."""
        return self.padded[PAD:]

    @classmethod
    def empty(cls, size: int, bos: int) -> Stream:
        """Room for ``size`` words."""
        padded = aligned_zeros((PAD + size,), np.uint32)
        padded[:PAD] = bos
        return cls(padded)


class _Dealing(NamedTuple):
    part: NDArray[np.uint32]
    shift: NDArray[np.uint8]
    class_: NDArray[np.uint8]
    first_word: NDArray[np.uint32]
    word_bits: NDArray[np.intc]


def _deal(counts: NDArray[np.int64], bos: int) -> _Dealing:
    """How places are dealt to parts of similar size, given how often each word stands somewhere.

    Rare words that follow each other share a part; a frequent word has several, one for each range
    of the words before it, whose ids are cut into classes of similar frequency.
    """
    upto = np.cumsum(counts)
    total = max(int(upto[-1]), 1)
    target = max(PART, total // MAX_PARTS)
    class_ = np.minimum((upto - counts) * CLASSES // total, CLASSES - 1).astype(np.uint8)
    own = counts.copy()
    own[bos] = 0  # it has no places of its own
    pieces = np.clip(-(-own // target), 1, CLASSES)
    divided = np.ceil(np.log2(pieces)).astype(np.int64)
    upto = np.cumsum(own) // target
    new = divided > 0
    new[1:] |= new[:-1] | (upto[1:] != upto[:-1])
    new[0] = True
    first = np.flatnonzero(new)
    size = 1 << divided[first]
    begin = np.cumsum(size) - size
    group = np.cumsum(new) - 1
    last = np.append(first[1:], len(counts)) - 1
    bits = np.array([int(n).bit_length() for n in last - first], dtype=np.intc)
    return _Dealing(
        begin[group].astype(np.uint32),
        (8 - divided).astype(np.uint8),
        class_,
        np.repeat(first, size).astype(np.uint32),
        np.repeat(bits, size).astype(np.intc),
    )


def sort_stream(
    stream: Stream,
    order: int,
    counts: NDArray[np.int64],
    bos: int,
    workers: int,
    tick: Tick = _silent,
) -> Sorter:
    """The places of a stream in the order of the words that end there, read backwards.

    ``counts`` (V,) is how often each word stands at one of the places, and ``<s>`` before one.
    """
    bits = max(1, (len(counts) - 1).bit_length())
    n = int(counts.sum() - counts[bos])
    sorter = Sorter(
        stream.padded, stream.begin, stream.step, order, bits, bos, *_deal(counts, bos),
        own_pages(n, np.uint32), own_pages(n, np.uint8), workers,
    )  # fmt: skip
    for first, last in _rounds(sorter):
        sorter.sort(first, last)
        tick(int(sorter.sizes[first:last].sum()))
    return sorter


def _rounds(sorter: Sorter) -> Iterator[tuple[int, int]]:
    """Ranges of parts of about ROUND places."""
    upto = np.cumsum(sorter.sizes) // ROUND
    cuts = np.flatnonzero(np.diff(upto)) + 1
    yield from itertools.pairwise([0, *cuts.tolist(), len(upto)])


def count_stream(
    stream: Stream,
    order: int,
    counts: NDArray[np.int64],
    bos: int,
    workers: int,
    tick: Tick = _silent,
) -> list[CountLevel]:
    """Levels 2 to ``order`` of a stream (see `sort_stream`).

    Contexts are found too where the stream is a text.

    Raises
    ------
    OverflowError
        2**32 n-grams of one order, or one that is there as often.
    """
    sorter = sort_stream(stream, order, counts, bos, workers, tick)
    return levels_of_sorted(sorter, order, stream.weights)


def levels_of_sorted(
    sorter: Sorter, order: int, weights: NDArray[np.uint32] | None = None
) -> list[CountLevel]:
    """Levels 2 to ``order`` of what `sort_stream` sorted.

    Without weights contexts are found too; that takes the stream's memory, which is free then if
    the sorter alone holds it. Memory is the limit of speed here: to touch a fresh page costs as
    much as to compute what is written there. So what needs the stream, the words, is written first,
    and there are no other arrays before the stream is gone.
    """
    ends = np.cumsum(sorter.rows, axis=0)
    totals = ends[-1].tolist()
    check_size(totals[2:])
    row = (ends - sorter.rows).astype(np.uint32)
    give_back_unused()
    indexed = weights is None and order > 2
    none = np.empty(0, dtype=np.uint32)
    levels = []
    for k in range(2, order + 1):
        parent = none if indexed and k > 2 else own_pages(totals[k], np.uint32)
        count = none if indexed else own_pages(totals[k], np.uint32)
        levels.append(CountLevel(own_pages(totals[k], np.uint32), parent, count))
    directory = None
    if indexed:
        directory = aligned_zeros((sorter.ranks // BLOCK * (order - 2) * 2,), np.uint32)
    for first, last in _rounds(sorter):
        sorter.emit(first, last, levels, row, weights, directory)
    if directory is not None:
        for before in (False, True):
            for first, last in _rounds(sorter):
                sorter.link(first, last, before)
        sorter.drop_stream()
        for k, level in enumerate(levels, 2):
            level.count = own_pages(totals[k], np.uint32)
            if k > 2:
                level.parent = own_pages(totals[k], np.uint32)
                level.context = own_pages(totals[k], np.uint32)
        for first, last in _rounds(sorter):
            sorter.contexts(first, last, levels, row, directory)
    levels[0].context = levels[0].word
    return levels


def check_size(sizes: list[int]) -> None:
    """OverflowError if there are more n-grams of an order than row numbers."""
    if max(sizes, default=0) >= NONE:
        raise OverflowError(
            f"{max(sizes):,} different n-grams of one order; {NONE - 1:,} are possible. "
            "Use a lower order or a larger min_count"
        )
