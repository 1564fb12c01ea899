"""Numbers that are given by hand: counts, sizes, rates; errors name what is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastembed.core.integers import as_integer

__all__ = ["check_count", "check_number", "check_shape", "check_sizes"]


def check_count(name: str, value: Any, low: int = 1, kind: str = "be an integer") -> int:
    """An integer of any type, not a truth value, from ``low`` on.

    Examples
    --------
    >>> check_count("epochs", np.int64(3))
    3
    """
    number = as_integer(value)
    if number is None or number < low:
        raise ValueError(f"{name} must {kind} >= {low}; got {value!r}")
    return number


def check_sizes(name: str, value: Any) -> tuple[int, ...]:
    """Sizes of layers, each an integer >= 1; one number is one layer."""
    if isinstance(value, (int, float, np.number)):
        return (check_count(name, value, kind="hold integers"),)
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise TypeError(f"{name} must be a sequence of sizes; got {value!r}")
    return tuple(check_count(name, n, kind="hold integers") for n in value)


def check_shape(name: str, value: Any) -> tuple[int, ...]:
    """The shape of a row: one size or several."""
    shape = check_sizes(name, value)
    if not shape:
        raise ValueError(f"{name} must hold integers >= 1; got {value!r}")
    return shape


def check_number(
    name: str, value: Any, low: float = 0.0, below: float = math.inf, *, above: bool = False
) -> float:
    """A finite number from ``low`` on, or ``above`` it, and below another.

    Examples
    --------
    >>> check_number("rate", 0.5, below=1)
    0.5
    """
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not real or not (low < value < below if above else low <= value < below):
        limit = f" and < {below:g}" if below < math.inf else ""
        raise ValueError(f"{name} must be a number {'>' if above else '>='} {low:g}{limit}; "
                         f"got {value!r}")  # fmt: skip
    return float(value)
