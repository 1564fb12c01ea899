"""csrc/cooc.h from below: rounding, overflow, arguments that do not fit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import oracle_cooc as oracle
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastembed._native import _cooc, _cooc_text
from fastembed.embed.cooccurrence_task import window_weights

SCALES = [1, 2, 3, 7, 10000, 360360, 232792560, 2**28 - 1, 2**32]


@given(st.integers(1, 2**64 - 1), st.sampled_from(SCALES))
@example(2**64 - 1, 1)
@example(2**52, 3)
@example(2**62, 2**28 - 1)
def test_quotients_are_rounded_once(count, scale):
    assert _cooc.quotient(count, scale) == oracle.nearest_float32(Fraction(count, scale))


@given(st.integers(2**23, 2**24 - 1), st.sampled_from([3, 360360, 2**28 - 1]), st.integers(-40, 3))
def test_quotients_next_to_the_middle_of_two_floats(mantissa, scale, exponent):
    # the integers around (mantissa + 1/2) * 2**exponent * scale: rounding twice would err here
    middle = Fraction(2 * mantissa + 1, 2) * Fraction(2) ** exponent * scale
    for count in {int(middle), int(middle) + 1} - {0}:
        assert _cooc.quotient(count, scale) == oracle.nearest_float32(Fraction(count, scale))


@pytest.mark.parametrize("scale", [0, 2**28 + 1, 2**31 + 5])
def test_scales_that_are_not_exact(scale):
    with pytest.raises(ValueError, match="scale"):
        _cooc.quotient(1, scale)


@pytest.mark.parametrize("window", [1, 2, 15, 22, 23, 100])
@pytest.mark.parametrize("kind", ["harmonic", "flat", "linear"])
def test_weights(kind, window):
    weights, scale = window_weights(kind, window)
    assert [Fraction(int(w), scale) for w in weights] == [
        oracle.weight(kind, window, d) for d in range(1, window + 1)
    ]


def merge(pieces, n_columns=4, scale=1, dtype=np.float32):
    """One row of several pieces of (column, count)."""
    columns = np.array([c for piece in pieces for c, _ in piece], dtype=np.uint32)
    counts = np.array([n for piece in pieces for _, n in piece], dtype=np.uint64)
    ends = np.cumsum([0, *map(len, pieces)]).astype(np.uint64)
    work = _cooc.Runs(columns, counts, np.stack([ends[:-1], ends[1:]], axis=1))
    out, values = np.empty(10, np.uint32), np.empty(10, dtype)
    sizes = np.zeros(1, np.uint64)
    counter = _cooc.Counter(n_columns, scale, 2)
    ends = np.array([0, 1], np.uint64), np.array([0, 10], np.uint64)
    used = counter.run(work, *ends, out, values, sizes)
    assert used.tolist() == sizes.tolist()
    n = int(used[0])
    return dict(zip(out[:n].tolist(), values[:n].tolist(), strict=True))


def test_pieces_are_added_up():
    pieces = [[(0, 3), (3, 1)], [], [(1, 5), (3, 2)]]
    assert merge(pieces) == {0: 3, 1: 5, 3: 3}
    assert merge(pieces, dtype=np.uint64) == {0: 3, 1: 5, 3: 3}
    assert merge(pieces, scale=2) == {0: 1.5, 1: 2.5, 3: 1.5}


def test_a_sum_that_overflows_is_an_error():
    top = 2**64 - 1
    assert merge([[(0, top)]], dtype=np.uint64) == {0: top}
    with pytest.raises(OverflowError, match="co-occurrence"):
        merge([[(0, top)], [(0, 1)]])


@pytest.mark.parametrize("piece", [[(4, 1)], [(0, 0)]])
def test_columns_and_counts_are_checked(piece):
    with pytest.raises(ValueError, match="co-occurrence"):
        merge([piece])


def test_columns_of_a_wide_matrix_come_in_order():
    rng = np.random.default_rng(2)
    columns = rng.choice(300_000, size=2000, replace=False)
    pieces = [[(int(c), 1)] for c in columns]
    work = _cooc.Runs(
        columns.astype(np.uint32), None, np.array([[0, len(pieces)]], dtype=np.uint64)
    )
    counter = _cooc.Counter(300_000, 1, 1)
    out, values = np.empty(2000, np.uint32), np.empty(2000, np.float32)
    sizes, ends = np.zeros(1, np.uint64), np.array([0, 1], np.uint64)
    # twice: the first row leaves nothing behind
    for _ in range(2):
        counter.run(work, ends, np.array([0, 2000], np.uint64), out, values, sizes)
        assert out.tolist() == sorted(columns.tolist())
        assert (values == 1).all()


def test_an_index_needs_a_text_that_is_laid_out():
    end = _cooc_text.END
    good = np.array([end, 0, 1, end], dtype=np.uint32)
    starts, places = _cooc_text.index(good, 2, 1, 3, window=2, symmetric=True, workers=3)
    assert starts.tolist() == [0, 1, 2]
    assert len(places) == 2 + _cooc_text.AHEAD
    for bad in ([0, 1, end], [end, 0, 1], [end, 0, 2, end], []):
        text = np.array(bad, dtype=np.uint32)
        with pytest.raises(ValueError, match=r"laid out|indexing"):
            _cooc_text.index(text, 2, 1, max(len(bad), 1) - 1, window=2, symmetric=True)


def test_chunks_must_fit_the_arrays():
    work = _cooc.Runs(np.zeros(1, np.uint32), None, np.array([[0, 1]], np.uint64))
    counter = _cooc.Counter(1, 1, 1)
    room, sizes = np.array([0, 1], np.uint64), np.zeros(1, np.uint64)
    out, values = np.empty(1, np.uint32), np.empty(1, np.float32)
    for bounds in ([0, 2], [1, 2]):
        with pytest.raises(ValueError, match="do not fit"):
            counter.run(work, np.array(bounds, np.uint64), room, out, values, sizes)
    with pytest.raises(ValueError, match="do not fit"):
        counter.run(work, np.array([0, 1], np.uint64), room, out[:0], values, sizes)
    with pytest.raises(ValueError, match="pieces"):
        _cooc.Runs(np.zeros(1, np.uint32), None, np.array([[0, 2]], np.uint64))


def test_weights_of_the_widest_window():
    weights, scale = window_weights("harmonic", 10000)
    assert scale == 2**32
    assert weights[[0, 2, 9999]].tolist() == [2**32, 1431655765, 429497]
