"""Which values are whole numbers: those of any integer type, truth values not."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

__all__ = ["as_integer"]


def as_integer(value: Any) -> int | None:
    """The whole number that a value is, Python's or numpy's; None if it is none.

    Examples
    --------
    >>> as_integer(np.uint8(3)), as_integer(3.0), as_integer(True)
    (3, None, None)
    """
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None
