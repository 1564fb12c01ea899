"""csrc/bigrams.h, xlogx.h, brown.h and exchange.h against the slow twins, for every instruction
set."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import oracle_brown as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed._native import _bigrams, _cluster, _kernels
from fastembed.cluster import pairs as pairs_module
from fastembed.cluster.pairs import Pairs, class_pairs, count_pairs, item_order
from fastembed.cluster.tasks import ExchangeTask, MergeTask
from fastembed.core.errors import FormatError
from fastembed.core.progress import Progress
from fastembed.text.corpus import Corpus
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.vocabulary import Vocabulary


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def pairs_of(counted, n_items):
    """`Pairs` from a dictionary."""
    bits = max(1, (n_items - 1).bit_length())
    keys = np.array(sorted(a << bits | b for a, b in counted), dtype=np.uint64)
    mask = (1 << bits) - 1
    counts = np.array([counted[k >> bits, k & mask] for k in keys.tolist()], dtype=np.int64)
    right_start, right, left_start, left, left_count = _bigrams.split_run(
        keys, counts, bits, n_items
    )
    return Pairs(right_start, right, counts, left_start, left, left_count)


def to_dictionary(pairs):
    left = np.repeat(np.arange(pairs.n_items), np.diff(pairs.right_start).astype(int))
    triples = zip(left.tolist(), pairs.right.tolist(), pairs.right_count.tolist(), strict=True)
    return {(a, b): n for a, b, n in triples}


def random_text(n_items, n_lines, seed):
    """Lines of ids with a few classes of alike words, frequent first."""
    rng = np.random.default_rng(seed)
    p = 1 / np.arange(1, n_items + 1)
    lines = []
    for _ in range(n_lines):
        line = rng.choice(n_items, size=rng.integers(0, 9), p=p / p.sum())
        line[1::2] = line[1::2] // 2 * 2  # something to find
        lines.append(line.tolist())
    return lines


def encode(lines, n_words):
    ids = [i for line in lines for i in line]
    ends = np.cumsum([0, *map(len, lines)])
    counts = np.bincount(np.array(ids, dtype=np.int64), minlength=n_words)
    vocabulary = Vocabulary([f"w{i:03}" for i in range(n_words)], counts)
    return EncodedCorpus.from_arrays(vocabulary, ids, ends)


# ------------------------------------------------------------------------------------- bigrams


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("block", [1, 2, 7, 64, 100_000])
def test_pairs_are_counted_whatever_the_blocks(monkeypatch, workers, block):
    monkeypatch.setattr(pairs_module, "BLOCK", block)
    lines = random_text(37, 60, seed=block)
    encoded = encode(lines, 37)
    order = np.arange(37, dtype=np.uint32)
    for across in (True, False):
        found = count_pairs(encoded, order, across_lines=across, workers=workers,
                            progress=Progress())  # fmt: skip
        expected = oracle.bigrams(lines, across_lines=across)
        assert to_dictionary(found) == expected
        # the lists by the right item hold the same
        right = np.repeat(np.arange(37), np.diff(found.left_start).astype(int)).tolist()
        triples = zip(found.left.tolist(), right, found.left_count.tolist(), strict=True)
        assert {(a, b): n for a, b, n in triples} == expected
        assert found.total == sum(expected.values())


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=8), st.booleans(),
       st.sets(st.integers(0, 5), max_size=2), st.integers(1, 4))  # fmt: skip
def test_words_that_are_no_items_part_their_neighbours(lines, across, skip, block):
    encoded = encode(lines, 6)
    order = np.array([i for i in range(6) if i not in skip], dtype=np.uint32)
    before, pairs_module.BLOCK = pairs_module.BLOCK, block
    try:
        found = count_pairs(encoded, order, across_lines=across, workers=1, progress=Progress())
    finally:
        pairs_module.BLOCK = before
    expected = oracle.bigrams(lines, across_lines=across, skip=skip)
    named = {(int(order[a]), int(order[b])): n for (a, b), n in to_dictionary(found).items()}
    assert named == expected


def test_items_follow_count_then_bytes_whatever_the_ids():
    vocabulary = Vocabulary(["<s>", "b", "ü", "a", "z"], [99, 2, 3, 2, 3], specials=["<s>"])
    order = item_order(vocabulary)
    assert [vocabulary.word_of(int(i)) for i in order] == ["z", "ü", "a", "b"]


def test_a_run_that_names_an_item_too_many_is_refused():
    with pytest.raises(ValueError, match="pairs of adjacent items"):
        _bigrams.split_run(np.array([2], np.uint64), np.array([1], np.int64), 2, 2)


def test_pairs_of_classes():
    lines = random_text(20, 80, seed=5)
    counted = oracle.bigrams(lines)
    classes = (np.arange(20) * 7 % 6).astype(np.uint32)
    expected = {}
    for (a, b), n in counted.items():
        key = int(classes[a]), int(classes[b])
        expected[key] = expected.get(key, 0) + n
    assert to_dictionary(class_pairs(pairs_of(counted, 20), classes, 6)) == expected
    assert class_pairs(pairs_of({}, 3), np.zeros(3, np.uint32), 1).total == 0


# ------------------------------------------------------------------------------------ x log2 y


@pytest.mark.parametrize("total", [1, 1000, 2_000_000, 3_000_000_000, 10**13])
def test_xlogy_is_on_the_grid_and_the_same_everywhere(isa, total):
    rng = np.random.default_rng(1)
    y = np.unique(np.minimum(total, np.concatenate([
        np.arange(1, 3000), 2 ** np.arange(44), 10 ** (13 * rng.random(2000)),
    ]).round()))  # fmt: skip
    x = np.floor(y * rng.random(len(y)))
    step = _cluster.grid(total)
    assert step == oracle.grid(total)
    for left in (x, y):
        got = _cluster.xlogy(left, y, total)
        assert np.array_equal(np.round(got / step) * step, got)
        exact = left * np.log2(y)
        # half a step of rounding, and the error of the logarithm
        assert np.all(np.abs(got - exact) <= 0.51 * step + 1e-14 * left)
    got = _cluster.xlogy(y, y, total)
    _kernels.select("base")
    assert np.array_equal(_cluster.xlogy(y, y, total), got)
    _kernels.select(isa)


def test_the_numbers_of_the_logarithm_are_those_of_their_script():
    root = Path(__file__).resolve().parent.parent
    script = root / "tools" / "make_log2_table.py"
    if not script.exists():
        pytest.skip("not a checkout")
    printed = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    numbers = re.findall(r"-?0x1\.[0-9a-f]+p[+-]\d+", printed)
    header = (root / "csrc" / "xlogx.h").read_text()
    assert len(numbers) == 16 + 16 + 7
    assert all(number in header for number in numbers)


def test_xlogy_of_zero_is_zero(isa):
    zero, one = np.zeros(3), np.ones(3)
    for x, y in ((zero, zero), (zero, one), (one, one)):
        assert _cluster.xlogy(x, y, 100).tolist() == [0, 0, 0]
    assert len(_cluster.xlogy(zero[:0], zero[:0], 1)) == 0
    with pytest.raises(ValueError, match="same length"):
        _cluster.xlogy(zero, one[:2], 100)


# ------------------------------------------------------------------------------------ merging


def merges_of(counted, n_items, n_clusters, rounds=(10**9,)):
    task = MergeTask(pairs_of(counted, n_items), n_clusters, to_root=True)
    at = 0
    for size in rounds:
        size = min(size, task.n_chunks - at)
        task.run(0, at, size)
        at += size
    if at < task.n_chunks:
        task.run(0, at, task.n_chunks - at)
    return [(int(m["kept"]), int(m["gone"]), float(m["loss"])) for m in task.log]


@pytest.mark.parametrize(("n_items", "n_clusters"), [(1, 1), (2, 1), (2, 2), (9, 1), (12, 3),
                                                     (16, 8), (17, 9), (14, 14)])  # fmt: skip
def test_merges_are_those_of_the_oracle(isa, n_items, n_clusters):
    counted = oracle.bigrams(random_text(n_items, 60, seed=n_items))
    assert merges_of(counted, n_items, n_clusters) == oracle.brown(counted, n_items, n_clusters)


@given(st.lists(st.lists(st.integers(0, 6), max_size=8), max_size=6), st.integers(1, 7),
       st.booleans())  # fmt: skip
def test_merges_are_those_of_the_oracle_on_any_text(lines, n_clusters, across):
    # few counts, so many ties; items that never occur among them
    counted = oracle.bigrams(lines, across_lines=across)
    assert merges_of(counted, 7, n_clusters) == oracle.brown(counted, 7, n_clusters)


def test_the_table_is_what_the_formula_says_after_any_history(isa):
    n_items, n_clusters = 60, 11
    counted = oracle.bigrams(random_text(n_items, 400, seed=3))
    task = MergeTask(pairs_of(counted, n_items), n_clusters, to_root=True)
    at = 0
    for stop in (5, n_clusters, n_clusters + 1, 33, n_items, n_items + 4):
        task.run(0, at, stop - at)
        at = stop
        state = task.state()
        clustering = oracle.Clustering(counted)
        members = {i: [i] for i in range(min(stop, n_items))}
        for kept, gone in zip(state["kept"].tolist(), state["gone"].tolist(), strict=True):
            members[kept] += members.pop(gone)
        assert sorted(state["first"].tolist()) == sorted(members)
        now = clustering.information(list(members.values()))
        for i, a in enumerate(state["first"].tolist()):
            for j, b in enumerate(state["first"].tolist()):
                if i == j:
                    assert state["losses"][i, j] == math.inf
                    continue
                others = [m for name, m in members.items() if name not in (a, b)]
                then = clustering.information([*others, members[a] + members[b]])
                assert state["losses"][i, j] == (now - then) * clustering.step


def test_instruction_sets_and_rounds_make_the_same_merges():
    counted = oracle.bigrams(random_text(700, 6000, seed=9))
    results, before = [], _kernels.isa()
    for name in _kernels.available():
        _kernels.select(name)
        results.append(merges_of(counted, 700, 67))
    _kernels.select(before)
    assert all(result == results[0] for result in results)
    assert merges_of(counted, 700, 67, rounds=[1, 66, 1, 500, 132, 1, 7]) == results[0]


@pytest.mark.parametrize("stop", [0, 3, 20, 21, 150, 299, 300, 310, 319])
def test_a_restored_state_goes_on_as_if_nothing_had_happened(isa, stop):
    counted = oracle.bigrams(random_text(300, 2500, seed=4))
    whole = merges_of(counted, 300, 20)
    pairs = pairs_of(counted, 300)
    task = MergeTask(pairs, 20, to_root=True)
    task.run(0, 0, stop)
    again = MergeTask(pairs, 20, to_root=True)
    again.restore(task.state(), stop, task.information)
    again.run(0, stop, again.n_chunks - stop)
    assert [tuple(m) for m in again.log.tolist()] == whole


@pytest.mark.parametrize("damage", ["kept", "first", "twice", "size", "nan", "missing", "more"])
def test_a_state_that_cannot_be_is_refused(damage):
    pairs = pairs_of(oracle.bigrams(random_text(50, 300, seed=6)), 50)
    task = MergeTask(pairs, 6, to_root=True)
    task.run(0, 0, 30)
    state = task.state()
    if damage == "kept":
        state["kept"][3] = state["gone"][0]
    elif damage == "first":
        state["first"][0] = 4_000_000_000
    elif damage == "twice":
        state["first"][0] = state["first"][1]
    elif damage == "size":
        state["losses"] = state["losses"][:, :-1]
    elif damage == "nan":
        state["losses"][0, 1] = math.nan
    elif damage == "missing":
        del state["gone"]
    again = MergeTask(pairs, 6, to_root=True)
    with pytest.raises(FormatError, match="the checkpoint"):
        again.restore(state, 31 if damage == "more" else 30, None)


# ----------------------------------------------------------------------------------- exchanges


@pytest.mark.parametrize(("n_items", "n_classes"), [(1, 1), (5, 1), (5, 5), (12, 3), (14, 8),
                                                    (15, 9)])  # fmt: skip
def test_exchanges_are_those_of_the_oracle(isa, n_items, n_classes):
    counted = oracle.bigrams(random_text(n_items, 50, seed=n_items))
    start = np.arange(n_items, dtype=np.uint32) % n_classes
    expected, history = oracle.exchange(counted, start.tolist(), n_classes, 3)
    task = ExchangeTask(pairs_of(counted, n_items), start.copy(), n_classes)
    for epoch in range(3):
        task.run(epoch, 0, task.n_chunks)
    assert task.classes.tolist() == expected
    total = sum(counted.values())
    whole = oracle.xlogy(total, total, oracle.grid(max(total, 1))) * oracle.grid(max(total, 1))
    assert task.history[1:] == [(h + whole) / max(total, 1) for h in history]


@given(st.lists(st.lists(st.integers(0, 5), max_size=8), max_size=6), st.integers(1, 6))
def test_exchanges_are_those_of_the_oracle_on_any_text(lines, n_classes):
    counted = oracle.bigrams(lines)
    start = np.arange(6, dtype=np.uint32) % n_classes
    expected, _ = oracle.exchange(counted, start.tolist(), n_classes, 2)
    task = ExchangeTask(pairs_of(counted, 6), start, n_classes)
    task.run(0, 0, 1)
    task.run(1, 0, 1)
    assert start.tolist() == expected


def test_instruction_sets_and_rounds_make_the_same_exchanges():
    counted = oracle.bigrams(random_text(500, 4000, seed=2))
    pairs = pairs_of(counted, 500)
    results, before = [], _kernels.isa()
    for name in _kernels.available():
        for size in (8, 3):
            _kernels.select(name)
            task = ExchangeTask(pairs, np.arange(500, dtype=np.uint32) % 75, 75)
            for epoch in range(3):
                for at in range(0, task.n_chunks, size):
                    task.run(epoch, at, min(size, task.n_chunks - at))
            results.append((task.classes.tolist(), task.history, task.moves))
    _kernels.select(before)
    assert all(result == results[0] for result in results)
    history = results[0][1]
    assert history == sorted(history)


def test_classes_that_do_not_fit_are_refused():
    pairs = pairs_of({(0, 1): 2}, 3)
    rows = np.zeros(_cluster.matrix_rows(2)[1])
    for classes in ([0, 0, 0], [0, 1, 2], [0, 1]):
        with pytest.raises(ValueError, match="classes do not fit"):
            _cluster.Exchange(pairs, 2, np.array(classes, np.uint32), rows)
    with pytest.raises(ValueError, match="number of clusters"):
        _cluster.Brown(pairs, 4, np.zeros(_cluster.matrix_rows(4)[0]), np.zeros(5, np.uint32))


def test_an_encoded_file_is_read_as_it_lies(tmp_path):
    lines = random_text(30, 100, seed=8)
    text = [[f"w{i:03}" for i in line] for line in lines]
    with Corpus(text).encode(path=tmp_path / "corpus.fe") as encoded:
        order = item_order(encoded.vocabulary)
        found = count_pairs(encoded, order, across_lines=False, workers=2, progress=Progress())
        names = [encoded.vocabulary.word_of(int(i)) for i in order]
    expected = oracle.bigrams(text, across_lines=False)
    assert {(names[a], names[b]): n for (a, b), n in to_dictionary(found).items()} == expected
