"""Merging the counts of several texts, in memory or in a stream from disk.

The sequences of a shard are the n-grams that no longer one ends with. Renumbered to the vocabulary
of all shards and sorted again, piece by piece, they are runs, which are merged as those of one text
are (`fastembed.ngram.runs`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.core.memory import memory_budget
from fastembed.core.threads import resolve_workers
from fastembed.ngram.counting import CountLevel
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.runs import Run, Unigrams, levels_of, merge_runs, sequence_bytes
from fastembed.ngram.tables import BOS_ID

__all__ = ["merge_counts"]

Part = tuple[NDArray[np.uint32], NDArray[np.uint32]]  # sequences (n, order) and their counts


def merge_counts(
    shards: Sequence[NgramCounts],
    *,
    memory: int | str | None = None,
    workers: int | None = None,
) -> NgramCounts:
    """See `NgramCounts.merge`."""
    first = shards[0]
    order = first.order
    for shard in shards:
        if shard.order != order:
            raise ValueError(f"counts of order {shard.order} cannot be merged with order {order}")
        if not shard.complete:
            raise ValueError("counts of which n-grams were cut off cannot be merged: merge first")
    budget, threads = memory_budget(memory), resolve_workers(workers)
    vocabulary = first.vocabulary
    for shard in shards[1:]:
        vocabulary = vocabulary.merge(shard.vocabulary)
    table = vocabulary.table()
    unigrams = Unigrams(len(vocabulary))
    new_ids: list[NDArray[np.uint32]] = []
    position = 0
    for shard in shards:
        own = shard.vocabulary.words
        ids = table.find(own.blob, own.offsets)
        new_ids.append(ids)
        unigrams.counts[ids] += shard.levels[0].count
        if shard.appearance is not None:
            new = (shard.appearance >= 0) & (unigrams.first[ids] < 0)
            unigrams.first[ids[new]] = shard.appearance[new] + position
        position += shard.n_tokens + shard.n_sentences
    levels = _levels(shards, new_ids, unigrams.counts, budget, threads) if order > 1 else []
    merged = unigrams.finish(vocabulary, levels)
    if any(shard.appearance is None for shard in shards):
        merged.appearance = None
    return merged


def _levels(
    shards: Sequence[NgramCounts],
    new_ids: Sequence[NDArray[np.uint32]],
    counts: NDArray[np.int64],
    budget: int,
    workers: int,
) -> list[CountLevel]:
    """The levels from 2 on of all shards together."""
    order = shards[0].order
    piece = max(1024, budget // 2 // sequence_bytes(order))
    # at most: those that do not begin a sentence are sequences of the highest order only
    if sum(sum(shard.size[1:]) for shard in shards) <= piece:
        parts = [
            (ids[words], weights)
            for shard, ids in zip(shards, new_ids, strict=True)
            for k in range(2, order + 1)
            for words, weights in _sequences(shard, k, piece)
        ]
        return levels_of(parts, order, len(counts), workers)
    with ExitStack() as held:
        runs: list[Run] = []
        for shard, ids in zip(shards, new_ids, strict=True):
            for k in range(2, order + 1):
                for words, weights in _sequences(shard, k, piece):
                    # of one length and sorted, they are the rows of that order in their order
                    levels = levels_of([(ids[words], weights)], order, len(counts), workers)
                    sorted_ = NgramCounts(shards[0].vocabulary, [_words(counts), *levels])
                    run = held.enter_context(closing(Run(order)))
                    for part in _sequences(sorted_, k, piece):
                        run.append(*part)
                    runs.append(run)
        return merge_runs(runs, order, counts, budget, workers)


def _words(counts: NDArray[np.int64]) -> CountLevel:
    ids = np.arange(len(counts), dtype=np.uint32)
    return CountLevel(ids, np.empty(0, dtype=np.uint32), counts)


def _sequences(counts: NgramCounts, k: int, most: int) -> Iterator[Part]:
    """The n-grams of order k that no longer one ends with, ``most`` rows at a time: all of the
    highest order, and of lower ones those that begin with ``<s>``."""
    order, level = counts.order, counts.levels[k - 1]
    for first in range(0, len(level), most):
        rows: Any = np.arange(first, min(first + most, len(level)))
        if k < order:
            rows = rows[level.word[rows[0] : rows[-1] + 1] == BOS_ID]
        words = np.full((len(rows), order), BOS_ID, dtype=np.uint32)
        weights = level.count[rows]
        words[:, order - k :] = counts.ngrams(k, rows)
        if len(words):
            yield words, weights
