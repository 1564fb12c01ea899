"""Absolute discounting with interpolation (Ney, Essen & Kneser 1994)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastembed.ngram.smoothing.one_discount import OneDiscount

__all__ = ["AbsoluteDiscounting"]


@dataclass(kw_only=True)
class AbsoluteDiscounting(OneDiscount):
    """Interpolated absolute discounting: D = n1 / (n1 + 2 n2) is taken away from every count.

    Parameters
    ----------
    discount : float or None
        D of all orders; None: estimated for each.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> counts = count_ngrams([["a", "b", "a", "b"], ["b", "c"]], order=2)
    >>> AbsoluteDiscounting().estimate(counts).metadata["discounts"][1][0]  # 6 / (6 + 2 * 1)
    0.75
    """

    name: ClassVar[str] = "absolute_discounting"
    TITLE: ClassVar[str] = "absolute discounting"
    ADJUSTED: ClassVar[bool] = False
