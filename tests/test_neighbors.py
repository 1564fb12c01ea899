"""core/neighbors.py and csrc/topk.h against full sorts, for every instruction set."""

from __future__ import annotations

import numpy as np
import oracle_vectors as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed._native import _kernels, _topk
from fastembed.core import neighbors


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def full_sort(scores, k):
    return np.lexsort((np.arange(len(scores)), -scores))[:k]


@pytest.mark.parametrize("m", [0, 1, 5, 63, 64, 65, 1000])
@pytest.mark.parametrize("k", [1, 3, 64, 1200])
def test_best_is_the_head_of_a_full_sort(isa, m, k):
    rng = np.random.default_rng(m * 1000 + k)
    # few distinct values: many ties
    scores = rng.integers(-5, 6, size=(7, m)).astype(np.float32)
    indices, values, sizes = neighbors.best(scores, k)
    assert sizes.tolist() == [min(k, m)] * 7
    for row in range(7):
        expected = full_sort(scores[row], k)
        assert indices[row, : sizes[row]].tolist() == expected.tolist()
        assert values[row, : sizes[row]].tolist() == scores[row, expected].tolist()


def test_nan_and_minus_infinity_never_get_in(isa):
    scores = np.array([[np.nan, 1, -np.inf, 3, np.nan, 2]], dtype=np.float32)
    indices, _, sizes = neighbors.best(scores, 5)
    assert indices[0, : sizes[0]].tolist() == [3, 5, 1]


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=200),
    st.integers(1, 30),
    st.integers(1, 70),
)
def test_scores_in_pieces_give_what_they_give_at_once(scores, k, step):
    row = np.array([scores], dtype=np.float32).reshape(1, -1)
    whole = neighbors.best(row, k)
    k = whole[0].shape[1]
    heap, index, size = np.zeros((1, k), "f4"), np.zeros((1, k), "i8"), np.zeros(1, "i8")
    for start in range(0, row.shape[1], step):
        part = np.ascontiguousarray(row[:, start : start + step])
        _topk.scan(part, None, start, heap, index, size)
    _topk.sort(heap, index, size)
    assert index.tolist() == whole[0].tolist()
    assert heap.tolist() == whole[1].tolist()


@pytest.mark.parametrize(("n", "m", "d"), [(1, 1, 1), (3, 50, 7), (9, 300, 16), (5, 1030, 3)])
def test_nearest_agrees_with_the_oracle(isa, monkeypatch, n, m, d):
    monkeypatch.setattr(neighbors, "QUERIES", 4)
    monkeypatch.setattr(neighbors, "ROWS", 128)
    rng = np.random.default_rng(n + m)
    padded = rng.normal(size=(m, d + 5)).astype(np.float32)
    vectors = padded[:, :d]
    queries = rng.normal(size=(n, d)).astype(np.float32)
    scale = neighbors.inverse_norms(neighbors.row_norms(vectors))
    indices, scores, _ = neighbors.nearest(vectors, scale, queries, 10)
    assert indices.tolist() == oracle.nearest(vectors, queries, 10)
    cosines = (queries @ vectors.T) * scale
    np.testing.assert_allclose(
        scores, np.take_along_axis(cosines, indices, axis=1), rtol=2e-5, atol=2e-5
    )


def test_norms_in_blocks_are_the_norms(monkeypatch):
    monkeypatch.setattr(neighbors, "NORM_BLOCK", 10)
    vectors = np.random.default_rng(0).normal(size=(35, 6)).astype(np.float32)
    assert neighbors.row_norms(vectors).tolist() == np.linalg.norm(vectors, axis=1).tolist()
    assert neighbors.inverse_norms(np.array([0, 2], np.float32)).tolist() == [0, 0.5]


def test_cosmul_agrees_with_the_oracle(isa, monkeypatch):
    monkeypatch.setattr(neighbors, "ROWS", 50)
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(170, 9)).astype(np.float32)
    scale = neighbors.inverse_norms(neighbors.row_norms(vectors))
    units = vectors * scale[:, None]
    abc = rng.integers(0, 170, size=(25, 3))
    indices, scores, _ = neighbors.nearest_cosmul(vectors, scale, units, abc, 6)
    for row, (a, b, c) in enumerate(abc):
        expected = oracle.cosmul(units, a, b, c)
        np.testing.assert_allclose(scores[row], np.sort(expected)[::-1][:6], rtol=1e-4)
        np.testing.assert_allclose(expected[indices[row]], scores[row], rtol=1e-4)


def test_shapes_are_checked():
    heap, index, size = np.zeros((2, 3), "f4"), np.zeros((2, 3), "i8"), np.zeros(2, "i8")
    dots = np.zeros((2, 8), "f4")
    with pytest.raises(ValueError, match="scale must have 8"):
        _topk.scan(dots, np.ones(7, "f4"), 0, heap, index, size)
    with pytest.raises(ValueError, match="both be"):
        _topk.scan(np.zeros((3, 8), "f4"), None, 0, heap, index, size)
    with pytest.raises(ValueError, match="sizes"):
        _topk.scan(dots, None, 0, heap, index, np.zeros(1, "i8"))
    with pytest.raises(ValueError, match="cannot hold 4"):
        _topk.sort(heap, index, np.array([1, 4]))
    with pytest.raises(IndexError, match="out of range"):
        _topk.cosmul(dots, np.array([[0, 1, 2], [0, 0, 0]]), 0, heap, index, size)
