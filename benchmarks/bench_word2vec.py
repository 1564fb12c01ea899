"""Training: every pair of architecture and objective, sizes, workers, the price of determinism."""

from __future__ import annotations

import numpy as np
import pytest

import fastembed as fe

EPOCHS = 2


@pytest.fixture(scope="session")
def encoded(kjv_text):
    with fe.Corpus(kjv_text.path).encode(min_count=5) as corpus:
        yield corpus


def run(benchmark, encoded, **params):
    """Time ``fit`` alone: the text is encoded before."""
    options = {"vector_size": 100, "epochs": EPOCHS, "min_count": 5, "sample": 1e-3, "seed": 1}

    def fit():
        return fe.Word2Vec(**{**options, **params}).fit(encoded)

    model = benchmark.pedantic(fit, rounds=3, warmup_rounds=1)
    words = EPOCHS * encoded.n_tokens
    benchmark.extra_info["words/s"] = words / benchmark.stats["median"]
    first, last = model.loss_history_[0], model.loss_history_[-1]
    assert len(model.loss_history_) == EPOCHS
    assert np.isfinite(first)
    assert 0 < last < first
    assert len(model.wv) == len(encoded.vocabulary)
    assert np.isfinite(model.wv.vectors).all()
    return model


@pytest.mark.parametrize("vector_size", [100, 300])
def test_skip_gram(benchmark, encoded, workers, vector_size):
    run(benchmark, encoded, workers=workers, vector_size=vector_size)


@pytest.mark.parametrize("sg", [0, 1], ids=["cbow", "skip-gram"])
@pytest.mark.parametrize("hs", [0, 1], ids=["negative", "hierarchical"])
def test_objectives(benchmark, encoded, sg, hs):
    run(benchmark, encoded, workers=1, sg=sg, hs=hs, negative=0 if hs else 5)


def test_deterministic(benchmark, encoded, workers):
    model = run(benchmark, encoded, workers=workers, deterministic=True)
    again = fe.Word2Vec(**{**model.get_params(), "workers": 1}).fit(encoded)
    assert np.array_equal(model.wv.vectors, again.wv.vectors)
