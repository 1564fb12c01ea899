"""Absolute discounting with interpolation: what Kneser-Ney and its relatives share (csrc/kn.h).

p(w | h) = (a(h w) - D(a(h w))) / t(h) + b(h) p(w | h'), from the unigrams up, below which every
word but ``<s>`` has the same probability. The values a are counts or, for Kneser-Ney, in all
orders but the highest the number of different words before the n-gram.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _ngram_trie, _smoothing
from fastembed.core.memory import aligned_zeros, own_pages
from fastembed.core.progress import Progress, progress_of
from fastembed.core.threads import resolve_workers
from fastembed.ngram.counting import CountLevel
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.pruning import keep_rows
from fastembed.ngram.smoothing.base import Smoothing, make_tables, need_ngrams
from fastembed.ngram.tables import BOS_ID, BackoffTables

__all__ = ["DiscountRule", "estimate_discounted"]

# order, how many n-grams have the values 0, 1, 2, 3, 4 or more -> D1, D2, D3
DiscountRule = Callable[[int, NDArray[np.int64]], Sequence[float]]


def estimate_discounted(
    method: Smoothing,
    counts: NgramCounts,
    rule: DiscountRule,
    *,
    adjusted: bool,
    prune: Sequence[int] | None = None,
    workers: int | None = None,
    progress: Progress | bool | None = None,
    consume: bool = False,
) -> BackoffTables:
    """Estimate all orders; ``prune`` is one threshold for each (see `ModifiedKneserNey`)."""
    threads = resolve_workers(workers)
    order = counts.order
    if adjusted and order > 1:
        need_ngrams(method, counts, 2)  # the values of the unigrams are how many bigrams they end
    thresholds = list(prune) if prune is not None else [0] * order
    consume = consume and not any(thresholds)  # pruning goes by the counts, to the end
    reporter = progress_of(progress)
    reporter.start(sum(counts.size), "n-grams", "estimating")
    if int(counts.levels[0].count.max(initial=0)) >= 1 << 32:
        raise OverflowError("a word is there 2**32 times or more, which is too often for this")
    lower, discounts = _unigrams(counts, rule, adjusted, threads)
    used, log_probs, backoffs = [discounts], [], []
    room = aligned_zeros((max(counts.size[:-1], default=0),), _smoothing.SUM)
    free: NDArray[np.uint32] | None = None  # memory for the back-off weights of a level
    for k in range(2, order + 1):
        level = counts.levels[k - 1]
        values = _values(counts, k, adjusted, threads, consume)
        discount = _discounts(rule, k, _smoothing.often(values, threads))
        sums = room[: len(counts.levels[k - 2])]
        raw = pruned = None
        if thresholds[k - 1]:
            raw, pruned = level.count, np.empty(len(sums), dtype=np.uint32)
        context = counts.context(k, threads)
        _smoothing.sums(values, context, raw, thresholds[k - 1], sums, pruned, threads)
        _smoothing.probs(values, level.parent, context, sums, pruned, discount, lower, threads)
        backoff = own_pages(len(sums), np.float32) if free is None else free.view(np.float32)
        _smoothing.backoffs(sums, pruned, discount, backoff, threads)
        log_probs.append(lower)
        backoffs.append(backoff)
        lower = values.view(np.float32)
        free = context if consume and k > 2 and context.flags.writeable else None
        used.append(discount)
        reporter.update(sum(counts.size[:k]))
    log_probs.append(lower)
    for array in (*log_probs, *backoffs):
        _smoothing.log10(array, threads)
    log_probs[0][BOS_ID] = 0.0  # what lmplz writes; <s> is never predicted
    reporter.close()
    levels = counts.levels
    if any(thresholds):
        levels, log_probs, backoffs = _prune(levels, log_probs, backoffs, thresholds)
    return make_tables(
        method,
        counts,
        log_probs,
        backoffs,
        levels=levels,
        discounts=[d[1:].tolist() for d in used],
    )


def _discounts(rule: DiscountRule, k: int, often: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([0.0, *rule(k, often)])


def _values(
    counts: NgramCounts, k: int, adjusted: bool, workers: int, consume: bool
) -> NDArray[np.uint32]:
    """What counts for the n-grams of order k >= 2; the array will hold probabilities."""
    level = counts.levels[k - 1]
    in_place = consume and level.count.flags.writeable
    values = level.count if in_place else level.count.copy()
    if adjusted and k < counts.order:
        _smoothing.adjust(counts.levels[k].parent, level.word, BOS_ID, values, workers)
    return values


def _unigrams(
    counts: NgramCounts, rule: DiscountRule, adjusted: bool, workers: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Probabilities of the words, interpolated with the uniform distribution, and D1, D2, D3."""
    if adjusted and counts.order > 1:
        # every bigram has its last word as its parent
        begins = _ngram_trie.begins(counts.levels[1].parent, counts.size[0], workers)
        values: NDArray[np.int64] = (begins[1:] - begins[:-1]).astype(np.int64)
    else:
        values = counts.levels[0].count.copy()
    values[BOS_ID] = 0
    small = np.minimum(values, 5)
    discounts = _discounts(rule, 1, np.bincount(np.delete(small, BOS_ID), minlength=6))
    off = discounts[np.minimum(values, 3)]
    uniform = off.sum() / (len(values) - 1)
    probs = (values - off + uniform) / values.sum()
    probs[BOS_ID] = 1.0
    return probs.astype(np.float32), discounts


def _prune(
    levels: Sequence[CountLevel],
    log_probs: list[NDArray[np.float32]],
    backoffs: list[NDArray[np.float32]],
    thresholds: list[int],
) -> tuple[list[CountLevel], list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Without the n-grams that are there ``thresholds[k - 1]`` times or less; words all stay."""
    out: tuple[list[Any], list[Any], list[Any]] = ([levels[0]], log_probs[:1], backoffs[:1])
    below = np.ones(len(levels[0]), dtype=bool)
    for k in range(2, len(levels) + 1):
        level = levels[k - 1]
        keep = level.count > thresholds[k - 1]
        parent = keep_rows(level.parent, keep, below)
        out[0].append(CountLevel(level.word[keep], parent, level.count[keep]))
        out[1].append(log_probs[k - 1][keep])
        if k < len(levels):
            out[2].append(backoffs[k - 1][keep])
        below = keep
    return out
