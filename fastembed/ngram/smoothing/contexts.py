"""Sums over what follows a context, and methods that need no more: vectorised, in float64.

The methods here are not on the fast path (csrc/kn.h): they take some 40 bytes an n-gram of the
order that is worked on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _smoothing
from fastembed.core.threads import resolve_workers
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import NEVER, Smoothing, make_tables, n_predictable
from fastembed.ngram.tables import BOS_ID, BackoffTables

__all__ = ["Following", "estimate_interpolated", "estimate_uniform", "following", "log10_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Following:
    """The n-grams of one order and their contexts.

    Attributes
    ----------
    count : ndarray of float64, shape (n,)
        c(h w) of each n-gram; 0 for the unigram ``<s>``.
    context : ndarray, shape (n,)
        Which context each has; all 0 for unigrams.
    total : ndarray of float64, shape (contexts,)
        Sum of the counts of what follows.
    types : ndarray of float64, shape (contexts,)
        How many different words follow.
    """

    count: Floats
    context: NDArray[Any]
    total: Floats
    types: Floats

    def sums(self, values: Floats) -> Floats:
        """Sum of a value of each n-gram, over what follows each context."""
        return _sums(self.context, values, len(self.total))


def _sums(context: NDArray[Any], values: NDArray[Any], contexts: int) -> Floats:
    sums: NDArray[Any] = np.bincount(context, weights=values, minlength=contexts)
    return sums


def following(counts: NgramCounts, order: int, workers: int | None = None) -> Following:
    """The n-grams of an order as sets of words that follow a context."""
    level = counts.levels[order - 1]
    count = level.count.astype(np.float64)
    if order == 1:
        count[BOS_ID] = 0
        context: NDArray[Any] = np.zeros(len(level), dtype=np.uint32)
        contexts = 1
    else:
        context, contexts = counts.context(order, workers), len(counts.levels[order - 2])
    total, types = _sums(context, count, contexts), _sums(context, count > 0, contexts)
    return Following(count, context, total, types)


def log10_of(values: Floats) -> NDArray[np.float32]:
    """log10 as float32, -inf for 0."""
    with np.errstate(divide="ignore"):
        return np.log10(values).astype(np.float32)


def estimate_interpolated(
    method: Smoothing,
    counts: NgramCounts,
    weights: Callable[[int, Following], tuple[Floats, Floats]],
    workers: int | None = None,
    **metadata: Any,
) -> BackoffTables:
    """p(w | h) = scale(h) c(h w) + g(h) p(w | h'), from the uniform distribution up.

    ``weights(order, following)`` gives scale and g of each context that something follows; where
    nothing does, p(w | h) is p(w | h').
    """
    threads = resolve_workers(workers)
    below: Floats = np.full(1, 1 / n_predictable(counts))
    log_probs, backoffs = [], []
    for k in range(1, counts.order + 1):
        found = following(counts, k, threads)
        scale, gamma = weights(k, found)
        gamma = np.where(found.total > 0, gamma, 1.0)
        parent: NDArray[Any] = counts.levels[k - 1].parent if k > 1 else found.context
        probs = np.where(found.total > 0, scale, 0.0)[found.context] * found.count
        probs += gamma[found.context] * below[parent]
        if k > 1:
            backoffs.append(gamma.astype(np.float32))
        log_probs.append(probs.astype(np.float32))
        below = probs
    for array in (*log_probs, *backoffs):
        _smoothing.log10(array, threads)
    log_probs[0][BOS_ID] = NEVER
    return make_tables(method, counts, log_probs, backoffs, **metadata)


def estimate_uniform(
    method: Smoothing,
    counts: NgramCounts,
    weigh: Callable[[int, Following], tuple[Floats, Floats]],
    workers: int | None = None,
    **metadata: Any,
) -> BackoffTables:
    """p(w | h) in proportion to a weight of h w, the same for all words that never follow h.

    ``weigh(order, following)`` gives the weight of each n-gram, and that of a word that does not
    follow, of each context. A context that nothing follows gives every word 1 / V'.
    """
    threads = resolve_workers(workers)
    n_words = n_predictable(counts)
    log_probs, backoffs = [], []
    for k in range(1, counts.order + 1):
        found = following(counts, k, threads)
        seen, unseen = weigh(k, found)
        if k == 1:  # words that are not in the text are listed all the same
            seen = np.where(found.count > 0, seen, unseen[0])
            seen[BOS_ID] = 0
            norm = seen.sum(keepdims=True)
        else:
            norm = found.sums(seen) + (n_words - found.types) * unseen
        empty = found.total == 0
        norm = np.where(empty, 1.0, norm)
        probs = seen / norm[found.context]
        if k > 1:
            backoffs.append(log10_of(np.where(empty, 1 / n_words, unseen / norm)))
        log_probs.append(log10_of(probs))
    log_probs[0][BOS_ID] = NEVER
    return make_tables(method, counts, log_probs, backoffs, **metadata)
