"""ExchangeClusters."""

from __future__ import annotations

import numpy as np
import oracle_brown as oracle
import pytest
from test_brown import Interrupting, ami_of, by_words, grammar, same

import fastembed as fe
from fastembed.cluster.exchange import first_classes
from fastembed.cluster.pairs import Pairs
from fastembed.core.rounds import TrainingInterrupted


@pytest.fixture(scope="module")
def text():
    return grammar()[0]


@pytest.fixture(scope="module")
def kjv(kjv_text):
    with fe.Corpus(kjv_text, lowercase=True, punctuation="drop").encode() as encoded:
        yield encoded


def test_words_of_one_kind_share_a_cluster(text):
    clusters = fe.ExchangeClusters(n_clusters=5).fit(text)
    assert by_words(clusters) == sorted(map(sorted, grammar()[1]))
    assert clusters.ami_ == pytest.approx(ami_of(clusters, text), abs=1e-7)
    assert clusters.ami_history_ == sorted(clusters.ami_history_)
    assert clusters.ami_history_[-1] == clusters.ami_
    # it stops when nothing moves
    assert clusters.moves_[-1] == 0
    assert len(clusters.moves_) < 15
    assert len(clusters.ami_history_) == len(clusters.moves_) + 1
    assert clusters.losses_.sum() == pytest.approx(clusters.ami_, abs=1e-7)


@pytest.mark.parametrize("n_clusters", [1, 2, 14])
def test_the_information_is_that_of_the_formula(text, n_clusters):
    clusters = fe.ExchangeClusters(n_clusters=n_clusters, across_lines=False).fit(text)
    expected = ami_of(clusters, text, across_lines=False)
    assert clusters.ami_ == pytest.approx(expected, abs=1e-7)
    assert clusters.n_clusters_ == n_clusters


def test_more_passes_more_information_than_merging(kjv):
    brown = fe.BrownClusters(n_clusters=40).fit(kjv)
    flat = fe.ExchangeClusters(n_clusters=40, hierarchy=False).fit(kjv)
    assert flat.ami_ > brown.ami_
    assert flat.paths_ is None
    assert len(flat.losses_) == 0
    with pytest.raises(fe.NotFittedError, match="have no tree"):
        flat.path("lord")
    with pytest.raises(fe.NotFittedError, match="have no tree"):
        flat.cluster_words("01")
    tree = fe.ExchangeClusters(n_clusters=40, workers=3).fit(kjv)
    np.testing.assert_array_equal(tree.classes_, flat.classes_)
    assert tree.losses_.sum() == pytest.approx(tree.ami_, abs=1e-6)


def test_the_first_classes():
    start = np.array([0, 3, 5, 6, 7, 8, 8], dtype=np.uint64)
    counts = np.array([4, 1, 1, 2, 2, 1, 1, 1], dtype=np.int64)  # 6, 4, 1, 1, 1, 0 of 13
    pairs = Pairs(start, np.zeros(8, np.uint32), counts, start, np.zeros(8, np.uint32), counts)
    # before the items stand 0, 6, 10, 11, 12, 13 of 13 pairs
    assert first_classes(pairs, 3).tolist() == [0, 1, 2, 2, 2, 2]
    assert first_classes(pairs, 6).tolist() == [0, 1, 2, 3, 4, 5]
    assert first_classes(pairs, 1).tolist() == [0] * 6
    zero, empty = np.zeros(4, np.uint64), np.zeros(0, np.uint32)
    none = Pairs(zero, empty, counts[:0], zero, empty, counts[:0])
    assert first_classes(none, 2).tolist() == [0, 1, 0]


def test_the_start_and_the_passes_are_those_of_the_oracle(text):
    clusters = fe.ExchangeClusters(n_clusters=4, passes=2, hierarchy=False).fit(text[:60])
    # items are the words by count, then bytes, as in the vocabulary
    ids = [[clusters.vocabulary_[word] for word in line] for line in text[:60]]
    pairs = oracle.bigrams(ids)
    n = len(clusters.vocabulary_)
    sums = [sum(c for (a, _), c in pairs.items() if a == i) for i in range(n)]
    total, before, start = sum(sums), 0, []
    for i in range(n):
        start.append(i if i < 4 else min(3, 4 * before // total))
        before += sums[i]
    expected, history = oracle.exchange(pairs, start, 4, 2)
    groups = {frozenset(np.flatnonzero(np.array(expected) == k).tolist()) for k in range(4)}
    assert {frozenset(clusters.cluster_ids(k).tolist()) for k in range(4)} == groups
    assert clusters.ami_ == pytest.approx(history[-1] / total + np.log2(total), abs=1e-7)


@pytest.mark.parametrize(("stage", "n"), [("exchange pass 1", 1), ("exchange pass 1", 7),
                                          ("exchange pass 3", 2), ("building", 20)])  # fmt: skip
def test_ctrl_c_saves_and_resume_gives_the_same_result(tmp_path, monkeypatch, kjv, stage, n):
    monkeypatch.setattr("fastembed.core.rounds.ROUND_SECONDS", 1e-9)
    settings = {"n_clusters": 16, "passes": 4}
    whole = fe.ExchangeClusters(**settings).fit(kjv)
    place = tmp_path / "c"
    with pytest.raises(TrainingInterrupted, match=r"interrupted in .* saved"):
        fe.ExchangeClusters(**settings).fit(kjv, progress=Interrupting(stage, n), checkpoint=place)
    resumed = fe.ExchangeClusters(**settings).fit(kjv, checkpoint=place, resume=True)
    same(whole, resumed)
    assert (resumed.ami_history_, resumed.moves_) == (whole.ami_history_, whole.moves_)


def test_save_and_load(tmp_path, text):
    for hierarchy in (True, False):
        model = fe.ExchangeClusters(n_clusters=5, hierarchy=hierarchy).fit(text)
        model.save(tmp_path / "model.fe")
        loaded = fe.ExchangeClusters.load(tmp_path / "model.fe")
        same(model, loaded)
        assert loaded.ami_history_ == model.ami_history_


def test_a_run_whose_first_words_all_stay(monkeypatch):
    # as many reports as rounds, of which the first ones have nothing to tell
    monkeypatch.setattr("fastembed.core.rounds.ROUND_SECONDS", 1e-9)
    lines = [[f"w{i:03}" for i in range(200)]] * 2
    clusters = fe.ExchangeClusters(n_clusters=200, passes=2).fit(lines)
    assert clusters.moves_ == [0]


def test_more_clusters_than_words():
    with pytest.raises(fe.VocabularyError, match="n_clusters <= 2"):
        fe.ExchangeClusters(n_clusters=3).fit([["a", "b"]])
    assert fe.ExchangeClusters(n_clusters=1).fit([["a"]]).paths_ == [""]
