"""THE learning-rate schedules: the rate as a function of how much of the work is done."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ScheduleName", "learning_rate"]

ScheduleName = Literal["linear", "constant", "cosine", "exponential"]


def learning_rate(
    schedule: ScheduleName,
    start: float,
    end: float,
    progress: ArrayLike,
    *,
    warmup: float = 0.0,
) -> NDArray[np.float32]:
    """Learning rate at each point of a run.

    Parameters
    ----------
    schedule : {"linear", "constant", "cosine", "exponential"}
        "linear" goes from ``start`` to ``end`` in proportion to the work done (word2vec's);
        "constant" stays at ``start``; "cosine" goes along half a cosine (Loshchilov & Hutter
        2017); "exponential" by equal factors, and needs both > 0.
    start, end : float
        Rate at the beginning and at the end.
    progress : array_like
        Share of the work done, 0 to 1.
    warmup : float
        Share of the work in which the rate rises from 0 to ``start`` in proportion; the schedule
        begins behind it.

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
    rising = np.minimum(done / warmup, 1.0) if warmup > 0 else 1.0
    done = np.clip((done - warmup) / max(1.0 - warmup, 1e-12), 0.0, 1.0)
    if schedule == "constant":
        rate = np.full_like(done, start)
    elif schedule == "linear":
        rate = start - (start - end) * done
    elif schedule == "cosine":
        rate = end + (start - end) * 0.5 * (1.0 + np.cos(np.pi * done))
    elif schedule == "exponential":
        if not (start > 0 and end > 0):
            raise ValueError(
                f"an exponential schedule needs start > 0 and end > 0; got {start!r} and {end!r}"
            )
        rate = start * (end / start) ** done
    else:
        allowed = ", ".join(repr(name) for name in get_args(ScheduleName))
        raise ValueError(f"schedule must be one of {allowed}; got {schedule!r}")
    return (rate * rising).astype(np.float32)
