"""The seam to BLAS: row-major products, one thread while a native call runs."""

from __future__ import annotations

import numpy as np
import pytest

from fastembed._native import _blas
from fastembed.core.threads import single_threaded_blas


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (64, 10, 33), (1, 17, 300)])
def test_products_are_those_of_numpy(dtype, transpose_a, transpose_b, shape):
    m, n, k = shape
    rng = np.random.default_rng(1)
    a = rng.normal(size=(k, m) if transpose_a else (m, k)).astype(dtype)
    b = rng.normal(size=(n, k) if transpose_b else (k, n)).astype(dtype)
    c = rng.normal(size=(m, n)).astype(dtype)
    expected = 0.5 * (a.T if transpose_a else a) @ (b.T if transpose_b else b) + 2 * c
    _blas.gemm(a, b, c, transpose_a=transpose_a, transpose_b=transpose_b, alpha=0.5, beta=2.0)
    np.testing.assert_allclose(c, expected, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-5)


def test_shapes_that_do_not_fit_are_refused():
    a, b = np.ones((2, 3)), np.ones((4, 5))
    with pytest.raises(ValueError, match="do not fit"):
        _blas.gemm(a, b, np.ones((2, 5)))


def test_blas_is_held_to_one_thread_and_let_go():
    from threadpoolctl import threadpool_info

    _blas.gemm(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)))

    def threads():
        found = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        assert found, "no BLAS was found, scipy's least of all"
        return found

    before = threads()
    with single_threaded_blas():
        assert set(threads()) == {1}
    assert threads() == before
