"""Good-Turing estimates of counts: Gale & Sampson (1995), *Good-Turing frequency estimation
without tears* (Simple Good-Turing).

A count r becomes r* = (r + 1) N_{r+1} / N_r, N_r being how many things are there r times. For
larger r, where N_r is noise, the N_r are those of a line through log Z_r over log r, with
Z_r = 2 N_r / (distance between the next counts below and above that are there). The line is used
from the first r on where Turing's estimate is within 1.65 standard deviations of it, or missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import TrainingError

__all__ = ["simple_good_turing"]

CONFIDENCE = 1.65


def simple_good_turing(
    r: NDArray[np.int64], n: NDArray[np.int64], what: str = "thing"
) -> tuple[NDArray[np.float64], float]:
    """r* of each count r, and the share p0 of what was not seen.

    Parameters
    ----------
    r : ndarray of int64, shape (m,)
        The counts that are there, ascending, from 1.
    n : ndarray of int64, shape (m,)
        How many things have each.

    Returns
    -------
    adjusted : ndarray of float64, shape (m,)
        r*, such that (1 - p0) r* / sum(n r*) is the probability of a thing.
    p0 : float
        n_1 / (sum of n r).

    Raises
    ------
    TrainingError
        Fewer than two different counts, nothing that is there once, or nothing else.

    Examples
    --------
    >>> adjusted, p0 = simple_good_turing(np.array([1, 2, 3, 4]), np.array([120, 40, 24, 13]))
    >>> adjusted.round(3).tolist(), round(p0, 3)
    ([0.677, 1.593, 2.552, 3.529], 0.37)
    """
    if len(r) < 2 or r[0] != 1:
        raise TrainingError(
            f"Good-Turing needs {what}s that are there once and others that are there more often; "
            "the text is too small or artificial. Use more text, a lower order or another smoothing"
        )
    rf, nf = r.astype(np.float64), n.astype(np.float64)
    p0 = float(nf[0] / np.sum(rf * nf))
    below = np.concatenate([[0.0], rf[:-1]])
    above = np.append(rf[1:], 2 * rf[-1] - below[-1])
    x, y = np.log(rf), np.log(2 * nf / (above - below))
    slope = float(np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2))
    line = rf * (1 + 1 / rf) ** (slope + 1)
    following = np.zeros(len(r))
    has = np.flatnonzero(r[1:] == r[:-1] + 1)
    following[has] = nf[has + 1]
    turing = (rf + 1) * following / nf
    spread = (rf + 1) * np.sqrt(following / nf**2 * (1 + following / nf))
    use_line = (following == 0) | (np.abs(turing - line) <= CONFIDENCE * spread)
    return np.where(np.maximum.accumulate(use_line), line, turing), p0
