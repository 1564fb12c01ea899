"""Dirichlet prior: the posterior mean of the probabilities after a history.

MacKay & Peto (1995), *A hierarchical Dirichlet language model*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import Smoothing, n_predictable
from fastembed.ngram.smoothing.contexts import (
    Floats,
    Following,
    estimate_interpolated,
    estimate_uniform,
)
from fastembed.ngram.tables import BackoffTables

__all__ = ["Dirichlet"]


@dataclass(kw_only=True)
class Dirichlet(Smoothing):
    """p(w | h) = (c(h w) + eta V' m(w)) / (c(h) + eta V').

    The prior has mean m and weighs as much as eta V' words. With the uniform m = 1 / V' this is
    (c + eta) / (N + eta V'); with ``prior="lower_order"`` m(w) = p(w | h'), down to the uniform
    distribution below the unigrams.

    Parameters
    ----------
    eta : float
        Weight of the prior for each word of the vocabulary.
    prior : {"uniform", "lower_order"}

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> tables = Dirichlet(eta=0.5).estimate(count_ngrams([["a", "b"], ["a", "c"]], order=2))
    >>> round(float(10 ** tables.levels[1].log_prob.min()), 3)  # (1 + 0.5) / (2 + 0.5 * 5)
    0.333
    """

    name: ClassVar[str] = "dirichlet"

    eta: Annotated[float, Opt("weight of the prior for each word", gt=0)] = 0.01
    prior: Annotated[
        Literal["uniform", "lower_order"], Opt("mean of the prior: uniform, or the lower order")
    ] = "uniform"

    @property
    def scheme(self) -> Literal["backoff", "uniform"]:
        """See `Smoothing.scheme`."""
        return "uniform" if self.prior == "uniform" else "backoff"

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
        eta = self.check_params()["eta"]
        weight = eta * n_predictable(counts)

        def weigh(order: int, found: Following) -> tuple[Floats, Floats]:
            return found.count + eta, np.full(len(found.total), eta)

        def weights(order: int, found: Following) -> tuple[Floats, Floats]:
            return 1 / (found.total + weight), weight / (found.total + weight)

        if self.prior == "uniform":
            return estimate_uniform(self, counts, weigh, workers)
        return estimate_interpolated(self, counts, weights, workers)
