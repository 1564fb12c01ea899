"""Dense networks in plain NumPy, float32, as one would write them by hand."""

from __future__ import annotations

from typing import Any

from fastembed.bench.children import nn_data

Spec = dict[str, Any]
Figures = dict[str, Any]


class Network:
    """ReLU and softmax, two layers, cross-entropy of labels."""

    def __init__(self, n_in: int, hidden: int, n_out: int, seed: int) -> None:
        import numpy as np

        self.np, self.rng = np, np.random.default_rng(seed)
        self.p = []
        for a, b in ((n_in, hidden), (hidden, n_out)):
            limit = np.sqrt(6 / (a + b))
            self.p.append(self.rng.uniform(-limit, limit, (a, b)).astype(np.float32))
            self.p.append(np.zeros(b, dtype=np.float32))
        self.s = [np.zeros_like(p) for p in self.p]

    def forward(self, x: Any) -> tuple[Any, Any]:
        """Hidden values and logits."""
        np = self.np
        w1, b1, w2, b2 = self.p
        h = np.maximum(x @ w1 + b1, 0)
        return h, h @ w2 + b2

    def gradients(self, x: Any, y: Any) -> tuple[float, list[Any]]:
        """Summed loss, and the gradients of the mean."""
        np = self.np
        h, z = self.forward(x)
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        rows = np.arange(len(y))
        loss = float(np.log(total).sum() - z[rows, y].sum())
        d = e / total
        d[rows, y] -= 1
        d /= len(y)
        back = (d @ self.p[2].T) * (h > 0)
        return loss, [x.T @ back, back.sum(axis=0), h.T @ d, d.sum(axis=0)]

    def epoch(self, x: Any, y: Any, batch: int, rate: float, rmsprop: bool) -> float:
        """One pass in a random order; the mean loss."""
        np = self.np
        order, loss = self.rng.permutation(len(x)), 0.0
        for at in range(0, len(x), batch):
            rows = order[at : at + batch]
            own, gradients = self.gradients(x[rows], y[rows])
            loss += own
            for p, s, g in zip(self.p, self.s, gradients, strict=True):
                if rmsprop:
                    s *= 0.9
                    s += 0.1 * g * g
                    p -= rate * g / np.sqrt(s + 1e-7)
                else:
                    p -= rate * g
        return loss / len(x)


def mnist(spec: Spec) -> Figures:
    """784-512-10 on MNIST; BLAS has as many threads as the others have workers."""
    from threadpoolctl import threadpool_limits

    def make(x: Any, y: Any, epochs: int, seed: int, workers: int) -> Any:
        net = Network(784, 512, 10, seed)

        def train() -> None:
            with threadpool_limits(workers):
                for _ in range(epochs):
                    net.epoch(x, y, 128, 1e-3, True)

        return train, lambda images: net.forward(images)[1].argmax(axis=1)

    return nn_data.run_mnist(spec, make)


def small_network(spec: Spec) -> Figures:
    """Steps where overhead decides."""

    def make(x: Any, y: Any, hidden: int, batch: int) -> Any:
        net = Network(16, hidden, 2, 1)

        def train(epochs: int) -> float:
            return [net.epoch(x, y, batch, 0.01, False) for _ in range(epochs)][-1]

        return train

    return nn_data.run_small(spec, make)
