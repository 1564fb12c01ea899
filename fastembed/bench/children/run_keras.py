"""Keras as a contender, on PyTorch or on what KERAS_BACKEND names."""

from __future__ import annotations

import os
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]

os.environ.setdefault("KERAS_BACKEND", "torch")


def versions(spec: Spec) -> Figures:
    """What would run."""
    import platform

    import keras
    import numpy

    return {
        "version": f"{keras.__version__} on {keras.backend.backend()}",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
    }


def _network(n_in: int, hidden: int, n_out: int, optimizer: Any, workers: int) -> Any:
    import keras

    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(workers)
    layers = [
        keras.Input((n_in,)),
        keras.layers.Dense(hidden, activation="relu"),
        keras.layers.Dense(n_out, activation="softmax"),
    ]
    net = keras.Sequential(layers)
    net.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return net


def mnist(spec: Spec) -> Figures:
    """784-512-10 on MNIST."""
    import keras
    import nn_data  # type: ignore[import-not-found]  # beside this file

    def make(x: Any, y: Any, epochs: int, seed: int, workers: int) -> Any:
        keras.utils.set_random_seed(seed)
        net = _network(784, 512, 10, keras.optimizers.RMSprop(1e-3), workers)
        return (
            lambda: net.fit(x, y, epochs=epochs, batch_size=128, verbose=0),
            lambda images: net.predict(images, batch_size=1000, verbose=0).argmax(axis=1),
        )

    figures: Figures = nn_data.run_mnist(spec, make)
    return figures


def small_network(spec: Spec) -> Figures:
    """Steps where overhead decides."""
    import keras
    import nn_data

    def make(x: Any, y: Any, hidden: int, batch: int) -> Any:
        keras.utils.set_random_seed(1)
        net = _network(16, hidden, 2, keras.optimizers.SGD(0.01), 1)

        def train(epochs: int) -> float:
            history = net.fit(x, y, epochs=epochs, batch_size=batch, verbose=0)
            return float(history.history["loss"][-1])

        return train

    figures: Figures = nn_data.run_small(spec, make)
    return figures


TASKS = {"mnist": mnist, "small_network": small_network, "versions": versions}
