"""Modified Kneser-Ney as KenLM's lmplz estimates it: golden models, and pruning."""

from __future__ import annotations

import itertools
import lzma
import re
from pathlib import Path

import numpy as np
import pytest
from ngram_helpers import Table, same_counts

from fastembed import TrainingError
from fastembed.core import data
from fastembed.ngram.arpa_reader import read_arpa
from fastembed.ngram.counts import NgramCounts, count_ngrams
from fastembed.ngram.smoothing.kneser_ney import KneserNey
from fastembed.ngram.smoothing.modified_kneser_ney import ModifiedKneserNey

GOLDEN = Path(__file__).parent / "golden/ngram"
# what lmplz printed: D1, D2, D3+ of each order
DISCOUNTS = [[0.2, 1.1, 3.0], [0.481481, 1.5873, 3.0], [0.722222, 1.13333, 1.55556]]


def values(tables):
    """n-gram -> (log10 probability, log10 back-off weight)."""
    words = tables.words.to_list()
    return {
        tuple(words[i] for i in tables.ngram(k, row)): (
            float(level.log_prob[row]),
            float(level.backoff[row]) if len(level.backoff) else 0.0,
        )
        for k, level in enumerate(tables.levels, 1)
        for row in range(len(level))
    }


@pytest.fixture
def counts():
    return count_ngrams(GOLDEN / "toy.txt", 3, workers=1)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize(("name", "prune"), [("toy", None), ("toy-pruned", "0 1 1")])
def test_equals_lmplz(counts, name, prune, workers):
    method = ModifiedKneserNey(kenlm_compatible=True, prune=prune)
    made = values(method.estimate(counts, workers=workers))
    golden = values(read_arpa(GOLDEN / f"{name}.arpa").to_backoff())
    assert made.keys() == golden.keys()
    for ngram, (log_prob, backoff) in golden.items():
        assert made[ngram] == pytest.approx((log_prob, backoff), abs=1e-6), ngram


def test_equals_lmplz_on_verses():
    with lzma.open(data.path("kjv.txt.xz"), "rt", encoding="utf-8") as verses:
        lines = [re.sub("[^a-z ]", "", verse.lower()) for verse in itertools.islice(verses, 30)]
    method = ModifiedKneserNey(kenlm_compatible=True, discount_fallback=True)
    made = values(method.estimate(count_ngrams([line.split() for line in lines], 3)))
    golden = values(read_arpa(GOLDEN.parent / "lm/kenlm.arpa").to_backoff())
    assert made.keys() == golden.keys()
    difference = np.array([made[ngram] for ngram in golden]) - np.array(list(golden.values()))
    assert np.abs(difference).max() < 1e-6


def test_discounts_are_those_that_lmplz_prints(counts):
    tables = ModifiedKneserNey(kenlm_compatible=True).estimate(counts)
    for ours, theirs in zip(tables.metadata["discounts"], DISCOUNTS, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


def test_the_default_counts_every_ngram_alike(counts):
    ours = ModifiedKneserNey().estimate(counts).metadata["discounts"]
    values = np.diff(counts.begins(2).astype(np.int64))
    n1, n2, n3, n4 = (int(np.count_nonzero(values == a)) for a in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    expected = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
    assert ours[0] == pytest.approx(expected)
    assert ours[0] != pytest.approx(DISCOUNTS[0], abs=0.01)
    assert ours[1] == pytest.approx(DISCOUNTS[1], rel=1e-5)


def test_probabilities_of_a_pruned_model_sum_to_one(counts):
    tables = ModifiedKneserNey(prune=[0, 1]).estimate(counts)
    assert len(tables.levels[1]) < len(counts.levels[1])
    table = Table(tables)
    for history in table.histories():
        total = sum(table.p(history, word) for word in table.predictable())
        assert total == pytest.approx(1, abs=1e-5), history


def test_a_pruned_model_is_the_same_where_counts_may_be_used_up(counts):
    method = ModifiedKneserNey(kenlm_compatible=True, prune="0 1 1")
    kept = values(method.estimate(counts))
    assert values(method.estimate(counts, consume=True)) == kept


def test_thresholds_leave_out_what_is_there_so_often_or_less(counts):
    tables = ModifiedKneserNey(prune="0 0 2").estimate(counts)
    assert [len(level) for level in tables.levels[:2]] == counts.size[:2]
    assert len(tables.levels[2]) == int(np.count_nonzero(counts.levels[2].count > 2))


@pytest.mark.parametrize("prune", ["1", "0 2 1", "0 0 0 0", "0 -1", "x", []])
def test_bad_thresholds(counts, prune):
    with pytest.raises(ValueError, match="prune"):
        ModifiedKneserNey(prune=prune).estimate(counts)


def test_order_of_appearance_survives_files_and_merging(counts, tmp_path):
    lines = [line.split() for line in (GOLDEN / "toy.txt").read_text().splitlines()]
    counts.save(tmp_path / "counts.fe")
    shards = [count_ngrams(part, 3) for part in (lines[:5], lines[5:])]
    method = ModifiedKneserNey(kenlm_compatible=True)
    wanted = values(method.estimate(counts))
    for other in (NgramCounts.load(tmp_path / "counts.fe"), shards[0].merge(shards[1])):
        assert values(method.estimate(other)) == wanted
    same_counts(shards[0].merge(shards[1]), counts)


def test_counts_without_an_order_of_appearance_are_refused(counts, tmp_path):
    counts.write_tsv(tmp_path / "counts.tsv")
    read = NgramCounts.read_tsv(tmp_path / "counts.tsv")
    with pytest.raises(ValueError, match="kenlm_compatible"):
        ModifiedKneserNey(kenlm_compatible=True).estimate(read)
    assert (
        ModifiedKneserNey().estimate(read).metadata["discounts"]
        == (ModifiedKneserNey().estimate(counts).metadata["discounts"])
    )


def test_fallback_is_for_orders_that_need_it():
    counts = count_ngrams([["a", "b", "c"], ["a", "b"]], 2)
    tables = ModifiedKneserNey(discount_fallback="0.5 1 1.5").estimate(counts)
    assert tables.metadata["discounts"] == [[0.5, 1.0, 1.5]] * 2
    with pytest.raises(TrainingError, match="--discount-fallback"):
        ModifiedKneserNey().estimate(counts)


def test_cut_off_counts_are_as_if_never_seen(counts):
    cut = counts.cut_off([1, 1, 2])
    assert cut.size == [*counts.size[:2], int(np.count_nonzero(counts.levels[2].count >= 2))]
    assert not cut.complete
    tables = KneserNey(discount=0.5).estimate(cut)
    table = Table(tables)
    for history in table.histories():
        total = sum(table.p(history, word) for word in table.predictable())
        assert total == pytest.approx(1, abs=1e-5), history
    with pytest.raises(ValueError, match="min_counts"):
        counts.cut_off([1, 3, 2])
    with pytest.raises(ValueError, match="cut off"):
        cut.merge(counts)
