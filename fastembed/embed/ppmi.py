"""Weights of word-context counts: pointwise mutual information in its usual forms.

Church & Hanks, "Word association norms, mutual information, and lexicography" (1990); Levy &
Goldberg, "Neural word embedding as implicit matrix factorization" (2014), for the shift; Levy,
Goldberg & Dagan, "Improving distributional similarity with lessons learned from word embeddings"
(2015), for context smoothing. Formulas: docs/svd.md.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed._native._sparse import CSR
from fastembed.core.threads import resolve_workers

__all__ = ["Weighting", "weigh"]

Weighting = Literal["ppmi", "pmi", "log", "count"]


def weigh(
    counts: CSR,
    weighting: Weighting = "ppmi",
    *,
    shift: float = 1.0,
    context_smoothing: float = 0.75,
    count_cap: float | None = None,
    workers: int | None = None,
) -> CSR:
    """The matrix that is decomposed, from counts of words (rows) with contexts (columns).

    Parameters
    ----------
    counts : CSR
        Counts > 0.
    weighting : {"ppmi", "pmi", "log", "count"}
        max(0, PMI - log k), which drops all other entries; PMI - log k of the pairs that occur,
        0 for all others; log(1 + count); the count itself.
    shift : float
        k > 0: the number of noise words a pair of skip-gram that the matrix corresponds to.
    context_smoothing : float
        Exponent of the counts in the probability of a context.
    count_cap : float, optional
        Larger counts are taken as this, in the pairs and in the sums over them.

    Raises
    ------
    ValueError
        An argument is out of range.

    Examples
    --------
    >>> together = np.array([2, 1, 1], dtype=np.float32)
    >>> counts = CSR(np.array([0, 1, 3]), np.array([1, 0, 1], dtype=np.int32), together, 2)
    >>> weigh(counts, "pmi", context_smoothing=1).data.astype(float).round(4).tolist()
    [0.2877, 0.6931, -0.4055]
    """
    if weighting not in get_args(Weighting):
        allowed = ", ".join(get_args(Weighting))
        raise ValueError(f"weighting must be one of {allowed}; got {weighting!r}")
    if not (0 < shift < math.inf and math.isfinite(context_smoothing)):
        raise ValueError(f"shift must be > 0, smoothing finite; got {shift}, {context_smoothing}")
    cap = math.inf if count_cap is None else float(count_cap)
    if not cap > 0:
        raise ValueError(f"count_cap must be > 0, or None; got {count_cap}")
    if weighting in ("log", "count"):
        data = np.minimum(counts.data, np.float32(cap))
        data = np.log1p(data) if weighting == "log" else data
        return CSR(counts.indptr, counts.indices, data, counts.shape[1])
    workers = resolve_workers(workers)
    words, contexts = counts.sums(cap, workers)
    # log(count row[w] column[c]) = log(P(w, c) / (P(w) P(c) k))
    row = _inverse(words)
    column = _inverse(_smoothed(contexts, context_smoothing) * shift)
    return counts.pmi(row, column, 1.0 if weighting == "ppmi" else 0.0, cap, workers)


def _smoothed(sums: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Probabilities in proportion to sums ** exponent; 0 where the sum is."""
    powers = np.power(sums, exponent, out=np.zeros_like(sums), where=sums > 0)
    return powers / max(powers.sum(), np.finfo(float).tiny)


def _inverse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
