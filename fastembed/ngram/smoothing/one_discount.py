"""One discount D for every value of an order: what absolute discounting and Kneser-Ney share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import TrainingError
from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import Smoothing, too_little
from fastembed.ngram.smoothing.discounting import estimate_discounted
from fastembed.ngram.tables import BackoffTables

__all__ = ["OneDiscount"]

CUT_VOCABULARY = 0.5


def _one_discount(
    name: str, order: int, often: NDArray[np.int64], given: float | None, advice: str
) -> list[float]:
    """D = n1 / (n1 + 2 n2), or what was given, for every value.

    Words of a vocabulary that was cut have no n1 or n2; then D of the unigrams is 0.5.

    Raises
    ------
    TrainingError
        There are no n-grams of an order above 1 with the value 1 or 2.
    """
    if given is None:
        n1, n2 = int(often[1]), int(often[2])
        if order == 1 and (n1 == 0 or n2 == 0):
            return [CUT_VOCABULARY] * 3
        if n1 == 0 or n2 == 0:
            raise TrainingError(
                f"{name} cannot estimate its discount: no {order}-gram has the value "
                f"{1 if n1 == 0 else 2}. {advice}"
            )
        given = n1 / (n1 + 2 * n2)
    return [given] * 3


@dataclass(kw_only=True)
class OneDiscount(Smoothing):
    """Base of the methods that take the same D away from every value."""

    TITLE: ClassVar[str]  # what messages call the method
    ADJUSTED: ClassVar[bool]  # values of lower orders count contexts

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
        advice = too_little(counts, "discount=0.75 (--discount 0.75)")

        def rule(order: int, often: NDArray[np.int64]) -> list[float]:
            return _one_discount(self.TITLE, order, often, self.discount, advice)

        return estimate_discounted(
            self,
            counts,
            rule,
            adjusted=self.ADJUSTED,
            workers=workers,
            progress=progress,
            consume=consume,
        )
