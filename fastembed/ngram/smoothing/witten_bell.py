"""Witten-Bell smoothing (Witten & Bell 1991, method C), interpolated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import Smoothing
from fastembed.ngram.smoothing.contexts import Floats, Following, estimate_interpolated
from fastembed.ngram.tables import BackoffTables

__all__ = ["WittenBell"]


@dataclass(kw_only=True)
class WittenBell(Smoothing):
    """p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)).

    T(h) is the number of different words that follow h: how often something new came.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> tables = WittenBell().estimate(count_ngrams([["a", "b"], ["a", "c"]], order=2))
    >>> round(float(10 ** tables.levels[0].backoff[3]), 3)  # after "a": T = 2, c = 2
    0.5
    """

    name: ClassVar[str] = "witten_bell"

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

        def weights(order: int, found: Following) -> tuple[Floats, Floats]:
            norm = np.maximum(found.total + found.types, 1)
            return 1 / norm, found.types / norm

        return estimate_interpolated(self, counts, weights, workers)
