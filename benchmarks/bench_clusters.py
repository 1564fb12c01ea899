"""Counting pairs, merging, exchanging."""

from __future__ import annotations

import pytest

import fastembed as fe
from fastembed.cluster.pairs import count_pairs, item_order
from fastembed.core.progress import Progress


@pytest.fixture(scope="module")
def encoded(kjv_text):
    with fe.Corpus(kjv_text.path, lowercase=True, punctuation="drop").encode() as corpus:
        yield corpus


def test_count_pairs(benchmark, encoded, workers):
    order = item_order(encoded.vocabulary)

    def count():
        return count_pairs(encoded, order, across_lines=True, workers=workers, progress=Progress())

    assert benchmark(count).total == encoded.n_tokens - 1


@pytest.mark.parametrize("n_clusters", [100, 500])
def test_brown(benchmark, encoded, n_clusters):
    clusters = benchmark(lambda: fe.BrownClusters(n_clusters=n_clusters).fit(encoded))
    assert clusters.n_clusters_ == n_clusters
    assert clusters.losses_.sum() == pytest.approx(clusters.ami_, abs=1e-6)


@pytest.mark.parametrize("n_clusters", [100, 500])
def test_exchange(benchmark, encoded, n_clusters):
    def fit():
        model = fe.ExchangeClusters(n_clusters=n_clusters, passes=5, hierarchy=False)
        return model.fit(encoded)

    clusters = benchmark(fit)
    assert clusters.ami_history_ == sorted(clusters.ami_history_)
