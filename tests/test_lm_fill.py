"""Filling the query tables: kinds of indices, threads, memory, and what does not fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from fastembed import NgramLM, NotFittedError
from fastembed._native import _kernels, _lmfill, _lmquery
from fastembed.ngram.binary import QueryTables
from fastembed.text.wordlist import WordList

V = 500
STORED = 18  # bits of a key in its line


class Coding(NamedTuple):
    """How the values of the bank lie in it."""

    slots: int
    prob_bits: int
    prob_base: int
    back_bits: int
    apart: bool  # the back-off weights stand behind the records


# probabilities from 2^-24 to 1 and an index of 16 bits: read at once; float32 of both: not
TOGETHER = Coding(8, 28, 0x33000000, 16, False)
APART = Coding(6, 32, 0, 32, True)


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    _kernels.select(request.param)
    yield request.param
    _kernels.select(before)


def open_bank(n_lines, coding):
    """A model of bigrams with an empty bank of some lines, and these."""
    words = WordList.from_words(["<unk>", "<s>", "</s>", *(f"w{i}" for i in range(V - 3))])
    zero = np.zeros(V, dtype=np.float32)
    slots, _ = _lmfill.word_slots(words.blob, words.offsets)
    query = _lmquery.Query(
        words.blob, words.offsets, slots, zero, zero, order=3, unk=0, bos=1, eos=2
    )
    query.set_level(
        2, key_bits=18, prob_bits=coding.prob_bits, prob_base=coding.prob_base,
        back_bits=coding.back_bits,
        back_book=np.zeros(65536, "f4") if coding.back_bits == 16 else None,
    )  # fmt: skip
    room = np.zeros(64 * n_lines + 64, dtype=np.uint8)
    lines = room[-room.ctypes.data % 64 :][: 64 * n_lines].reshape(-1, 64)
    query.add_bank(2, lines, stored_bits=STORED, slots=coding.slots)
    return query, lines


def rows_of(n, seed=0):
    """Different bigrams: word, suffix, prob (some are 0), back."""
    rng = np.random.default_rng(seed)
    key = rng.choice(V * V, n, replace=False)
    prob = (rng.random(n, dtype=np.float32) * (rng.random(n) < 0.9)).astype(np.float32)
    back = rng.integers(0, 65536, n, dtype=np.uint32)
    return (key % V).astype(np.uint32), (key // V).astype(np.uint32), prob.view(np.uint32), back


def place(
    word, suffix, prob, back, n_lines, *, coding=TOGETHER, below=None, rows=None, wide=False,
    workers=1,
):  # fmt: skip
    query, lines = open_bank(n_lines, coding)
    node = np.full(len(word), 2**32 - 1, dtype=np.uint64 if wide else np.uint32)
    again, full = _lmfill.fill(query, 2, word, suffix, below, prob, back, node, rows, workers)
    return again, full, node, lines


def plainly(word, suffix, prob, back, n_lines, rows, coding):
    """One row after the other; keys and lines are Python's integers."""
    lines = [0] * n_lines
    node, full = np.full(len(word), 2**32 - 1, dtype=np.uint64), []
    slots, p, q = coding.slots, coding.prob_bits, coding.back_bits
    for row in rows:
        x, mask, half = int(suffix[row]) * V + int(word[row]), 2**18 - 1, 9
        x = x * 0x9E3779B97F4A7C15 & mask
        x = (x ^ x >> half) * 0xD6E8FEB86659FD93 & mask
        x ^= x >> half
        at = (x * n_lines) >> 18
        lane = lines[at] >> 500 & 15
        if lane == slots:
            lines[at] |= 1 << 504 + (x & 7)
            full.append(row)
            continue
        value = int(prob[row]) - coding.prob_base if prob[row] else 0
        record, bits, weight = x >> 16 | value << STORED - 16, STORED - 16 + p, int(back[row])
        lines[at] |= (x & 255) << 8 * lane | (x >> 8 & 255) << 8 * (slots + lane)
        if coding.apart:
            lines[at] |= weight << slots * (STORED + p) + lane * q
        else:
            record, bits = record | weight << bits, bits + q
        lines[at] |= record << 16 * slots + lane * bits
        lines[at] += 1 << 500
        node[row] = at * slots + lane
    raw = b"".join(line.to_bytes(64, "little") for line in lines)
    return full, node, np.frombuffer(raw, dtype=np.uint8).reshape(-1, 64)


@pytest.mark.parametrize("coding", [TOGETHER, APART])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 1023, 1024, 1025, 3000])
def test_rows_lie_where_the_plain_way_puts_them(isa, n, coding):
    rows = rows_of(n, seed=n)
    n_lines = max(1, n // 9)  # some are full
    for chosen in (None, np.arange(0, n, 3, dtype=np.uint64)):
        wanted = plainly(*rows, n_lines, range(n) if chosen is None else chosen.tolist(), coding)
        again, full, node, lines = place(*rows, n_lines, rows=chosen, coding=coding)
        assert again == -1
        assert full.tolist() == wanted[0]
        assert np.array_equal(node, wanted[1])
        assert np.array_equal(lines, wanted[2])


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_any_number_of_threads_and_kind_of_index(workers):
    """200,000 rows: several steps of each thread."""
    word, suffix, prob, back = rows_of(200_000)
    wanted = place(word, suffix, prob, back, 20_000)
    assert 0 < len(wanted[1]) < 100_000
    below = np.random.default_rng(1).permutation(V)
    inverse = np.argsort(below)
    two = np.stack([word, suffix], axis=1)  # words as a column
    for wide in (False, True):
        index = np.uint64 if wide else np.uint32
        for given in ((suffix, None), (inverse[suffix], below)):
            found = place(
                two[:, 0], given[0].astype(index), prob, back, 20_000, wide=wide, workers=workers,
                below=None if given[1] is None else given[1].astype(index),
            )  # fmt: skip
            assert found[0] == -1
            assert np.array_equal(found[1], wanted[1])
            assert np.array_equal(found[2], wanted[2])
            assert np.array_equal(found[3], wanted[3])


def test_the_first_row_that_was_there_before_is_told():
    word, suffix, prob, back = (np.concatenate([part, part[:7]]) for part in rows_of(70_000))
    assert place(word, suffix, prob, back, 10_000, workers=2)[0] == 70_000
    chosen = np.arange(3, 70_007, dtype=np.uint64)
    assert place(word, suffix, prob, back, 10_000, rows=chosen)[0] == 70_003


def test_what_does_not_fit():
    word, suffix, prob, back = rows_of(100)
    for bad_word, bad_suffix, below in (
        (word + np.uint32(V), suffix, None),
        (word, suffix + np.uint32(V), None),
        (word, suffix, np.arange(suffix.max(), dtype=np.uint32)),
    ):
        with pytest.raises(ValueError, match="order 2: an n-gram's suffix or word does not exist"):
            place(bad_word, bad_suffix, prob, back, 50, below=below)
    with pytest.raises(ValueError, match="do not fit the level"):
        place(word, suffix[1:], prob, back, 50)
    with pytest.raises(ValueError, match="do not fit the level"):
        place(word, suffix, prob, None, 50)


def test_lines_of_a_mapped_file_cannot_be_filled(tmp_path):
    text = [["a", "b", "a"], ["b", "a"]] * 5
    NgramLM(order=2, smoothing="additive").fit(text).save(tmp_path / "x.fe")
    tables = NgramLM.load(tmp_path / "x.fe").tables_
    one = np.zeros(1, dtype=np.uint32)
    with pytest.raises(ValueError, match="cannot be written"):
        _lmfill.fill(tables.query, 2, one, one, None, one, None, None, None, 1)


def test_saving_leaves_the_model_as_it_was(tmp_path):
    """The rows that the tables were made of are made again from them."""
    text = [["a", "b", "c", "a"], ["b", "a", "c"], ["c", "c", "a", "b"]] * 3
    first, second = (NgramLM(order=3, smoothing="witten_bell").fit(text) for _ in range(2))
    first.save_arpa(tmp_path / "first.arpa")
    score = first.score_sentence("a b c")
    second.save(tmp_path / "x.fe")
    assert second.score_sentence("a b c") == score
    second.save_arpa(tmp_path / "second.arpa")
    assert (tmp_path / "first.arpa").read_bytes() == (tmp_path / "second.arpa").read_bytes()
    second.save(tmp_path / "x8.fe", bits=8)
    assert NgramLM.load(tmp_path / "x8.fe").tables_.bits == 8


def test_an_interrupted_save_says_that_there_is_no_model(tmp_path, monkeypatch):
    model = NgramLM(order=2, smoothing="additive").fit([["a", "b"], ["b"]])

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(QueryTables, "add_level", stop)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path / "x.fe")
    assert not (tmp_path / "x.fe").exists()
    with pytest.raises(NotFittedError):
        model.save(tmp_path / "x.fe")
