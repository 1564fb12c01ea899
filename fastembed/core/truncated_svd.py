"""The k largest singular values of a sparse matrix, with their vectors: exactly, or fast.

Exactly: implicitly restarted Lanczos (ARPACK, by scipy) in float64. Fast: randomised block Krylov
(Musco & Musco, "Randomized block Krylov methods for stronger and faster approximate singular value
decomposition", 2015) in float32 blocks over the product of csrc/spmm.h. docs/svd.md has the steps
and the measured error of the second against the first.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _panel
from fastembed._native._sparse import CSR
from fastembed.core.errors import TrainingError
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers

__all__ = ["SVD", "Solver", "truncated_svd"]

Solver = Literal["randomized", "exact"]

_Block = NDArray[np.float32]

LINE = 16  # columns of a block are a multiple of this: whole cache lines for the product
# Singular values below these shares of the largest are rounding errors and count as zero.
RANK_FLOAT32, RANK_FLOAT64 = 1e-6, 1e-12
# Shares of a squared norm: what is but rounding errors; what is so small that these show in it.
NOISE, SMALL = 1e-11, 1e-4


class SVD(NamedTuple):
    """Part of a singular value decomposition: matrix ~ u @ diag(s) @ v.T, s falling.

    The largest number of each column of ``u`` (the first such one, without its sign) is positive.
    Where the matrix has a rank below k, the values beyond are 0 and so are their vectors.
    """

    u: NDArray[np.float32]  # (n_rows, k)
    s: NDArray[np.float64]  # (k,)
    v: NDArray[np.float32]  # (n_columns, k)


def truncated_svd(
    matrix: CSR,
    k: int,
    *,
    transposed: CSR | None = None,
    solver: Solver = "randomized",
    n_iter: int = 12,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SVD:
    """The k largest singular values and vectors of a sparse matrix.

    Parameters
    ----------
    matrix : CSR, shape (n, m)
    k : int
        1 to min(n, m).
    transposed : CSR, optional
        ``matrix.transpose()`` where it is at hand (a symmetric matrix is its own).
    solver : {"randomized", "exact"}
    n_iter : int
        Steps of the randomised method, each one product with the matrix and one with its
        transpose: more are more exact. It has no say in the exact one.
    seed : int
        Of the first block.
    workers : int, optional
        Threads of the products. The result does not depend on it.
    progress : Progress, optional

    Raises
    ------
    ValueError
        ``k`` or ``n_iter`` is out of range, or a value of the matrix is not finite.
    TrainingError
        ARPACK does not converge.

    Examples
    --------
    >>> indptr, indices = np.array([0, 1, 2]), np.array([1, 0], dtype=np.int32)
    >>> svd = truncated_svd(CSR(indptr, indices, np.array([2, 3], dtype=np.float32), 2), 1)
    >>> svd.u.ravel().round(3).tolist(), svd.s.round(3).tolist(), svd.v.ravel().round(3).tolist()
    ([0.0, 1.0], [3.0], [1.0, 0.0])
    """
    if solver not in get_args(Solver):
        raise ValueError(f"solver must be one of {', '.join(get_args(Solver))}; got {solver!r}")
    if not 1 <= k <= min(matrix.shape):
        raise ValueError(
            f"a matrix of {matrix.shape[0]} x {matrix.shape[1]} has {min(matrix.shape)} singular "
            f"values; {k} of them were asked for"
        )
    if n_iter < 1:
        raise ValueError(f"n_iter must be an integer >= 1; got {n_iter}")
    data = matrix.data
    if len(data) and not np.isfinite([data.min(), data.max()]).all():
        raise ValueError("the matrix has a value that is not finite")
    progress = progress or Progress()
    if solver == "exact":
        return _exact(matrix, k, seed, progress)
    workers = resolve_workers(workers)
    if transposed is None:
        transposed = matrix.transpose(workers)
    # the basis lies on the shorter side, where it takes less memory
    if matrix.shape[0] < matrix.shape[1]:
        v, s, u = _krylov(transposed, matrix, k, n_iter, seed, workers, progress)
    else:
        u, s, v = _krylov(matrix, transposed, k, n_iter, seed, workers, progress)
    return _signed(u, s, v)


def _signed(u: NDArray[Any], s: NDArray[np.float64], v: NDArray[Any]) -> SVD:
    """Choose the sign of each pair of vectors."""
    largest = np.abs(u).argmax(axis=0)
    sign = np.where(u[largest, np.arange(len(s))] < 0, -1, 1).astype(u.dtype)
    return SVD((u * sign).astype(np.float32), s, (v * sign).astype(np.float32))


def _exact(matrix: CSR, k: int, seed: int, progress: Progress) -> SVD:
    """By ARPACK, or by LAPACK where most singular values are wanted."""
    from scipy.linalg import svd
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import ArpackError, svds

    progress.start(None, "solution", "singular values")
    whole = csr_array((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    whole = whole.astype(np.float64)
    if 2 * k >= min(matrix.shape) or not len(matrix.data):
        u, s, vt = svd(whole.toarray(), full_matrices=False)
    else:
        first = np.random.default_rng(seed).standard_normal(min(matrix.shape))
        try:
            u, s, vt = svds(whole, k=k, solver="arpack", v0=first)
        except ArpackError as error:
            raise TrainingError(
                f"ARPACK does not converge ({error}); use solver='randomized'"
            ) from None
    progress.close()
    order = np.argsort(-s, kind="stable")[:k]
    u, s, v = u[:, order], s[order].copy(), vt[order].T
    return _signed(*_without_noise(u, s, v, RANK_FLOAT64))


def _without_noise(
    u: NDArray[Any], s: NDArray[np.float64], v: NDArray[Any], share: float
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[Any]]:
    """Zeros for singular values that are nothing but rounding errors, and for their vectors."""
    noise = ~(s > share * s[0])
    if noise.any():
        s, u, v = np.where(noise, 0.0, s), np.where(noise, 0, u), np.where(noise, 0, v)
    return u, s, v


# ---------------------------------------------------------------------------------- randomised


def _krylov(
    matrix: CSR, transposed: CSR, k: int, n_iter: int, seed: int, workers: int, progress: Progress
) -> tuple[_Block, NDArray[np.float64], _Block]:
    """Rayleigh-Ritz on the block Krylov space of A^T A: the best of A within the span of Q.

    Q = [Q_1 ... Q_n_iter] is an orthonormal basis of X, (A^T A) X, (A^T A)^2 X ...; W = A Q comes
    with it. The singular value decomposition of W, by the eigenvectors of W^T W in float64, is
    that of A restricted to the span.
    """
    n, m = matrix.shape
    block = _block_size(k, n_iter)
    if block * n_iter >= m:
        # the space is everything: no iteration, nothing random, exact up to rounding
        block = -(-m // LINE) * LINE
        n_iter = 1
        x = np.eye(m, block, dtype=np.float32)
    else:
        x = np.random.default_rng(seed).standard_normal((m, block), dtype=np.float32)
    d = block * n_iter
    basis, image = np.empty((m, d), dtype=np.float32), np.empty((n, d), dtype=np.float32)
    y = np.empty((n, block), dtype=np.float32)
    progress.start(n_iter, "step", "singular values")
    for i in range(n_iter):
        here = slice(i * block, (i + 1) * block)
        x = _orthonormal(x, basis[:, : here.start], 2 * block, workers)
        basis[:, here] = x
        matrix.dot(x, y, workers)
        image[:, here] = y
        if i < n_iter - 1:
            transposed.dot(y, x, workers)
        progress.update(i + 1)
    progress.close()
    from scipy.linalg import eigh

    square, ritz = eigh(_panel.gram(image, workers), subset_by_index=[d - k, d - 1])
    s, ritz = np.sqrt(np.maximum(square[::-1], 0.0)), ritz[:, ::-1]
    scale = np.divide(1.0, s, out=np.zeros_like(s), where=s > 0)
    u = _combine(image, ritz * scale, workers)
    v = _combine(basis, ritz, workers)
    return _without_noise(u, s, v, RANK_FLOAT32)


def _combine(panel: _Block, weights: NDArray[np.float64], workers: int) -> _Block:
    """panel @ weights, float32, for any number of columns."""
    d, k = weights.shape
    padded = np.zeros((d, -(-k // LINE) * LINE), dtype=np.float32)
    padded[:, :k] = weights
    out = np.empty((len(panel), padded.shape[1]), dtype=np.float32)
    _panel.apply(panel, padded, out, workers=workers)
    return out[:, :k]


def _block_size(k: int, n_iter: int) -> int:
    """Columns of a block: a quarter of k, and enough for a basis of two and a half times k."""
    return -(-max(-(-k // 4), -(-(5 * k // 2 + 10) // n_iter)) // LINE) * LINE


def _orthonormal(x: _Block, basis: _Block, recent: int, workers: int) -> _Block:
    """The columns of x made orthonormal and orthogonal to those of the basis; x is overwritten.

    What (A^T A) times the last block has of the basis lies in the last two blocks, but for
    rounding: these are taken out first, so that one pass over the whole basis does the rest.
    Directions of which nothing but rounding errors is left become columns of zeros.
    """
    before = np.sqrt(np.einsum("ij,ij->j", x, x, dtype=np.float64))
    _project_out(x, basis[:, max(0, basis.shape[1] - recent) :], workers)
    _project_out(x, basis, workers)
    whitening, left = _whitening(x, before, NOISE, workers)
    out = np.empty_like(x)
    _panel.apply(x, whitening, out, workers=workers)
    # the second time mends what the rounding errors of the first left of the basis and of the
    # other columns: the more, the less there was of a direction
    if left < SMALL:
        _project_out(out, basis, workers)
    whitening, _ = _whitening(out, np.ones(x.shape[1]), 0.25, workers)
    _panel.apply(out, whitening, x, workers=workers)
    return x


def _project_out(x: _Block, basis: _Block, workers: int) -> None:
    if basis.shape[1]:
        _panel.apply(basis, -_panel.cross(basis, x, workers), x, 1.0, workers)


def _whitening(
    x: _Block, norms: NDArray[np.float64], least: float, workers: int
) -> tuple[_Block, float]:
    """R such that x R has orthonormal columns (Stathopoulos & Wu 2002, SVQB).

    Directions in which x has less than ``least`` of the squared ``norms`` become zeros. Also
    returns the smallest such share that stays.
    """
    from scipy.linalg import eigh

    scale = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    values, vectors = eigh(_panel.gram(x, workers) * scale * scale[:, np.newaxis])
    there = values > least
    root = np.zeros_like(values)
    root[there] = values[there] ** -0.5
    whitening = (scale[:, np.newaxis] * vectors * root).astype(np.float32, order="C")
    return whitening, float(values[there].min(initial=1.0))
