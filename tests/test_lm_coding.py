"""How the values of query tables are stored, and what tables of such values answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fastembed import FormatError, NgramLM
from fastembed._native import _lmfill, _lmquery
from fastembed.io.native import read_native, write_native
from fastembed.ngram.binary import _plan
from fastembed.ngram.coding import coded, coded_exactly, padded_book
from fastembed.ngram.tables import SPECIALS, BackoffTables, Level
from fastembed.text.wordlist import WordList

FLOATS = hnp.arrays(
    np.float32, st.integers(1, 40), elements=st.floats(-100, 5, width=32, allow_nan=False)
)


def decoded(stored):
    """What csrc/lmquery.h makes of the codes that csrc/lmquery_fill.h stores, in Python."""
    if stored.book is not None:
        assert len(stored.book) <= 1 << stored.coding.bits
        return stored.book[stored.values]
    code = np.where(stored.values == 0, 0, stored.values - np.uint32(stored.coding.base))
    assert int(code.max(initial=0)) < 1 << stored.coding.bits
    return np.where(code == 0, 0, code + np.uint32(stored.coding.base)).astype("u4").view("f4")


@settings(deadline=None)
@given(FLOATS)
def test_nothing_is_lost_of_32_bits(values):
    for stored in (coded(values, 32), coded_exactly(values, 32), coded_exactly(values, 16)):
        assert decoded(stored).tobytes() == values.tobytes()  # -0.0 too


def test_probabilities_of_one_sign_take_few_bits():
    values = -np.geomspace(2e-4, 7, 10_000).astype(np.float32)
    assert coded(values, 32).coding.bits == 27
    assert coded(np.append(values, np.float32(0)), 32).coding.bits == 27
    assert coded(np.append(values, np.float32(1e-3)), 32).coding.bits == 32
    assert coded(np.zeros(3, np.float32), 32).coding == (1, 0)
    assert coded(np.empty(0, np.float32), 32).coding == (1, 0)


def test_few_values_are_indexed():
    values = np.array([-1, -2, -1, 0, -3], dtype=np.float32)
    for stored in (coded(values, 8), coded_exactly(values, 32), coded_exactly(values, 8)):
        assert stored.book.tolist() == [-1, -2, 0, -3]
        assert stored.values.tolist() == [0, 1, 0, 2, 3]
        assert stored.coding.bits == 2
    bits = values.view(np.uint32)
    assert _lmfill.book(bits, 3) is None
    assert _lmfill.book(bits[:0], 3)[0].tolist() == []


def test_a_book_of_many_values():
    """More than the first table of them holds, and more than a book may have."""
    rng = np.random.default_rng(0)
    many = rng.permutation(np.repeat(-rng.random(100_000, dtype=np.float32), 2))
    stored = coded_exactly(many, 32)
    assert stored.coding.bits == 17
    assert decoded(stored).tobytes() == many.tobytes()
    other = -rng.random(700_000, dtype=np.float32)
    assert coded_exactly(other, 32).book is None
    assert len(coded(other, 16).book) <= 65536
    assert np.abs(decoded(coded(other, 16)) - other).max() < 1e-4


def test_eight_bits_keep_the_tails():
    """Few values lie far from the others: they are not taken for those."""
    rng = np.random.default_rng(1)
    values = np.concatenate([-3 - rng.random(20_000), -rng.random(300) * 3, [-7.5]])
    values = rng.permutation(np.repeat(values.astype(np.float32), 2))
    change = np.abs(decoded(coded(values, 8)) - values)
    assert 1e-4 < change.max() < 0.05
    assert np.sqrt(np.mean(change**2)) < 0.004


def test_eight_bits_keep_what_cannot_be():
    values = np.append(-np.random.default_rng(2).random(1000, dtype=np.float32), [-np.inf] * 3)
    stored = decoded(coded(values.astype(np.float32), 8))
    assert np.array_equal(np.isneginf(stored), np.isneginf(values))
    assert np.abs(stored[:-3] - values[:-3]).max() < 0.01


def test_a_book_that_is_too_long_is_refused():
    assert padded_book(np.ones(3, np.float32), 2).tolist() == [1, 1, 1, 0]
    with pytest.raises(ValueError, match="a book of 5 values for codes of 2 bits"):
        padded_book(np.ones(5, np.float32), 2)


@pytest.mark.parametrize("key_bits", [8, 17, 40, 62])
@pytest.mark.parametrize("bits", [(1, 0), (27, 15), (32, 32)])
def test_a_plan_fits_a_line(key_bits, bits):
    coding = {"prob_bits": bits[0], "back_bits": bits[1]}
    for n in (1, 1000, 10**6, 3 * 10**9):
        for number in range(4):
            bank, n_lines = _plan(n, key_bits, coding, number)
            stored = bank["stored_bits"]
            assert bank["slots"] * (stored + sum(bits)) <= _lmquery.LINE_BITS
            assert stored - _lmquery.PLANE_BITS + bits[0] <= _lmquery.FIELD
            assert ((1 << key_bits) - 1) // n_lines < 1 << stored
            assert n_lines <= max(2 ** max(10, key_bits - 41), 2 * n)


@pytest.mark.parametrize("spread", [False, True])
def test_tables_give_back_what_was_put_in(tmp_path, spread):
    """Values of one sign, and of both and of any size: then back-off weights stand apart."""
    rng = np.random.default_rng(4)
    v, n = 2000, 300_000
    words = WordList.from_words([*SPECIALS, *(f"w{i}" for i in range(v - 3))])

    def values(n):
        if spread:
            return (rng.normal(size=n) * 10.0 ** rng.integers(-30, 2, n)).astype(np.float32)
        return -rng.random(n, dtype=np.float32)

    ids, none = np.arange(v, dtype=np.uint32), np.empty(0, np.uint32)
    keys = np.unique(rng.integers(v * v, size=n))
    n = len(keys)
    levels = [
        Level(ids, none, values(v), values(v)),
        Level((keys % v).astype("u4"), (keys // v).astype("u4"), values(n), values(n)),
    ]
    keys = np.unique(rng.integers(n * v, size=n))
    levels.append(
        Level((keys % v).astype("u4"), (keys // v).astype("u4"), values(len(keys)), none.view("f4"))
    )
    model = NgramLM.from_tables(BackoffTables(words, levels, 0, 1, 2))
    model.save(tmp_path / "x.fe")
    tables = NgramLM.load(tmp_path / "x.fe").tables_
    assert (tables.levels[0]["back_bits"] == 32) == spread
    for level, other in zip(levels, tables.to_backoff().levels, strict=True):
        assert np.array_equal(level.word, other.word)
        assert np.array_equal(level.parent, other.parent)
        assert level.log_prob.tobytes() == other.log_prob.tobytes()
        assert level.backoff.tobytes() == other.backoff.tobytes()


def test_files_of_another_layout_are_refused(tmp_path):
    NgramLM(order=2, smoothing="additive").fit([["a", "b"], ["b"]]).save(tmp_path / "x.fe")
    file = read_native(tmp_path / "x.fe", mmap=False)
    for layout in (None, 1, 3):
        metadata = {k: value for k, value in file.metadata.items() if k != "layout"}
        if layout is not None:
            metadata["layout"] = layout
        write_native(tmp_path / "y.fe", file.arrays, metadata)
        with pytest.raises(FormatError, match=rf"layout {layout or 1}; this version reads layout"):
            NgramLM.load(tmp_path / "y.fe")
