"""csrc/spmm.h and csrc/sparse.h against NumPy, for every instruction set and number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed._native import _kernels, _panel
from fastembed._native._sparse import CSR


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def dense(n, m, density=0.2, seed=0):
    """Positive numbers with gaps, an empty row and an empty column."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(1, 9, size=(n, m)) * (rng.random((n, m)) < density)
    matrix[n // 2 : n // 2 + 1] = 0
    matrix[:, m // 3 : m // 3 + 1] = 0
    return matrix.astype(np.float32)


def compressed(matrix):
    rows, indices = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(len(matrix) + 1)).astype(np.int64)
    return CSR(indptr, indices.astype(np.int32), matrix[rows, indices], matrix.shape[1])


def restored(csr):
    matrix = np.zeros(csr.shape, dtype=np.float64)
    for i in range(csr.shape[0]):
        part = slice(csr.indptr[i], csr.indptr[i + 1])
        assert np.all(np.diff(csr.indices[part]) > 0)
        matrix[i, csr.indices[part]] = csr.data[part]
    return matrix


@pytest.mark.parametrize("width", [0, 16, 32, 48, 64, 112, 144, 272])
@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (300, 7), (211, 97)])
def test_product(isa, shape, width):
    matrix = dense(*shape)
    csr = compressed(matrix)
    x = np.random.default_rng(1).standard_normal((shape[1], width)).astype(np.float32)
    expected = matrix.astype(np.float64) @ x
    out = np.full((shape[0], width), np.nan, dtype=np.float32)
    csr.dot(x, out, 1)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-4)
    for workers in (2, 4):
        again = np.full_like(out, np.nan)
        csr.dot(x, again, workers)
        assert np.array_equal(out, again)


def test_product_of_many_chunks_is_the_same_for_any_workers(isa):
    rng = np.random.default_rng(2)
    n, per_row = 3000, 70
    indices = np.sort(rng.integers(0, n, size=(n, per_row)), axis=1).astype(np.int32).ravel()
    data = rng.standard_normal(len(indices)).astype(np.float32)
    csr = CSR(np.arange(0, len(indices) + 1, per_row), indices, data, n)
    x = rng.standard_normal((n, 32)).astype(np.float32)
    products = [np.zeros((n, 32), dtype=np.float32) for _ in range(3)]
    for workers, out in zip((1, 2, 4), products, strict=True):
        csr.dot(x, out, workers)
    assert np.array_equal(products[0], products[1])
    assert np.array_equal(products[0], products[2])
    row = x[indices[:per_row]].astype(np.float64) * data[:per_row, np.newaxis]
    np.testing.assert_allclose(products[0][0], row.sum(axis=0), atol=1e-4)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_product_with_nothing(isa, shape):
    csr = CSR(np.zeros(shape[0] + 1, dtype=np.int64), *empty(), shape[1])
    out = np.full((shape[0], 16), np.nan, dtype=np.float32)
    csr.dot(np.zeros((shape[1], 16), dtype=np.float32), out)
    assert not out.any()
    assert csr.transpose(2).shape == shape[::-1]
    assert [len(part) for part in csr.sums()] == list(shape)


def empty():
    return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (300, 7), (211, 97)])
def test_transpose_sums(shape, workers):
    matrix = dense(*shape, seed=3)
    csr = compressed(matrix)
    assert np.array_equal(restored(csr.transpose(workers)), matrix.T)
    for cap in (np.inf, 3.0):
        rows, columns = csr.sums(cap, workers)
        capped = np.minimum(matrix, cap).astype(np.float64)
        assert np.array_equal(rows, capped.sum(axis=1))
        assert np.array_equal(columns, capped.sum(axis=0))


@given(
    n=st.integers(1, 12), m=st.integers(1, 12), seed=st.integers(0, 9),
    least=st.sampled_from([0.0, 1.0, 2.5]), cap=st.sampled_from([np.inf, 4.0]),
    workers=st.sampled_from([1, 2, 4]),
)  # fmt: skip
def test_logarithms_of_ratios(n, m, seed, least, cap, workers):
    rng = np.random.default_rng(seed)
    matrix = dense(n, m, density=0.6, seed=seed)
    row, column = rng.random(n) + 0.1, rng.random(m) + 0.1
    ratio = np.minimum(matrix, cap) * row[:, np.newaxis] * column
    expected = np.where(ratio > least, np.log(np.maximum(ratio, 1e-9)), 0.0)
    found = compressed(matrix).pmi(row, column, least, cap, workers)
    assert len(found.data) == np.count_nonzero(ratio > least)
    np.testing.assert_allclose(restored(found), expected, rtol=1e-6, atol=1e-7)


def test_read_only_and_mapped_arrays(tmp_path):
    matrix = dense(40, 30)
    csr = compressed(matrix)
    arrays = []
    for name in ("indptr", "indices", "data"):
        np.save(tmp_path / f"{name}.npy", getattr(csr, name))
        arrays.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    mapped = CSR(*arrays, 30)
    x, out = np.ones((30, 16), dtype=np.float32), np.empty((40, 16), dtype=np.float32)
    x.flags.writeable = False
    mapped.dot(x, out, 2)
    assert np.array_equal(out[:, 3], matrix.sum(axis=1))


def test_what_does_not_fit_is_refused():
    good = (np.array([0, 1, 2]), np.array([0, 2], dtype=np.int32), np.ones(2, dtype=np.float32))
    CSR(*good, 3)
    for wrong in ([0, 1], [1, 1, 2], [0, 2, 1], [0, 1, 3], [0, -1, 2], []):
        with pytest.raises(ValueError, match="indptr"):
            CSR(np.array(wrong, dtype=np.int64), *good[1:], 3)
    with pytest.raises(ValueError, match="indices must be in 0"):
        CSR(*good, 2)
    with pytest.raises(ValueError, match="indices must be in 0"):
        CSR(good[0], np.array([0, -1], dtype=np.int32), good[2], 3)
    with pytest.raises(ValueError, match="as many data"):
        CSR(good[0], good[1], good[2][:1], 3)
    csr = CSR(*good, 3)
    out = np.empty((2, 16), dtype=np.float32)
    with pytest.raises(ValueError, match="x must be"):
        csr.dot(np.ones((2, 16), dtype=np.float32), out)
    with pytest.raises(ValueError, match="x must be"):
        csr.dot(np.ones((3, 32), dtype=np.float32), out)
    with pytest.raises(ValueError, match="multiple of 16"):
        csr.dot(np.ones((3, 8), dtype=np.float32), out[:, :8].copy())
    with pytest.raises(ValueError, match="row must have"):
        csr.pmi(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="least"):
        csr.pmi(np.ones(2), np.ones(3), np.nan)
    with pytest.raises(ValueError, match="Buffer dtype mismatch"):
        csr.dot(np.ones((3, 16)), out)


# ------------------------------------------------------------------------------ csrc/panel.h


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("width", [16, 32, 48, 112])
@pytest.mark.parametrize("rows", [1, 7, 8, 300, 1500])
def test_panels(isa, rows, width, workers):
    rng = np.random.default_rng(rows + width)
    # strided: parts of wider matrices
    p = rng.standard_normal((rows, 208)).astype(np.float32)[:, 16:176]
    x = rng.standard_normal((rows, width + 32)).astype(np.float32)[:, :width]
    p64, x64 = p.astype(np.float64), x.astype(np.float64)
    cross = _panel.cross(p, x, workers)
    np.testing.assert_allclose(cross, p64.T @ x64, atol=1e-3)
    assert np.array_equal(cross, _panel.cross(p, x, 1))
    np.testing.assert_allclose(_panel.gram(p, workers), p64.T @ p64, atol=1e-9)
    c = rng.standard_normal((160, width)).astype(np.float32)
    out = np.full((rows, width), np.nan, dtype=np.float32)
    _panel.apply(p, c, out, 0.0, workers)
    np.testing.assert_allclose(out, p64 @ c, atol=1e-3)
    mixed = x.copy()
    _panel.apply(p, c, mixed, -2.0, workers)
    np.testing.assert_allclose(mixed, p64 @ c - 2 * x64, atol=1e-3)


def test_panels_that_do_not_fit_are_refused():
    p, x = np.ones((5, 32), dtype=np.float32), np.ones((5, 16), dtype=np.float32)
    c = np.ones((32, 16), dtype=np.float32)
    with pytest.raises(ValueError, match="as many rows"):
        _panel.cross(p, x[:4])
    with pytest.raises(ValueError, match="multiple of 16"):
        _panel.gram(p[:, :17])
    with pytest.raises(ValueError, match="side by side"):
        _panel.gram(p[:, ::2])
    with pytest.raises(ValueError, match="rows at multiples"):
        _panel.gram(x[::-1])
    with pytest.raises(ValueError, match="x must be"):
        _panel.apply(p, c[:16], x)
    with pytest.raises(ValueError, match="empty"):
        _panel.apply(p[:0], c, x[:0])
    assert not _panel.cross(p[:0], x[:0]).any()
    assert not _panel.gram(p[:0]).any()
