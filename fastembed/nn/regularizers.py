"""Penalties of weights: l1 times the sum of |w| plus l2 times the sum of w^2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.nn.arguments import check_number

__all__ = ["Regularizer", "regularizer_of"]


@dataclass(frozen=True)
class Regularizer:
    """Added to the loss of each mini-batch: ``l1 sum |w| + l2 sum w^2`` (gradient
    ``l1 sign(w) + 2 l2 w``).

    Examples
    --------
    >>> Regularizer(l2=1e-4)
    Regularizer(l1=0.0, l2=0.0001)
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        check_number("l1", self.l1)
        check_number("l2", self.l2)

    def penalty(self, w: NDArray[Any]) -> float:
        """Of some weights."""
        wide = w.astype(np.float64)
        return float(self.l1 * np.abs(wide).sum() + self.l2 * np.square(wide).sum())


def regularizer_of(given: Regularizer | str | None) -> Regularizer | None:
    """The penalty that an argument means: one of ours, "l1" or "l2" (0.01 each), or none."""
    if given is None or isinstance(given, Regularizer):
        return given
    named = {"l1": Regularizer(l1=0.01), "l2": Regularizer(l2=0.01)}
    if given not in named:
        raise ValueError(f"a regularizer must be l1, l2, a Regularizer or None; got {given!r}")
    return named[given]
