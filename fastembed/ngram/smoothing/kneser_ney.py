"""Interpolated Kneser-Ney smoothing with one discount an order (Kneser & Ney 1995)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastembed.ngram.smoothing.one_discount import OneDiscount

__all__ = ["KneserNey"]


@dataclass(kw_only=True)
class KneserNey(OneDiscount):
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
    TITLE: ClassVar[str] = "Kneser-Ney"
    ADJUSTED: ClassVar[bool] = True
