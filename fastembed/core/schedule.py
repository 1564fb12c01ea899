"""THE learning-rate schedules: the rate as a function of how much of the work is done."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ScheduleName", "learning_rate"]

ScheduleName = Literal["linear", "constant"]


def learning_rate(
    schedule: ScheduleName, start: float, end: float, progress: ArrayLike
) -> NDArray[np.float32]:
    """Learning rate at each point of a run.

    Parameters
    ----------
    schedule : {"linear", "constant"}
        "linear" goes from ``start`` to ``end`` in proportion to the work done (word2vec's);
        "constant" stays at ``start``.
    start, end : float
        Rate at the beginning and at the end.
    progress : array_like
        Share of the work done, 0 to 1.

    Returns
    -------
    ndarray of float32
        Of ``progress``'s shape.

    Examples
    --------
    >>> learning_rate("linear", 0.025, 0.005, [0.0, 0.5, 1.0]).tolist()  # doctest: +ELLIPSIS
    [0.02500..., 0.0149..., 0.00499...]
    """
    done = np.clip(np.asarray(progress, dtype=np.float64), 0.0, 1.0)
    if schedule == "constant":
        rate = np.full_like(done, start)
    elif schedule == "linear":
        rate = start - (start - end) * done
    else:
        allowed = ", ".join(repr(name) for name in get_args(ScheduleName))
        raise ValueError(f"schedule must be one of {allowed}; got {schedule!r}")
    return rate.astype(np.float32)
