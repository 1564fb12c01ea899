"""Nearest rows of a matrix by cosine, for many queries at once.

Blocks of queries times blocks of rows by the BLAS, and a compiled scan that keeps the k best of
each query while the scores are still in the cache. Rows are not normalised: the scan multiplies
each score by the row's inverse norm. Memory is one block of scores, whatever the sizes.

Products are `np.matmul`: it takes rows that are padded to 64 bytes as they are; `np.dot` first
copies them.

The scan of `nearest` has one thread: between two products it is short, and threads that wait for
its next call would take the cores from those of the BLAS.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _topk
from fastembed.core.threads import resolve_workers

__all__ = ["best", "inverse_norms", "nearest", "nearest_cosmul", "row_norms"]

QUERIES = 2048  # queries in a block
ROWS = 1024  # rows in a block
NORM_BLOCK = 1 << 14  # rows whose squares are in memory at a time

Best = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]


def row_norms(vectors: NDArray[Any]) -> NDArray[Any]:
    """Euclidean norm of each row, shape (n,), the dtype of the vectors."""
    norms = np.empty(len(vectors), dtype=vectors.dtype)
    for a in range(0, len(vectors), NORM_BLOCK):
        norms[a : a + NORM_BLOCK] = np.linalg.norm(vectors[a : a + NORM_BLOCK], axis=1)
    return norms


def inverse_norms(norms: NDArray[Any]) -> NDArray[np.float32]:
    """1 / norm as float32, 0 for a row of zeros, whose cosines are then 0."""
    with np.errstate(divide="ignore"):
        return np.where(norms > 0, 1 / norms, 0).astype(np.float32)


class _Heaps:
    """The k best of each of n queries, so far."""

    def __init__(self, n: int, k: int) -> None:
        self.scores = np.zeros((n, k), dtype=np.float32)
        self.indices = np.full((n, k), -1, dtype=np.int64)
        self.sizes = np.zeros(n, dtype=np.int64)

    def result(self) -> Best:
        _topk.sort(self.scores, self.indices, self.sizes)
        return self.indices, self.scores, self.sizes


def best(scores: NDArray[Any], k: int) -> Best:
    """The k largest of each row of scores (n, m), best first, equal ones by index.

    Returns
    -------
    indices : ndarray of int64, shape (n, k)
    scores : ndarray of float32, shape (n, k)
    sizes : ndarray of int64, shape (n,)
        How many entries of a row count: fewer than k if there are fewer scores. NaN never counts.
    """
    n, m = scores.shape
    heaps = _Heaps(n, min(k, m))
    rows = np.ascontiguousarray(scores, dtype=np.float32)
    _topk.scan(rows, None, 0, heaps.scores, heaps.indices, heaps.sizes)
    return heaps.result()


def nearest(
    vectors: NDArray[Any],
    scale: NDArray[np.float32],
    queries: NDArray[Any],
    k: int,
) -> Best:
    """The k rows with the largest ``scale[row] * (vectors[row] @ query)`` for each query.

    Parameters
    ----------
    vectors : ndarray of shape (m, d)
        Rows may be strided; blocks that are not float32 are converted one at a time.
    scale : ndarray of float32, shape (m,)
    queries : ndarray of shape (n, d)
        Unit vectors, if the scores are to be cosines.

    Returns
    -------
    indices, scores, sizes
        As of `best`, indices of rows of ``vectors``.
    """
    n, m = len(queries), len(vectors)
    heaps = _Heaps(n, min(k, m))
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    buffer = np.empty(min(n, QUERIES) * min(m, ROWS), dtype=np.float32)
    for a in range(0, n, QUERIES):
        q = queries[a : a + QUERIES]
        part = slice(a, a + len(q))
        for b in range(0, m, ROWS):
            rows = vectors[b : b + ROWS].astype(np.float32, copy=False)
            dots = buffer[: len(q) * len(rows)].reshape(len(q), len(rows))
            np.matmul(q, rows.T, out=dots)
            _topk.scan(
                dots,
                scale[b : b + ROWS],
                b,
                heaps.scores[part],
                heaps.indices[part],
                heaps.sizes[part],
            )
    return heaps.result()


def nearest_cosmul(
    vectors: NDArray[Any],
    scale: NDArray[np.float32],
    units: NDArray[Any],
    abc: NDArray[np.int64],
    k: int,
) -> Best:
    """The k rows with the largest 3CosMul score, b * c / (a + 1e-6), for each analogy a : b, c : ?

    Parameters
    ----------
    units : ndarray of shape (u, d)
        The unit vectors of the words that the analogies are made of.
    abc : ndarray of int64, shape (n, 3)
        Each analogy as three rows of ``units``.
    """
    m = len(vectors)
    heaps, threads = _Heaps(len(abc), min(k, m)), resolve_workers()
    units = np.ascontiguousarray(units, dtype=np.float32)
    for b in range(0, m, ROWS):
        rows = vectors[b : b + ROWS].astype(np.float32, copy=False)
        cosines = np.matmul(units, rows.T)
        cosines *= scale[b : b + ROWS]
        _topk.cosmul(cosines, abc, b, heaps.scores, heaps.indices, heaps.sizes, threads)
    return heaps.result()
