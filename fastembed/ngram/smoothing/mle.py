"""Maximum likelihood: relative frequencies, no smoothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import Smoothing
from fastembed.ngram.smoothing.contexts import Floats, Following, estimate_uniform
from fastembed.ngram.tables import BackoffTables

__all__ = ["MLE"]


@dataclass(kw_only=True)
class MLE(Smoothing):
    """p(w | h) = c(h w) / c(h): 0 for what was never seen after a history that was.

    A history that was never seen gives every word 1 / V'.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> tables = MLE().estimate(count_ngrams([["a", "b"], ["a", "c"]], order=2))
    >>> tables.levels[1].log_prob.min().round(3)  # log10 of 1 / 2
    np.float32(-0.301)
    """

    name: ClassVar[str] = "mle"

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
        """See `Smoothing.estimate`."""

        def weigh(order: int, found: Following) -> tuple[Floats, Floats]:
            return found.count, np.zeros(len(found.total))

        return estimate_uniform(self, counts, weigh, workers)
