"""csrc/word2vec.h and its tables against the NumPy oracle, for every instruction set."""

from __future__ import annotations

import itertools
import platform

import numpy as np
import oracle_word2vec as oracle
import pytest

from fastembed._native import _kernels, _word2vec
from fastembed.core.memory import padded_rows
from fastembed.embed.word2vec_task import grow_tree, keep_thresholds

COUNTS = np.array([90, 60, 40, 40, 22, 20, 13, 9, 5, 5, 3, 1, 1], dtype=np.int64)
ARM64 = platform.machine() == "aarch64"
WEIGHTS = COUNTS.astype(float) ** 0.75


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def text(n=700, seed=3):
    """Ids with COUNTS' distribution, sentences of 0 to 40 tokens and one long one."""
    rng = np.random.default_rng(seed)
    ids = rng.choice(len(COUNTS), size=n, p=COUNTS / COUNTS.sum()).astype(np.uint32)
    cuts = [0]
    while cuts[-1] < n - 200:
        cuts.append(min(n, cuts[-1] + int(rng.integers(0, 41))))
    return ids, np.array([*cuts, n], dtype=np.uint64)


def chunks_of(n, size, alpha=0.03):
    chunks = np.zeros(-(-n // size), dtype=_word2vec.CHUNK)
    chunks["start"] = np.arange(len(chunks)) * size
    chunks["stop"] = np.minimum(chunks["start"] + size, n)
    chunks["stream"] = 7 + np.arange(len(chunks))
    chunks["alpha"] = alpha * np.linspace(1, 0.5, len(chunks))
    return chunks


def setup(dim, negative, hs, seed=5):
    """Padded float32 matrices of small random numbers (outputs too, or gradients would vanish)."""
    v = len(COUNTS)
    rng = np.random.default_rng(seed)
    vectors = padded_rows(v, dim)
    outputs = padded_rows((v if negative else 0) + (v - 1 if hs else 0), dim)
    for matrix in (vectors, outputs):
        matrix[:, :dim] = rng.normal(scale=0.3, size=(len(matrix), dim))
    return vectors, outputs


CASES = [
    # dim, cbow, negative, hs, cbow_mean, shrink, window, sample, max_sentence
    (5, 0, 5, 0, 1, True, 5, 0.05, 1000),
    (100, 0, 5, 0, 1, True, 5, 0.0, 33),
    (16, 0, 1, 0, 1, False, 2, 0.05, 1000),
    (17, 0, 20, 0, 1, True, 7, 0.0, 1000),
    (33, 0, 0, 1, 1, True, 5, 0.05, 50),
    (24, 0, 3, 1, 1, False, 3, 0.0, 1000),
    (20, 1, 5, 0, 1, True, 5, 0.05, 1000),
    (20, 1, 5, 0, 0, False, 4, 0.0, 1000),
    (48, 1, 0, 1, 1, True, 5, 0.0, 29),
    (12, 1, 8, 1, 0, True, 6, 0.05, 1000),
    (7, 0, 70, 1, 1, True, 2, 0.0, 1000),
    # wide windows: in blocks of four
    (12, 0, 5, 0, 1, True, 24, 0.0, 1000),
    (12, 0, 3, 1, 1, False, 16, 0.05, 1000),
    (12, 1, 5, 0, 1, False, 24, 0.0, 1000),
]


EXPECTED = {}


@pytest.mark.parametrize("parts", [0, 1, 4])
@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c)))
def test_rounds_equal_the_oracle(isa, case, parts):
    dim, cbow, negative, hs, mean, shrink, window, sample, max_sentence = case
    ids, offsets = text(450)
    block = 10 if window < 10 else 4
    vectors, outputs = setup(dim, negative, hs)
    start = vectors[:, :dim].astype(np.float64), outputs[:, :dim].astype(np.float64)
    keep = keep_thresholds(COUNTS, sample)
    noise = _word2vec.noise_pools(WEIGHTS, max(parts, 1), 128, 7) if negative else None
    tree = _word2vec.huffman_tree(COUNTS) if hs else None
    # steps small enough that rounding errors do not grow: thirteen words make a wild dynamic
    chunks = chunks_of(len(ids), 256, alpha=0.03 / (1 + negative))
    settings = {
        "window": window, "negative": negative, "shrink": shrink, "cbow": bool(cbow),
        "cbow_mean": bool(mean), "seed": 11, "max_sentence": max_sentence,
    }  # fmt: skip
    _word2vec.Rounds(
        vectors,
        outputs,
        keep,
        noise,
        tree,
        chunk_tokens=256,
        parts=parts,
        block=block,
        stretch=40,
        workers=1,
        **settings,
    ).run(ids, 0, offsets, chunks)

    held = 12 if isa == "v4" or ARM64 else 6

    def by_the_oracle():
        figures = [
            oracle.train_chunk(
                *start, ids, offsets, int(chunk["start"]), int(chunk["stop"]),
                alpha=float(chunk["alpha"]), stream=int(chunk["stream"]), keep=keep, noise=noise,
                counts=COUNTS if hs else None, parts=max(parts, 1), deterministic=parts > 0,
                block_length=block, stretch=40 if parts else 256, held=held, **settings,
            )
            for chunk in chunks
        ]  # fmt: skip
        return *start, figures

    # the slow part, and the same for instruction sets that hold as many rows
    if (case, parts, held) not in EXPECTED:
        EXPECTED[case, parts, held] = by_the_oracle()
    expected_v, expected_o, figures = EXPECTED[case, parts, held]
    for chunk, (loss, examples) in zip(chunks, figures, strict=True):
        assert chunk["examples"] == examples
        assert chunk["loss"] == pytest.approx(loss, rel=2e-5)
    assert chunks["words"].sum() == len(ids)
    np.testing.assert_allclose(vectors[:, :dim], expected_v, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(outputs[:, :dim], expected_o, rtol=1e-3, atol=1e-4)
    # padding stays zero, or dot products would be wrong
    assert not vectors[:, dim:].any()
    assert not outputs[:, dim:].any()


@pytest.mark.parametrize(("cbow", "negative", "hs"), [(0, 5, 0), (1, 5, 0), (0, 0, 1), (1, 2, 1)])
def test_parts_give_the_same_bits_for_any_workers(isa, cbow, negative, hs):
    ids, offsets = text(5000)
    results = []
    for workers in (1, 2, 4):
        vectors, outputs = setup(30, negative, hs)
        noise = _word2vec.noise_pools(WEIGHTS, 4, 128, 7) if negative else None
        tree = _word2vec.huffman_tree(COUNTS) if hs else None
        chunks = chunks_of(len(ids), 512)
        _word2vec.Rounds(
            vectors, outputs, None, noise, tree, window=5, negative=negative, shrink=True,
            cbow=bool(cbow), cbow_mean=True, seed=1, max_sentence=1000, chunk_tokens=512, parts=4,
            block=10, stretch=64, workers=workers,
        ).run(ids, 0, offsets, chunks)  # fmt: skip
        results.append((vectors.tobytes(), outputs.tobytes(), chunks.tobytes()))
    assert results[0] == results[1] == results[2]


def test_rounds_can_be_cut_anywhere():
    """One call over all chunks, or many over parts of the text: the same bits."""
    ids, offsets = text(3000)
    noise = _word2vec.noise_pools(WEIGHTS, 1, 128, 7)

    def trained(cuts):
        vectors, outputs = setup(10, 5, 0)
        rounds = _word2vec.Rounds(
            vectors, outputs, None, noise, None, window=5, negative=5, shrink=True, cbow=False,
            cbow_mean=True, seed=1, max_sentence=50, chunk_tokens=256, parts=0,
            block=10, stretch=256, workers=1,
        )  # fmt: skip
        chunks = chunks_of(len(ids), 256)
        for low, high in itertools.pairwise(cuts):
            some = chunks[low:high].copy()
            first = int(some["start"][0])
            last = min(int(some["stop"][-1]) + 50, len(ids))
            s0 = int(np.searchsorted(offsets, np.uint64(first), "right")) - 1
            s1 = int(np.searchsorted(offsets, np.uint64(last), "left"))
            rounds.run(ids[first:last], first, offsets[s0 : s1 + 1], some)
        return vectors.tobytes()

    assert trained([0, 12]) == trained([0, 1, 5, 11, 12])


def test_words_alone_in_their_sentence_give_no_examples():
    vectors, outputs = setup(10, 5, 0)
    before = vectors.copy()
    ids = np.array([1, 2, 3], dtype=np.uint32)
    chunks = chunks_of(3, 256)
    rounds = _word2vec.Rounds(
        vectors, outputs, None, _word2vec.noise_pools(WEIGHTS, 1, 128, 7), None, window=5,
        negative=5,
        shrink=True, cbow=False, cbow_mean=True, seed=1, max_sentence=50, chunk_tokens=256,
        parts=0, block=10, stretch=256, workers=1,
    )  # fmt: skip
    rounds.run(ids, 0, np.array([0, 1, 2, 2, 3], dtype=np.uint64), chunks)
    assert chunks["examples"].sum() == 0
    assert chunks["loss"].sum() == 0.0
    np.testing.assert_array_equal(vectors, before)


@pytest.mark.parametrize("n", [1, 2, 3, 13, 1000])
def test_noise_pools_hold_each_word_in_proportion_to_its_weight(n):
    weights = np.random.default_rng(n).gamma(0.5, size=n)
    weights[n // 2] = 0.0 if n > 1 else 1.0
    pool = _word2vec.noise_pools(weights, 1, 512, 3)[0]
    share = 512 * weights / weights.sum()
    places = np.bincount(pool, minlength=n)
    assert np.all(places >= np.floor(share - 1e-9))
    assert np.all(places <= np.ceil(share + 1e-9))
    assert n < 13 or np.any(np.diff(pool.astype(np.int64)) < 0)


def test_rare_words_are_in_a_pool_as_often_as_expected():
    """A word of less than one place has one in that share of the seeds."""
    weights = np.array([100.0, 1.0, 1.0])
    found = np.zeros(3)
    for seed in range(400):
        found += np.bincount(_word2vec.noise_pools(weights, 1, 32, seed)[0], minlength=3)
    np.testing.assert_allclose(found / 400, 32 * weights / 102, atol=0.08)


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_noise_pools_equal_the_oracle(parts):
    weights = np.arange(1.0, 12.0)
    expected = [oracle.noise_pool(weights.tolist(), p, parts, 64, 5) for p in range(parts)]
    np.testing.assert_array_equal(_word2vec.noise_pools(weights, parts, 64, 5), expected)


@pytest.mark.parametrize("bad", [[-1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_noise_pools_refuse_what_is_no_weight(bad):
    with pytest.raises(FloatingPointError, match="noise"):
        _word2vec.noise_pools(np.array(bad), 1, 16, 1)


@pytest.mark.parametrize(("parts", "size"), [(0, 16), (3, 16), (1, 0), (1, 24)])
def test_noise_pools_refuse_other_shapes(parts, size):
    with pytest.raises(ValueError, match="pools"):
        _word2vec.noise_pools(np.ones(2), parts, size, 1)


def codes_of(up):
    """[(inner node, bit)] from each leaf to the root."""
    n = (len(up) + 1) // 2
    codes = []
    for leaf in range(n):
        code, node = [], int(up[leaf])
        while node != 0xFFFFFFFF:
            code.append((node >> 1, node & 1))
            node = int(up[n + (node >> 1)])
        codes.append(code)
    return codes


@pytest.mark.parametrize("counts", [[2, 1], [5, 5, 5], [8, 4, 2, 1, 1], COUNTS.tolist(), [1] * 40])
def test_huffman_tree_is_optimal_and_equals_the_oracle(counts):
    counts = np.array(counts, dtype=np.int64)
    codes = codes_of(_word2vec.huffman_tree(counts))
    expected = oracle.huffman_codes(counts)
    assert codes == [expected[i] for i in range(len(counts))]
    # Kraft's equality: a full binary tree
    assert sum(2.0 ** -len(code) for code in codes) == 1.0


@pytest.mark.parametrize("new", [[], [4], [3, 2], [9, 4, 4, 1, 1]])
def test_a_grown_tree_keeps_the_old_inner_nodes(new):
    up = _word2vec.huffman_tree(COUNTS)
    before, after = codes_of(up), codes_of(grow_tree(up, np.array(new, dtype=np.int64)))
    assert len(after) == len(COUNTS) + len(new)
    assert after[: len(COUNTS) - 1] == before[:-1]
    assert sum(2.0 ** -len(code) for code in after) == 1.0
    for code in after[len(COUNTS) - 1 :]:
        assert code[-len(before[-1]) :] == before[-1]
    nodes = {node for code in after for node, _ in code}
    assert nodes == set(range(len(COUNTS) + len(new) - 1))


def test_init_rows_are_uniform_and_do_not_depend_on_workers():
    rows = [padded_rows(50, 20) for _ in range(2)]
    for matrix, workers in zip(rows, (1, 3), strict=True):
        _word2vec.init_rows(matrix, 0, 20, 9, workers)
    np.testing.assert_array_equal(rows[0], rows[1])
    inside = rows[0][:, :20] * 20
    assert inside.min() >= -0.5
    assert inside.max() < 0.5
    assert abs(inside.mean()) < 0.05
    assert not rows[0][:, 20:].any()
    rng = oracle.Rng(9, oracle.Rng.INIT, 3)
    expected = [(rng.uniform() - 0.5) / 20 for _ in range(20)]
    np.testing.assert_allclose(rows[0][3, :20], expected, rtol=1e-6)


def test_settings_that_do_not_fit_are_refused():
    vectors, outputs = setup(10, 5, 0)
    with pytest.raises(ValueError, match="fit together"):
        _word2vec.Rounds(
            vectors, outputs[:5], None, _word2vec.noise_pools(WEIGHTS, 1, 128, 7), None, window=5,
            negative=5, shrink=True, cbow=False, cbow_mean=True, seed=1, max_sentence=50,
            chunk_tokens=256, parts=0, block=10, stretch=256, workers=1,
        )  # fmt: skip
