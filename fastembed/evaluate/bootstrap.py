"""Percentile intervals by the bootstrap (Efron 1979): what the score would have been on another
sample of the test set of the same size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "of_accuracy", "of_pairs", "percentiles"]

Interval = tuple[float, float]
LEVEL = 0.95
BLOCK = 1 << 20  # values resampled at a time


def percentiles(values: NDArray[np.float64]) -> Interval | None:
    """The middle 95 % of the values; None if none of them is a number."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def of_accuracy(correct: int, total: int, n: int, seed: int) -> Interval | None:
    """Interval of correct / total. To draw ``total`` of the answers with replacement is to draw
    the number of correct ones from a binomial distribution."""
    if total == 0 or n == 0:
        return None
    draws = np.random.default_rng(seed).binomial(total, correct / total, size=n)
    return percentiles(draws / total)


def of_pairs(
    statistic: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    n: int,
    seed: int,
) -> Interval | None:
    """Interval of a statistic of paired values.

    Parameters
    ----------
    statistic : callable
        From two arrays (samples, pairs) to one (samples,).
    x, y : ndarray, shape (pairs,)
    n : int
        Number of samples; 0 gives None.
    """
    if len(x) < 2 or n == 0:
        return None
    rng = np.random.default_rng(seed)
    found = []
    step = max(1, BLOCK // len(x))
    for start in range(0, n, step):
        chosen = rng.integers(0, len(x), size=(min(step, n - start), len(x)))
        found.append(statistic(x[chosen], y[chosen]))
    return percentiles(np.concatenate(found))
