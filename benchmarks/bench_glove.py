"""GloVe: making the tiles, the training by size and workers, the price of clipping."""

from __future__ import annotations

import numpy as np
import pytest

import fastembed as fe
from fastembed._native import _glove
from fastembed.embed.glove_tables import parts_of

EPOCHS = 3


@pytest.fixture(scope="session")
def counts(kjv_text):
    return fe.Cooccurrence(window=15, min_count=5).fit(kjv_text.path)


def test_tiles(benchmark, counts, workers):
    parts = parts_of(len(counts.vocabulary_))
    arrays = (counts.indptr, counts.indices, counts.data)
    tiles = benchmark(_glove.Tiles, *arrays, parts=parts, seed=1, workers=workers)
    assert tiles.strips[-1] == counts.nnz
    np.testing.assert_allclose(np.sort(tiles.logs), np.sort(np.log(counts.data)), atol=1e-5)


def run(benchmark, counts, **params):
    options = {"vector_size": 100, "epochs": EPOCHS, "x_max": 10, "seed": 1}

    def fit():
        return fe.GloVe(**{**options, **params}).fit(counts)

    model = benchmark.pedantic(fit, rounds=3, warmup_rounds=1)
    benchmark.extra_info["pairs/s"] = EPOCHS * counts.nnz / model.training_seconds_
    losses = model.loss_history_
    assert 0 < losses[-1] < losses[0]
    assert np.isfinite(model.wv.vectors).all()


@pytest.mark.parametrize("vector_size", [50, 100, 300])
def test_training(benchmark, counts, workers, vector_size):
    run(benchmark, counts, workers=workers, vector_size=vector_size)


def test_clipping(benchmark, counts):
    run(benchmark, counts, workers=1, grad_clip=100)
