"""Additive smoothing (Laplace, Lidstone, Jeffreys): delta more of everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import Smoothing
from fastembed.ngram.smoothing.contexts import Floats, Following, estimate_uniform
from fastembed.ngram.tables import BackoffTables

__all__ = ["Additive"]


@dataclass(kw_only=True)
class Additive(Smoothing):
    """p(w | h) = (c(h w) + delta) / (c(h) + delta V').

    Parameters
    ----------
    delta : float
        1: Laplace's law of succession; 0.5: Jeffreys and Perks.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> tables = Additive(delta=1).estimate(count_ngrams([["a", "b"], ["a", "c"]], order=2))
    >>> round(float(10 ** tables.levels[1].log_prob.min()), 3)  # (1 + 1) / (2 + 5)
    0.286
    """

    name: ClassVar[str] = "additive"

    delta: Annotated[float, Opt("added to every count", gt=0)] = 1.0

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
        delta = self.check_params()["delta"]

        def weigh(order: int, found: Following) -> tuple[Floats, Floats]:
            return found.count + delta, np.full(len(found.total), delta)

        return estimate_uniform(self, counts, weigh, workers)
