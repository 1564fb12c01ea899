"""Counting a text of any size: whole, or in pieces whose sorted runs are merged in a stream.

A run is the different sequences of a piece in the order of their words read backwards, each with
its count. A range of that order lies end to end in every run, so the runs are merged one range
after the other, and only a range is in memory. Counts of shards are merged in the same way: see
`fastembed.ngram.shards`.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing

import numpy as np
from numpy.typing import NDArray

from fastembed._native._ngram import PAD
from fastembed._native._ngram_stream import count_words
from fastembed.core.progress import Progress, progress_of
from fastembed.ngram.counting import (
    CountLevel,
    Stream,
    Tick,
    check_size,
    count_stream,
    levels_of_sorted,
    sort_stream,
)
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.sentences import Sentences
from fastembed.ngram.tables import BOS_ID
from fastembed.text.spool import Spool
from fastembed.text.vocabulary import Vocabulary

__all__ = ["Run", "Unigrams", "count_sentences", "levels_of", "merge_runs", "sequence_bytes"]

MOST = (1 << 32) - (1 << 24)  # places of a stream: their numbers take 32 bits


def count_sentences(
    sentences: Sentences,
    order: int,
    *,
    budget: int,
    workers: int,
    progress: Progress | bool | None = None,
) -> NgramCounts:
    """All n-grams of a text, in ``budget`` bytes beside what is made of them."""
    n_words = len(sentences.vocabulary)
    unigrams = Unigrams(n_words)
    reporter = progress_of(progress)
    reporter.start(sentences.n_places, "words", "counting n-grams")
    done = 0

    def tick(more: int) -> None:
        nonlocal done
        done = min(done + more, sentences.n_places)
        reporter.update(done)

    with closing(reporter), ExitStack() as held:
        # stream, places, codes and directory, and at most as many rows as places, of 16 bytes
        whole = min(MOST, budget // (11 + 16 * (order - 1)))
        if sentences.size <= whole:
            levels = _count_whole(sentences, order, unigrams, workers, tick)
        else:
            # stream, places, codes, records, and the run
            piece = max(4096, min(MOST, budget // (40 + 4 * (order + 1))))
            runs = [
                held.enter_context(closing(run))
                for run in _runs(sentences, order, piece, unigrams, workers, tick)
            ]
            levels = merge_runs(runs, order, unigrams.counts, budget, workers)
        reporter.update(sentences.n_places)
    return unigrams.finish(sentences.vocabulary, levels)


def sequence_bytes(order: int) -> int:
    """What `levels_of` takes for a sequence: its words and weight, its place, code and records, and
    at most as many rows as places."""
    return 45 + 4 * order + 12 * (order - 1)


class Unigrams:
    """Counts of the words, and where each was first, over the pieces of a text."""

    def __init__(self, n_words: int) -> None:
        self.counts = np.zeros(n_words, dtype=np.int64)
        self.first = np.full(n_words, -1, dtype=np.int64)

    def add(self, stream: Stream, at: int, workers: int) -> NDArray[np.int64]:
        """Count a stream whose place 0 is position ``at`` of the text; the stream's counts."""
        counts, first = count_words(
            stream.words, stream.begin, stream.step, len(self.counts), workers
        )
        counts = counts.astype(np.int64)
        new = (counts > 0) & (self.first < 0)
        self.first[new] = first[new].astype(np.int64) + at
        self.counts += counts
        return counts

    def finish(self, vocabulary: Vocabulary, levels: list[CountLevel]) -> NgramCounts:
        own = Vocabulary(vocabulary.words, self.counts, specials=vocabulary.specials)
        return NgramCounts(own, [_unigram_level(self.counts), *levels], self.first)


def _unigram_level(counts: NDArray[np.int64]) -> CountLevel:
    n_words = len(counts)
    return CountLevel(np.arange(n_words, dtype=np.uint32), np.empty(0, dtype=np.uint32), counts)


def _count_whole(
    sentences: Sentences, order: int, unigrams: Unigrams, workers: int, tick: Tick
) -> list[CountLevel]:
    if sentences.size == 0:
        return [CountLevel(*(np.empty(0, dtype=np.uint32),) * 4) for _ in range(order - 1)]
    stream = sentences.stream(0, sentences.size, 0, workers)
    sentences.release()
    counts = unigrams.add(stream, 0, workers)
    if order == 1:
        return []
    sorter = sort_stream(stream, order, counts, BOS_ID, workers, tick)
    del stream  # now it is the sorter's alone
    return levels_of_sorted(sorter, order)


# ---------------------------------------------------------------------------------- runs


class Run:
    """Different sequences in order, (n, order) uint32 with the oldest word first, and counts."""

    def __init__(self, order: int) -> None:
        self.order = order
        self._words = Spool(np.uint32, memory=0)
        self._counts = Spool(np.uint32, memory=0)

    def __len__(self) -> int:
        return len(self._counts)

    def append(self, words: NDArray[np.uint32], counts: NDArray[np.uint32]) -> None:
        self._words.append(words.reshape(-1))
        self._counts.append(counts)

    def read(self, first: int, last: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        words = self._words.read(first * self.order, last * self.order)
        return words, self._counts.read(first, last)

    def key(self, i: int) -> tuple[int, int]:
        """The last two words of a sequence, the last one first."""
        before, last = self._words.read((i + 1) * self.order - 2, (i + 1) * self.order).tolist()
        return last, before

    def find(self, key: tuple[int, int], low: int) -> int:
        """First sequence that is not before ``key``."""
        return bisect.bisect_left(range(len(self)), key, low, key=self.key)

    def close(self) -> None:
        self._words.close()
        self._counts.close()


def _runs(
    sentences: Sentences,
    order: int,
    piece: int,
    unigrams: Unigrams,
    workers: int,
    tick: Tick,
) -> Iterator[Run]:
    """A run of each piece of the text; of order 1 there is nothing to sort."""
    for first in range(0, sentences.size, piece):
        last = min(first + piece, sentences.size)
        stream = sentences.stream(first, last, order - 1, workers)
        counts = unigrams.add(stream, first - stream.begin, workers)
        if order == 1:
            tick(last - first)
            continue
        sorter = sort_stream(stream, order, counts, BOS_ID, workers, tick)
        run = Run(order)
        for part in range(len(sorter.sizes)):
            n = int(sorter.rows[part, 0])
            words = np.empty((n, order), dtype=np.uint32)
            weights = np.empty(n, dtype=np.uint32)
            sorter.distinct(part, part + 1, words, weights)
            run.append(words, weights)
        yield run


def merge_runs(
    runs: Sequence[Run], order: int, counts: NDArray[np.int64], budget: int, workers: int
) -> list[CountLevel]:
    """The levels of all runs together, range by range."""
    if order == 1:
        return []
    most = max(1024, min(MOST // order, budget // 2 // sequence_bytes(order)))
    room = budget // 4 // (3 * 4 * (order - 1))
    out = [[Spool(np.uint32, memory=room) for _ in range(3)] for _ in range(order - 1)]
    at = [0] * len(runs)
    while any(begin < len(run) for begin, run in zip(at, runs, strict=True)):
        ends = _next_range(runs, at, most)
        parts = [run.read(a, b) for run, a, b in zip(runs, at, ends, strict=True)]
        _append(out, levels_of(parts, order, len(counts), workers))
        at = ends
    return [CountLevel(*(spool.array() for spool in level)) for level in out]


def _next_range(runs: Sequence[Run], at: list[int], most: int) -> list[int]:
    """Where a range that begins at ``at`` ends in each run: ``most`` sequences or fewer.

    Sequences with the same last two words stay together, since they share rows of order 2; if
    these are more than ``most``, they are the range.
    """
    ends = [len(run) for run in runs]
    size = sum(ends) - sum(at)
    if size <= most:
        return ends
    # no run gives more than its share; runs need not overlap (those of shards do little), so that
    # most of them may give nothing: then the shares are larger
    share = max(1, most // sum(begin < len(run) for run, begin in zip(runs, at, strict=True)))
    best = at
    while share < size:
        inside = [(r, b + share) for r, b in zip(runs, at, strict=True) if b + share < len(r)]
        if not inside:
            break
        key = min(run.key(place) for run, place in inside)
        ends = [run.find(key, begin) for run, begin in zip(runs, at, strict=True)]
        if sum(ends) - sum(at) > most:
            break
        best, share = ends, 2 * share
    if sum(best) > sum(at):
        return best
    firsts = [run.key(b) for run, b in zip(runs, at, strict=True) if b < len(run)]
    last, before = min(firsts)
    return [run.find((last, before + 1), begin) for run, begin in zip(runs, at, strict=True)]


def _append(out: list[list[Spool]], levels: list[CountLevel]) -> None:
    """Put the levels of the next range behind those of the ranges before."""
    base = [len(level[0]) for level in out]
    check_size([b + len(level) for b, level in zip(base, levels, strict=True)])
    for k, level in enumerate(levels):
        if k > 0:  # the parents of bigrams are words
            level.parent += np.uint32(base[k - 1])
        for spool, array in zip(out[k], (level.word, level.parent, level.count), strict=True):
            spool.append(array)


def levels_of(
    parts: Sequence[tuple[NDArray[np.uint32], NDArray[np.uint32]]],
    order: int,
    n_words: int,
    workers: int,
) -> list[CountLevel]:
    """Levels of sequences (words end to end) with counts, in any order."""
    n = sum(len(weights) for _, weights in parts)
    if n * order > MOST:
        raise OverflowError(f"{n:,} sequences of {order} words are too many for one merge")
    stream = Stream.empty(n * order, BOS_ID)
    weights = np.empty(n, dtype=np.uint32)
    at = 0
    for words, counts in parts:
        stream.padded[PAD + at * order : PAD + (at + len(counts)) * order] = words.reshape(-1)
        weights[at : at + len(counts)] = counts
        at += len(counts)
    stream = stream._replace(begin=order - 1, step=order, weights=weights)
    counts, _ = count_words(stream.words, stream.begin, order, n_words, workers)
    return count_stream(stream, order, counts.astype(np.int64), BOS_ID, workers)
