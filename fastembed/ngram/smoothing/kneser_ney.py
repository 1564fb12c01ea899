"""Interpolated Kneser-Ney smoothing with one discount an order (Kneser & Ney 1995)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.absolute_discounting import one_discount
from fastembed.ngram.smoothing.base import Smoothing
from fastembed.ngram.smoothing.discounting import estimate_discounted
from fastembed.ngram.tables import BackoffTables

__all__ = ["KneserNey"]


@dataclass(kw_only=True)
class KneserNey(Smoothing):
    """Interpolated Kneser-Ney.

    Lower orders count in how many contexts an n-gram is there. Of every value D = n1 / (n1 + 2 n2)
    is taken away, n_a being the number of n-grams of the order with the value a.

    Parameters
    ----------
    discount : float or None
        D of all orders; None: estimated for each.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> counts = count_ngrams([["a", "b", "a", "b"], ["b"]], order=2)
    >>> tables = KneserNey(discount=0.5).estimate(counts)
    >>> tables.metadata["discounts"][1][0]
    0.5
    """

    name: ClassVar[str] = "kneser_ney"

    discount: Annotated[
        float | None, Opt("discount of all orders; default estimated", gt=0, le=1)
    ] = None

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Progress | bool | None = None,
        consume: bool = False,
    ) -> BackoffTables:
        """See `Smoothing.estimate`; ``metadata["discounts"]`` has D, three times, of each order."""
        self.check_params()

        def rule(order: int, often: NDArray[np.int64]) -> list[float]:
            return one_discount("Kneser-Ney", order, often, self.discount)

        return estimate_discounted(
            self,
            counts,
            rule,
            adjusted=True,
            workers=workers,
            progress=progress,
            consume=consume,
        )
