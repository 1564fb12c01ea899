"""Tasks of `run_fastembed` about dense networks; ``by_hand`` is the same in NumPy."""

from __future__ import annotations

from typing import Any

from fastembed.bench.children import nn_data

Spec = dict[str, Any]
Figures = dict[str, Any]


def mnist(spec: Spec) -> Figures:
    """784-512-10 on MNIST."""
    if spec.get("by_hand"):
        from fastembed.bench.children import nn_numpy

        return nn_numpy.mnist(spec)
    from fastembed import nn

    def make(x: Any, y: Any, epochs: int, seed: int, workers: int) -> Any:
        net = nn.Sequential([nn.Dense(512, "relu"), nn.Dense(10, "softmax")], seed=seed)
        net.compile("rmsprop", "sparse_categorical_crossentropy", ["accuracy"]).build(784)
        return (
            lambda: net.fit(x, y, epochs=epochs, batch_size=128, workers=workers),
            lambda images: net.predict(images).argmax(axis=1),
        )

    return nn_data.run_mnist(spec, make)


def small_network(spec: Spec) -> Figures:
    """Steps where overhead decides."""
    if spec.get("by_hand"):
        from fastembed.bench.children import nn_numpy

        return nn_numpy.small_network(spec)
    from fastembed import nn

    def make(x: Any, y: Any, hidden: int, batch: int) -> Any:
        net = nn.Sequential([nn.Dense(hidden, "relu"), nn.Dense(2, "softmax")])
        net.compile(nn.SGD(learning_rate=0.01), "sparse_categorical_crossentropy")

        def train(epochs: int) -> float:
            history = net.fit(x, y, epochs=epochs, batch_size=batch, workers=1)
            return history.history["loss"][-1]

        return train

    return nn_data.run_small(spec, make)


TASKS = {"mnist": mnist, "mnist_arrays": nn_data.mnist_arrays, "small_network": small_network}
