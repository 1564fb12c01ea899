"""core/truncated_svd.py against LAPACK's whole decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_svd_kernel import compressed, dense

from fastembed._native._sparse import CSR
from fastembed.core.truncated_svd import truncated_svd


def check(svd, matrix, k, tolerance):
    """Singular values those of LAPACK, vectors orthonormal, products A v = s u and A^T u = s v."""
    expected = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)[:k]
    n, m = matrix.shape
    assert (svd.u.shape, svd.s.shape, svd.v.shape) == ((n, k), (k,), (m, k))
    assert (svd.u.dtype, svd.s.dtype, svd.v.dtype) == (np.float32, np.float64, np.float32)
    largest = max(expected[0], 1e-30)
    np.testing.assert_allclose(svd.s / largest, expected / largest, atol=tolerance)
    there = svd.s > 1e-4 * largest
    for side in (svd.u[:, there], svd.v[:, there]):
        np.testing.assert_allclose(side.T @ side, np.eye(there.sum()), atol=1e-3)
    np.testing.assert_allclose(
        matrix @ svd.v / largest, svd.u * svd.s / largest, atol=10 * tolerance
    )
    np.testing.assert_allclose(
        matrix.T @ svd.u / largest, svd.v * svd.s / largest, atol=10 * tolerance
    )
    top = np.abs(svd.u).argmax(axis=0)
    assert np.all(svd.u[top, np.arange(k)] >= 0)


@given(
    n=st.integers(1, 40), m=st.integers(1, 40), seed=st.integers(0, 99),
    solver=st.sampled_from(["exact", "randomized"]), data=st.data(),
)  # fmt: skip
def test_small_matrices_are_exact(n, m, seed, solver, data):
    matrix = dense(n, m, density=0.4, seed=seed)
    k = data.draw(st.integers(1, min(n, m)))
    check(truncated_svd(compressed(matrix), k, solver=solver), matrix, k, 2e-6)


@pytest.fixture(scope="module", params=[(300, 400), (400, 300)], ids=str)
def matrix(request):
    """A spectrum that falls like that of PPMI: a few large values and a slow tail."""
    n, m = request.param
    rng = np.random.default_rng(5)
    u, v = (np.linalg.qr(rng.standard_normal((size, 250)))[0] for size in (n, m))
    s = 100 * np.arange(1, 251) ** -0.6
    found = ((u * s) @ v.T).astype(np.float32)
    found[np.abs(found) < 0.02] = 0
    return found


def test_exact(matrix):
    check(truncated_svd(compressed(matrix), 20, solver="exact"), matrix, 20, 1e-6)


def test_randomized_is_more_exact_with_more_steps(matrix):
    expected = np.linalg.svd(matrix, compute_uv=False)[:20]
    error = {}
    for n_iter in (1, 2, 4, 8, 12):
        s = truncated_svd(compressed(matrix), 20, n_iter=n_iter).s
        # a projection cannot have more than the matrix
        assert np.all(s <= expected * (1 + 1e-5))
        error[n_iter] = np.max(1 - s / expected)
    assert error[1] > error[2] > error[4] > error[8]
    assert error[8] < 1e-3
    assert error[12] < 1e-5
    check(truncated_svd(compressed(matrix), 20, n_iter=12), matrix, 20, 1e-4)


def test_result_does_not_depend_on_workers_nor_on_the_transpose_given(matrix):
    csr = compressed(matrix)
    first = truncated_svd(csr, 12, workers=1, n_iter=4)
    for other in (
        truncated_svd(csr, 12, workers=2, n_iter=4),
        truncated_svd(csr, 12, workers=4, n_iter=4, transposed=csr.transpose()),
    ):
        for a, b in zip(first, other, strict=True):
            assert np.array_equal(a, b)
    assert not np.array_equal(first.u, truncated_svd(csr, 12, n_iter=4, seed=2).u)


@pytest.mark.parametrize("solver", ["exact", "randomized"])
def test_less_rank_than_asked_for_gives_zeros(solver):
    rng = np.random.default_rng(3)
    low = (rng.integers(0, 9, (300, 3)) @ rng.integers(0, 9, (3, 400))).astype(np.float32)
    svd = truncated_svd(compressed(low), 6, solver=solver)
    assert np.all(svd.s[:3] > 0)
    assert not svd.s[3:].any()
    assert not svd.u[:, 3:].any()
    assert not svd.v[:, 3:].any()
    np.testing.assert_allclose((svd.u * svd.s) @ svd.v.T, low, atol=1e-2)


@pytest.mark.parametrize("solver", ["exact", "randomized"])
def test_nothing_but_zeros(solver):
    nothing = CSR(np.zeros(301, dtype=np.int64), np.empty(0, "i4"), np.empty(0, "f4"), 200)
    svd = truncated_svd(nothing, 4, solver=solver)
    assert svd.u.shape == (300, 4)
    assert not any(part.any() for part in svd)


def test_wrong_arguments():
    csr = compressed(dense(9, 7))
    for k in (0, 8):
        with pytest.raises(ValueError, match="9 x 7 has 7 singular values"):
            truncated_svd(csr, k)
    with pytest.raises(ValueError, match="solver must be one of randomized, exact"):
        truncated_svd(csr, 2, solver="magic")
    with pytest.raises(ValueError, match="n_iter"):
        truncated_svd(csr, 2, n_iter=0)
    bad = dense(9, 7)
    bad[3, 3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        truncated_svd(compressed(bad), 2)
