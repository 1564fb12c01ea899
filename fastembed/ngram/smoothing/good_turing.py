"""Good-Turing smoothing of each order by itself, by Simple Good-Turing (Gale & Sampson 1995)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import Smoothing, n_predictable, need_ngrams
from fastembed.ngram.smoothing.contexts import Floats, Following, estimate_uniform
from fastembed.ngram.smoothing.simple_good_turing import simple_good_turing
from fastembed.ngram.tables import BackoffTables

__all__ = ["GoodTuring", "good_turing_counts"]


def good_turing_counts(order: int, found: Following) -> tuple[Floats, float]:
    """r* of each n-gram's count (0 for a word that is not in the text), and p0.

    Where nothing is there once (words, if the vocabulary was cut) r* = r and p0 = 0.
    """
    used = found.count > 0
    if not np.any(found.count == 1):
        return found.count, 0.0
    r, place, n = np.unique(
        found.count[used].astype(np.int64), return_inverse=True, return_counts=True
    )
    adjusted, p0 = simple_good_turing(r, n, f"{order}-gram")
    values = np.zeros(len(found.count))
    values[used] = adjusted[place]
    return values, p0


@dataclass(kw_only=True)
class GoodTuring(Smoothing):
    """Good-Turing probabilities of n-grams, divided by the sum over what can follow a history.

    An n-gram with count r has P = (1 - p0) r* / (sum of all r*); all n-grams that are possible and
    not in the text share p0 = N_1 / N evenly; p(w | h) = P(h w) / sum over v of P(h v). Few n-grams
    of high order are ever seen of the very many that are possible, so use it for order 1 and 2, and
    `Katz` for higher ones.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> tables = GoodTuring().estimate(count_ngrams([["a", "b", "a"], ["b", "b", "c"]], order=1))
    >>> round(float(sum(10 ** tables.levels[0].log_prob)), 6)
    1.0
    """

    name: ClassVar[str] = "good_turing"

    @property
    def scheme(self) -> Literal["backoff", "uniform"]:
        """See `Smoothing.scheme`."""
        return "uniform"

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Progress | bool | None = None,
        consume: bool = False,
    ) -> BackoffTables:
        """See `Smoothing.estimate`; ``metadata["unseen_mass"]`` has p0 of each order."""
        n_words = n_predictable(counts)
        masses: list[float] = []

        def weigh(order: int, found: Following) -> tuple[Floats, Floats]:
            need_ngrams(self, counts, order)
            values, p0 = good_turing_counts(order, found)
            masses.append(p0)
            # histories: <s> or a word, then words; none of them </s>
            histories = float(n_words) * (n_words - 1.0) ** (order - 2) if order > 1 else 1.0
            unseen = histories * n_words - float(np.count_nonzero(found.count))
            each = p0 / unseen if unseen > 0 else 0.0
            return values * ((1 - p0) / values.sum()), np.full(len(found.total), each)

        tables = estimate_uniform(self, counts, weigh, workers)
        tables.metadata["unseen_mass"] = masses
        return tables
