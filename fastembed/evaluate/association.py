"""How much two words belong together, from how often they do: PMI, NPMI, AMI, G^2.

Church & Hanks (1990) for PMI; Bouma, "Normalized (pointwise) mutual information in collocation
extraction" (2009); Dunning, "Accurate methods for the statistics of surprise and coincidence"
(1993) for G^2; Rosenfeld, "A maximum entropy approach to adaptive statistical language modelling"
(1996) for the average mutual information of a pair. docs/pmi.md has the formulas.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MEASURES", "Measure", "association"]

Measure = Literal["pmi", "npmi", "ami", "llr"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


def association(
    joint: ArrayLike, first: ArrayLike, second: ArrayLike, total: float, measure: Measure = "pmi"
) -> NDArray[np.float64]:
    """Measures of pairs of events, from counts.

    Parameters
    ----------
    joint, first, second : array_like
        How often both happen, and how often each; of one shape, or of shapes that broadcast.
    total : float
        Of how many occasions.
    measure : {"pmi", "npmi", "ami", "llr"}
        Pointwise mutual information in bits; the same over -log P(both), from -1 to 1; average
        mutual information of the two events in bits; Dunning's G^2.

    Returns
    -------
    ndarray of float64
        PMI of what never happens together is -inf, NPMI -1.

    Raises
    ------
    ValueError
        There is no such measure.

    Examples
    --------
    >>> association([8, 4], [16, 16], [16, 16], 64, "pmi").tolist()
    [1.0, 0.0]
    >>> association(8, 16, 16, 64, "llr").round(4).tolist()
    6.5443
    """
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}; got {measure!r}")
    joint, first, second = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (joint, first, second))
    )
    if measure in ("llr", "ami"):
        g2 = _g2(joint, first, second, total)
        return g2 if measure == "llr" else g2 / (2 * max(total, 1e-300) * np.log(2))
    together = joint > 0
    # logarithms one by one: a product of counts may overflow
    logs = [np.log2(x, out=np.zeros(joint.shape), where=together) for x in (joint, first, second)]
    log_total = np.log2(max(total, 1e-300))
    pmi = logs[0] + log_total - logs[1] - logs[2]
    if measure == "pmi":
        return np.where(together, pmi, -np.inf)
    surprise = log_total - logs[0]  # -log2 P(both)
    npmi = np.divide(pmi, surprise, out=np.ones(joint.shape), where=surprise > 0)
    return np.where(together, npmi, -1.0)


def _g2(
    joint: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    total: float,
) -> NDArray[np.float64]:
    """2 sum O ln(O / E) over the four cells of the table."""
    sides = (
        (joint, first, second),
        (first - joint, first, total - second),
        (second - joint, total - first, second),
        (total - first - second + joint, total - first, total - second),
    )
    result = np.zeros(joint.shape)
    for observed, row, column in sides:
        there = observed > 0  # sums of fractions may leave a trifle below zero
        ratio = np.divide(observed * total, row * column, out=np.ones(joint.shape), where=there)
        result += np.where(there, observed * np.log(ratio), 0.0)
    return 2 * np.maximum(result, 0.0)
