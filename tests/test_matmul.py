"""The matrix product of csrc/matmul.h against NumPy's in float64: shapes, transposes, edges."""

from __future__ import annotations

import numpy as np
import pytest

from fastembed._native import _blas, _kernels

# rows of a tile, widths of one to three vectors, depths of a block, and one beside each
SHAPES = [
    *[(m, 48, 5) for m in (4, 7, 8, 9, 16, 31)],
    *[(8, n, 3) for n in (1, 2, 7, 8, 15, 16, 17, 24, 33, 47, 48, 49, 97, 145)],
    *[(13, 20, k) for k in (1, 2, 195, 196, 197, 392, 401)],
    (130, 10, 512),
    (784, 70, 32),
    (1100, 17, 400),  # rows in more than one chunk
]


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def operands(m, n, k, transpose_a=False, transpose_b=False):
    rng = np.random.default_rng(m * n + k)
    a = rng.normal(size=(k, m) if transpose_a else (m, k)).astype(np.float32)
    b = rng.normal(size=(n, k) if transpose_b else (k, n)).astype(np.float32)
    a.flags.writeable = b.flags.writeable = False
    exact = (a.T if transpose_a else a).astype(float) @ (b.T if transpose_b else b).astype(float)
    return a, b, exact


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("add", [False, True])
def test_a_product_is_that_of_numpy(isa, transpose_a, transpose_b, add):
    for m, n, k in SHAPES:
        a, b, exact = operands(m, n, k, transpose_a, transpose_b)
        c = np.full((m + 2, n), 3, np.float32)  # a row before and one behind stay as they are
        done = _blas.matmul(
            a, b, c[1:-1], transpose_a=transpose_a, transpose_b=transpose_b, add=add
        )
        assert done == (isa != "base")
        if not done:
            assert (c == 3).all()
            continue
        expected = exact + 3 if add else exact
        np.testing.assert_allclose(c[1:-1], expected, rtol=1e-5, atol=1e-5 * np.sqrt(k))
        assert (c[[0, -1]] == 3).all()


def test_a_product_of_a_row_or_two_is_left_to_others(isa):
    a, b, _ = operands(1, 20, 30)
    c = np.full((1, 20), 3, np.float32)
    assert not _blas.matmul(a, b, c)
    assert (c == 3).all()


def test_a_number_of_a_product_does_not_depend_on_what_is_beside_it(isa):
    a, b, _ = operands(67, 90, 250)
    whole = np.zeros((67, 90), np.float32)
    if not _blas.matmul(a, b, whole):
        pytest.skip("left to BLAS")
    part = np.zeros((12, 41), np.float32)
    _blas.matmul(a[20:32], np.ascontiguousarray(b[:, 30:71]), part)
    np.testing.assert_array_equal(part, whole[20:32, 30:71])


def test_what_is_no_number_stays_in_its_row_and_column():
    a, b, exact = operands(21, 37, 9)
    broken = a.copy()
    broken[5, 3] = np.nan
    c = np.zeros((21, 37), np.float32)
    if not _blas.matmul(broken, b, c):
        pytest.skip("left to BLAS")
    assert np.isnan(c[5]).all()
    others = np.arange(21) != 5
    np.testing.assert_allclose(c[others], exact[others], rtol=1e-5, atol=1e-5)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        _blas.matmul(
            np.ones((2, 3), np.float32), np.ones((4, 5), np.float32), np.ones((2, 5), np.float32)
        )
