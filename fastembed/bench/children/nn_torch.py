"""Tasks of `run_torch` about dense networks: eager PyTorch, as its tutorials write the loop."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def _network(n_in: int, hidden: int, n_out: int) -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, n_out))


def _epoch(net: Any, optimizer: Any, x: Any, y: Any, batch: int) -> float:
    import torch

    order, loss = torch.randperm(len(x)), 0.0
    for at in range(0, len(x), batch):
        rows = order[at : at + batch]
        optimizer.zero_grad()
        own = torch.nn.functional.cross_entropy(net(x[rows]), y[rows])
        own.backward()
        optimizer.step()
        loss += float(own.detach()) * len(rows)
    return loss / len(x)


def mnist(spec: Spec) -> Figures:
    """784-512-10 on MNIST."""
    import nn_data  # type: ignore[import-not-found]  # beside this file
    import torch

    torch.set_num_threads(spec["workers"])

    def make(x: Any, y: Any, epochs: int, seed: int, workers: int) -> Any:
        torch.manual_seed(seed)
        net = _network(784, 512, 10)
        optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
        images, labels = torch.from_numpy(x), torch.from_numpy(y)

        def train() -> None:
            for _ in range(epochs):
                _epoch(net, optimizer, images, labels, 128)

        def label(test: Any) -> Any:
            with torch.no_grad():
                return net(torch.from_numpy(test)).argmax(dim=1).numpy()

        return train, label

    figures: Figures = nn_data.run_mnist(spec, make)
    return figures


def small_network(spec: Spec) -> Figures:
    """Steps where overhead decides."""
    import nn_data
    import torch

    torch.set_num_threads(1)

    def make(x: Any, y: Any, hidden: int, batch: int) -> Any:
        torch.manual_seed(1)
        net = _network(16, hidden, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        rows, labels = torch.from_numpy(x), torch.from_numpy(y)

        def train(epochs: int) -> float:
            return [_epoch(net, optimizer, rows, labels, batch) for _ in range(epochs)][-1]

        return train

    figures: Figures = nn_data.run_small(spec, make)
    return figures
