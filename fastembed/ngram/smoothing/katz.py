"""Katz back-off (Katz 1987): Good-Turing discounts for low counts, the rest to the lower order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import NEVER, Smoothing, make_tables
from fastembed.ngram.smoothing.contexts import Floats, Following, following, log10_of
from fastembed.ngram.smoothing.good_turing import good_turing_counts
from fastembed.ngram.tables import BOS_ID, BackoffTables

__all__ = ["Katz"]

MOST_DISCOUNTED = 1000  # the model lists the discounts; counts above some ten hardly have one


@dataclass(kw_only=True)
class Katz(Smoothing):
    """p(w | h) = d(c) c(h w) / c(h) if h w is there, else a(h) p(w | h').

    Counts above ``gt_max`` = k stay; for the others, with r* of Simple Good-Turing and
    m = (k + 1) n_{k+1} / n_1,

        d(r) = (r* / r - m) / (1 - m)

    or, where that is not between 0 and 1 for each r, d(r) = r* / r. a(h) makes the sum one. Where
    nothing would be left for other words, because all counts after h are high, c(h) + 1 takes the
    place of c(h) (as in SRILM). Words that are not in the text share what is left of the unigrams.

    Parameters
    ----------
    gt_max : int
        The highest count that is discounted, at most 1000.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> counts = count_ngrams([["a", "b", "a"], ["b", "b", "c"], ["a"]], order=2)
    >>> Katz(gt_max=2).estimate(counts).metadata["smoothing"]
    'katz'
    """

    name: ClassVar[str] = "katz"

    gt_max: Annotated[int, Opt("highest count that is discounted", ge=1, le=MOST_DISCOUNTED)] = 5

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Progress | bool | None = None,
        consume: bool = False,
    ) -> BackoffTables:
        """See `Smoothing.estimate`; ``metadata["discounts"]`` has d(1) ... d(k) of each order."""
        gt_max = self.check_params()["gt_max"]
        threads = resolve_workers(workers)
        log_probs, backoffs, used = [], [], []
        below: Floats = np.empty(0)
        for k in range(1, counts.order + 1):
            found = following(counts, k, threads)
            discounts = _discounts(k, found, gt_max)
            used.append(discounts[1:].tolist())
            low = found.count <= gt_max
            kept = np.where(low, discounts[np.where(low, found.count, 0).astype(int)], 1.0)
            kept *= found.count
            # what is left for other words, in counts
            left = found.total - found.sums(kept)
            none = (left <= 1e-9 * found.total) & (found.total > 0)
            norm = np.where(none, found.total + 1, np.maximum(found.total, 1))
            left[none] = 1.0
            probs = kept / norm[found.context]
            if k == 1:
                below = _unigrams(found, probs)
                log_probs.append(log10_of(below))
                continue
            lower = below[counts.levels[k - 1].parent]
            share = 1 - found.sums(lower)
            full = (share <= 1e-12) & (found.total > 0)  # every word follows
            probs /= np.where(full, found.sums(probs), 1.0)[found.context]
            weight = np.where(full, 0.0, left / norm / np.where(full, 1.0, share))
            backoffs.append(log10_of(np.where(found.total > 0, weight, 1.0)))
            log_probs.append(log10_of(probs))
            below = probs
        log_probs[0][BOS_ID] = NEVER
        return make_tables(self, counts, log_probs, backoffs, discounts=used)


def _discounts(order: int, found: Following, gt_max: int) -> NDArray[np.float64]:
    """d(0) = 0, d(1), ..., d(gt_max); no discount where nothing is there once."""
    values, p0 = good_turing_counts(order, found)
    if p0 == 0:
        return np.append(0.0, np.ones(gt_max))
    n = np.bincount(np.minimum(found.count, gt_max + 2).astype(np.int64), minlength=gt_max + 3)
    r = np.arange(gt_max + 1, dtype=np.float64)
    ratio = np.ones(gt_max + 1)
    low = (found.count > 0) & (found.count <= gt_max)
    ratio[found.count[low].astype(int)] = values[low] / found.count[low]  # equal for equal counts
    m = (gt_max + 1) * n[gt_max + 1] / n[1]
    there = (r > 0) & (n[: gt_max + 1] > 0)
    discounts = (ratio - m) / (1 - m) if m < 1 else np.zeros(len(r))
    if np.any((discounts[there] <= 0) | (discounts[there] >= 1)):
        discounts = np.minimum(ratio, 1.0)
    discounts[~there] = 1.0
    discounts[0] = 0.0
    return discounts


def _unigrams(found: Following, probs: Floats) -> Floats:
    """Probabilities of the words: those that are not in the text share what is left."""
    absent = found.count == 0
    absent[BOS_ID] = False
    if absent.any():
        probs[absent] = (1 - probs.sum()) / np.count_nonzero(absent)
        return probs
    return probs / probs.sum()
