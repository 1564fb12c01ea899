"""Dense networks: an epoch of a large and of a small one, and predictions."""

from __future__ import annotations

import numpy as np
import pytest

from fastembed import nn


def data(n: int, width: int):
    rng = np.random.default_rng(0)
    x = rng.random((n, width), dtype=np.float32)
    return x, (x[:, 0] + x[:, 1] > 1).astype(np.int64)


def network(hidden: int, optimizer) -> nn.Sequential:
    net = nn.Sequential([nn.Dense(hidden, "relu"), nn.Dense(10, "softmax")])
    return net.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_epoch_of_mnist_size(benchmark, optimizer):
    x, y = data(6000, 784)
    net = network(512, optimizer)
    net.fit(x, y, batch_size=128, workers=1)
    history = benchmark(lambda: net.fit(x, y, batch_size=128, workers=1))
    assert history.history["loss"][0] < np.log(10)


@pytest.mark.parametrize("batch", [1, 32])
@pytest.mark.parametrize("hidden", [8, 64])
def test_epoch_of_a_small_network(benchmark, hidden, batch):
    x, y = data(20_000, 16)
    net = network(hidden, "sgd")
    history = benchmark(lambda: net.fit(x, y, batch_size=batch, workers=1))
    assert history.history["loss"][0] < np.log(10)


def test_predictions(benchmark):
    x, _ = data(10_000, 784)
    net = network(512, "sgd").build(784)
    found = benchmark(lambda: net.predict(x, workers=1))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
