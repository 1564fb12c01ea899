"""Entropy pruning against its definition, on models small enough to sum over everything."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from ngram_helpers import Table
from test_smoothing import TEXT, estimate

from fastembed.core.errors import FormatError
from fastembed.ngram.pruning import keep_rows, prune_by_entropy
from fastembed.ngram.tables import Level


def history_probability(table, history):
    """The model's probability of a history, </s> standing for <s>."""
    total = 1.0
    for i, word in enumerate(history):
        total *= table.p(history[:i], "</s>" if word == "<s>" else word)
    return total


@pytest.mark.parametrize("name", ["witten_bell", "katz", "modified_kneser_ney"])
@pytest.mark.parametrize("order", [2, 3])
def test_probabilities_still_sum_to_one(name, order):
    extra = {"discount_fallback": True} if name == "modified_kneser_ney" else {}
    tables = estimate(name, order, **extra)
    pruned = prune_by_entropy(tables, 1e-3)
    assert len(pruned.levels[-1]) < len(tables.levels[-1])
    table = Table(pruned)
    for history in table.histories():
        total = sum(table.p(history, word) for word in table.predictable())
        assert total == pytest.approx(1, abs=1e-5), history
    before = Table(tables)
    assert all(before.listed[ngram] == p for ngram, p in table.listed.items())


def test_bigrams_go_by_the_relative_entropy_of_the_definition():
    tables = estimate("witten_bell", 2)
    full, threshold = Table(tables), 2e-3
    kept = Table(prune_by_entropy(tables, threshold)).listed
    decided = set()
    for ngram in [g for g in full.listed if len(g) == 2]:
        h, w = ngram[:1], ngram[1]
        # the model without this bigram, its history's back-off weight made anew
        without = Table(tables)
        del without.listed[ngram]
        rest = [g for g in without.listed if g[:1] == h and len(g) == 2]
        left = 1 - sum(full.listed[g] for g in rest)
        without.backoff[h] = left / (1 - sum(full.listed[g[1:]] for g in rest))
        change = history_probability(full, h) * sum(
            full.p(h, v) * math.log(full.p(h, v) / without.p(h, v)) for v in full.predictable()
        )
        assert change > -1e-7
        rise = math.expm1(change)
        if abs(rise - threshold) > 1e-6:
            assert (ngram in kept) == (rise >= threshold), (h, w, rise)
            decided.add(ngram in kept)
    assert decided == {True, False}


def test_what_longer_ngrams_need_stays():
    tables = estimate("witten_bell", 3)
    pruned = prune_by_entropy(tables, 5e-4)
    listed = Table(pruned).listed
    trigrams = [ngram for ngram in listed if len(ngram) == 3]
    assert trigrams
    for ngram in trigrams:
        assert ngram[1:] in listed
        assert ngram[:-1] in listed


def test_a_tiny_threshold_keeps_all_and_a_huge_one_nothing():
    tables = estimate("witten_bell", 3)
    everything = prune_by_entropy(tables, 1e-30)
    nothing = prune_by_entropy(tables, 1e9)
    assert [len(level) for level in nothing.levels] == [len(tables.levels[0]), 0, 0]
    assert nothing.metadata["entropy_threshold"] == 1e9
    kept = len(everything.levels[2])
    assert kept > 0.8 * len(tables.levels[2])
    assert np.array_equal(everything.levels[0].log_prob, tables.levels[0].log_prob)


def test_only_backoff_models_that_are_whole():
    for name in ("mle", "stupid_backoff"):
        with pytest.raises(ValueError, match="back-off"):
            prune_by_entropy(estimate(name, 2, TEXT), 1e-3)
    with pytest.raises(ValueError, match="threshold"):
        prune_by_entropy(estimate("witten_bell", 2), 0)
    whole = estimate("witten_bell", 3)
    bigrams, trigrams = whole.levels[1], whole.levels[2]
    keep = np.ones(len(bigrams), dtype=bool)
    begins = (bigrams.word == whole.bos) & (bigrams.parent != whole.eos)
    keep[np.flatnonzero(begins)[0]] = False
    holes = Level(*(array[keep] for array in vars(bigrams).values()))
    parent = keep_rows(trigrams.parent, np.ones(len(trigrams), dtype=bool), keep)
    broken = replace(whole, levels=[whole.levels[0], holes, replace(trigrams, parent=parent)])
    with pytest.raises(FormatError, match=r"the context '<s> .* of the 3-gram '<s>"):
        prune_by_entropy(broken, 1e-3)
