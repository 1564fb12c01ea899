"""csrc/glove.h and csrc/glove_tiles.h against the oracle, for every instruction set."""

from __future__ import annotations

import itertools
import math

import numpy as np
import oracle_glove as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed._native import _glove, _kernels
from fastembed.core.memory import padded_rows


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def counts(n, density=0.5, seed=3, most=30.0):
    """A dense matrix of counts, zeros too, some of them above x_max = 10; float32."""
    rng = np.random.default_rng(seed)
    x = np.exp(rng.uniform(np.log(0.05), np.log(most), size=(n, n)))
    return np.where(rng.random((n, n)) < density, x, 0.0).astype(np.float32)


def csr(matrix):
    held = matrix != 0
    indptr = np.concatenate([[0], np.cumsum(held.sum(axis=1))]).astype(np.int64)
    return indptr, np.nonzero(held)[1].astype(np.int32), matrix[held]


class Run:
    """Tables and tiles of a run, and the same as an oracle's model."""

    def __init__(self, matrix, dim, parts, *, eta=0.05, clip=np.inf, alpha=0.75, workers=1, seed=7):
        self.n, self.dim, self.parts, self.seed = len(matrix), dim, parts, seed
        self.settings = {"x_max": 10.0, "alpha": alpha, "clip": clip}
        self.tiles = _glove.Tiles(*csr(matrix), parts=parts, seed=seed, workers=workers)
        self.stride = -(-(dim + 2) // 16) * 16
        rows = parts * self.tiles.part_words
        self.words, self.contexts = (padded_rows(rows, 2 * self.stride) for _ in range(2))
        for side, table in enumerate((self.words, self.contexts)):
            self.tiles.first_rows(table, side, dim, workers)
        starts = np.full(self.stride, 1 / eta**2, dtype=np.float32)
        starts[dim : dim + 2] = 1.0
        self.rounds = _glove.Rounds(
            self.tiles, self.words, self.contexts, starts, workers=workers, **self.settings
        )
        self.model = oracle.Model(*self.parameters(), eta)

    def parameters(self, sums=False):
        """w, c, b, b~ out of the tables."""
        words = np.arange(self.n)
        place = words % self.parts * self.tiles.part_words + words // self.parts
        shift = self.stride if sums else 0
        w, c = (t[place, shift : shift + self.dim] for t in (self.words, self.contexts))
        b = self.words[place, shift + self.dim]
        return w, c, b, self.contexts[place, shift + self.dim + 1]

    def epoch(self, epoch, rounds=1):
        strata = _glove.strata(self.seed, epoch, self.parts)
        units = np.concatenate([self.rounds.run(epoch, s) for s in np.array_split(strata, rounds)])
        return math.fsum(units["loss"].ravel()), units["pairs"].sum()


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(1)
    model = oracle.Model(*(rng.normal(size=s) for s in ((3, 4), (3, 4), 3, 3)))
    for x in (0.5, 9.9, 50.0):
        dw, dc, db = model.gradient(1, 2, x, 10.0, 0.75)
        for name, row, g in (("w", 1, dw), ("c", 2, dc), ("b", 1, db), ("b2", 2, db)):
            for k in range(np.size(g)):
                at = (row, k) if np.ndim(g) else row
                sides = []
                for h in (1e-5, -1e-5):
                    model.p[name][at] += h
                    sides.append(model.losses(1, 2, x, 10.0, 0.75))
                    model.p[name][at] -= h
                difference = (sides[0] - sides[1]) / 2e-5
                assert np.ravel(g)[k] == pytest.approx(difference, rel=1e-7, abs=1e-9)


CASES = [
    # words, dim, parts, density, alpha, clip
    (1, 3, 1, 1.0, 0.75, np.inf),
    (2, 1, 2, 1.0, 0.75, np.inf),
    (13, 5, 4, 0.6, 0.75, np.inf),
    (40, 14, 1, 0.8, 0.75, np.inf),
    (61, 100, 16, 0.3, 0.5, np.inf),
    (50, 33, 8, 0.9, 0.75, 0.01),
    (30, 47, 2, 0.5, 0.0, np.inf),
    (300, 10, 1, 0.02, 0.75, np.inf),
    (530, 7, 2, 0.01, 0.75, np.inf),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c)))
def test_two_epochs_equal_the_oracle(isa, case):
    n, dim, parts, density, alpha, clip = case
    matrix = counts(n, density)
    run = Run(matrix, dim, parts, alpha=alpha, clip=clip)
    for word in (0, n - 1):
        for side, (vector, bias) in enumerate(zip((0, 1), (2, 3), strict=True)):
            expected, expected_bias = oracle.first_row(run.seed, word, side, dim)
            np.testing.assert_allclose(run.parameters()[vector][word], expected, rtol=1e-6)
            assert run.parameters()[bias][word] == pytest.approx(expected_bias, rel=1e-6)
    found = oracle.tiles(matrix, parts, run.seed)
    for epoch in range(2):
        loss, pairs = run.epoch(epoch)
        groups = oracle.order(found, n, parts, run.seed, epoch)
        expected = run.model.epoch(groups, **run.settings)
        assert pairs == np.count_nonzero(matrix)
        # the kernel's 1 / sqrt has relative errors of up to 2.5e-5, and so have the steps
        assert loss / pairs == pytest.approx(expected, rel=2e-4)
    for name, value, squares in zip(
        run.model.NAMES, run.parameters(), run.parameters(sums=True), strict=True
    ):
        np.testing.assert_allclose(value, run.model.p[name], rtol=1e-3, atol=2e-5)
        np.testing.assert_allclose(squares, run.model.s[name], rtol=1e-3, atol=1e-9)


def test_the_constants_and_the_padding_stay(isa):
    run = Run(counts(40), 20, 4)
    for epoch in range(5):
        run.epoch(epoch)
    words, contexts = run.words[:, : run.stride], run.contexts[:, : run.stride]
    assert (words[:, 21] == 1).all()
    assert (contexts[:, 20] == 1).all()
    assert not words[:, 22:].any()
    assert not contexts[:, 22:].any()


def test_the_result_does_not_depend_on_workers(isa):
    results = []
    for workers, rounds in ((1, 1), (1, 8), (2, 1), (2, 3), (4, 1), (11, 1)):
        run = Run(counts(90), 30, 8, workers=workers)
        figures = [run.epoch(epoch, rounds) for epoch in range(5)]
        results.append((figures, run.words.tobytes(), run.contexts.tobytes()))
    assert results[1:] == results[:-1]


@pytest.mark.parametrize("parts", [1, 2, 16, 64])
def test_units_come_in_an_order_in_which_few_wait(parts):
    strata = _glove.strata(3, 2, parts)
    found = Run(counts(90), 5, parts).rounds.run(2, strata)
    assert found.shape == (parts, parts)
    assert (found["epoch"] == 2).all()
    units = np.stack([found["part"], found["other"]], axis=-1).astype(int)
    for stratum, found in zip(strata, units, strict=True):
        assert sorted(found[:, 0]) == list(range(parts))
        np.testing.assert_array_equal(found[:, 1], (found[:, 0] + stratum) % parts)
    for before, found in itertools.pairwise(units):
        waits = [np.flatnonzero((before == unit).any(axis=1)).max() for unit in found]
        assert waits == sorted(waits)
        assert max(waits[:-2], default=0) < parts - 1  # two wait for the last


@pytest.mark.parametrize("strata", [[], [4], [0, 2**32 - 1]])
def test_strata_that_there_are_not_are_refused(strata):
    with pytest.raises(ValueError, match="strata are some of 0 "):
        Run(counts(40), 5, 4).rounds.run(0, np.array(strata, dtype=np.uint32))


def test_a_small_limit_clips_and_a_large_one_does_nothing(isa):
    matrix = counts(40)
    runs = [Run(matrix, 10, 4, clip=clip) for clip in (np.inf, 1e30, 1e-3)]
    for run in runs:
        run.epoch(0)
    free, same, clipped = ([p.tobytes() for p in run.parameters()] for run in runs)
    assert free == same
    assert free != clipped


def test_steps_are_bounded_whatever_the_rate_and_by_the_limit(isa):
    matrix = counts(20, most=1e30)
    free, held = (Run(matrix, 8, 2, eta=1e4, clip=clip) for clip in (np.inf, 1e-12))
    first = held.parameters()
    losses = [[run.epoch(epoch)[0] for epoch in range(20)] for run in (free, held)]
    assert np.isfinite(losses).all()
    assert losses[0][-1] < losses[0][0]
    for before, after in zip(first, held.parameters(), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-5)


@given(
    n=st.integers(1, 600),
    parts=st.sampled_from([1, 2, 4, 8]),
    density=st.sampled_from([0.0005, 0.01, 0.1]),
    seed=st.integers(0, 2**63 - 1),
    workers=st.sampled_from([1, 2, 4]),
)
def test_tiles_hold_each_pair_once(n, parts, density, seed, workers):
    parts = min(parts, 1 << (n.bit_length() - 1))
    matrix = counts(n, density, seed=seed % 1000)
    matrix[0, n - 1] = 1.5
    tiles = _glove.Tiles(*csr(matrix), parts=parts, seed=seed, workers=workers)
    seen = np.zeros_like(matrix)
    strips = tiles.parts * tiles.blocks
    assert tiles.starts.shape == (strips, strips + 1)
    for strip in range(strips):
        for other in range(strips):
            begin, end = tiles.strips[strip] + tiles.starts[strip, other : other + 2]
            part, block = divmod(strip, tiles.blocks)
            to_part, to_block = divmod(other, tiles.blocks)
            i, j = tiles.pairs[begin:end].astype(int).T
            i = (block * 256 + i) * parts + part
            j = (to_block * 256 + j) * parts + to_part
            np.add.at(seen, (i, j), np.exp(tiles.logs[begin:end]))
        assert tiles.strips[strip] + tiles.starts[strip, -1] == tiles.strips[strip + 1]
    np.testing.assert_allclose(seen, matrix, rtol=1e-5)


def test_logarithms(isa):
    """Over the whole range and around 1, in tiles of odd length."""
    rng = np.random.default_rng(4)
    data = np.exp(np.concatenate([rng.uniform(-87, 88, 30000), rng.normal(0, 0.01, 3001)]))
    data = data.astype(np.float32)
    n = len(data)
    indptr = np.linspace(0, n, 251).astype(np.int64)
    indices = (np.arange(n) % 250).astype(np.int32)
    tiles = _glove.Tiles(indptr, indices, data, parts=1, seed=1, workers=1)
    np.testing.assert_allclose(
        np.sort(tiles.logs), np.sort(np.log(data.astype(float))), rtol=3e-7, atol=2e-8
    )


def test_tiles_and_their_turns_are_shuffled():
    matrix = counts(600, 0.2)
    tiles = _glove.Tiles(*csr(matrix), parts=1, seed=1, workers=1)
    first = tiles.pairs[: tiles.starts[0, 1]]
    assert (np.diff(first[:, 0].astype(int)) < 0).mean() > 0.05
    turns = [tuple(map(tuple, tiles.turn(epoch, 0, 0))) for epoch in range(3)]
    assert {len(set(turn)) for turn in turns} == {9}
    assert len(set(turns)) == 3
    orders = [tuple(_glove.strata(1, epoch, 16)) for epoch in range(3)]
    assert {tuple(sorted(o)) for o in orders} == {tuple(range(16))}
    assert len(set(orders)) == 3


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, 1e-40])
def test_a_count_that_is_no_positive_number_is_refused(value):
    indptr, indices, data = csr(counts(20))
    data[17] = value
    with pytest.raises(FloatingPointError, match="counts must be positive numbers"):
        _glove.Tiles(indptr, indices, data, parts=4, seed=1, workers=2)


@pytest.mark.parametrize("column", [-1, 20, 2**31 - 1])
def test_a_column_beyond_the_words_is_refused(column):
    indptr, indices, data = csr(counts(20))
    indices[3] = column
    with pytest.raises(ValueError, match="words of the vocabulary"):
        _glove.Tiles(indptr, indices, data, parts=4, seed=1, workers=2)


def test_arrays_that_do_not_fit_are_refused():
    indptr, indices, data = csr(counts(20))
    for bad in (
        (indptr[:-1], indices, data),
        (indptr, indices[:-1], data),
        (indptr[::-1].copy(), indices, data),
        (indptr[:1], indices[:0], data[:0]),
    ):
        with pytest.raises(ValueError, match="no pairs, or its arrays do not fit"):
            _glove.Tiles(*bad, parts=1, seed=1, workers=1)
    for parts in (0, 3, 32):
        with pytest.raises(ValueError, match="cannot be dealt"):
            _glove.Tiles(indptr, indices, data, parts=parts, seed=1, workers=1)


def test_a_pair_takes_six_bytes_and_a_tile_four():
    indptr, indices, data = csr(counts(600, 0.2))
    tiles = _glove.Tiles(indptr, indices, data, parts=2, seed=1, workers=1)
    assert tiles.pairs.nbytes + tiles.logs.nbytes == 6 * len(data)
    assert tiles.starts.nbytes == 4 * 4 * 5  # two parts of two blocks; a strip's end beside


def test_readonly_counts_are_fine():
    arrays = csr(counts(20))
    for array in arrays:
        array.flags.writeable = False
    assert len(_glove.Tiles(*arrays, parts=1, seed=1, workers=1).logs) == len(arrays[2])
