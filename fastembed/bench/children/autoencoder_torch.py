"""The task ``autoencoder`` for PyTorch: the same networks, loss and optimiser, eagerly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def autoencoder(spec: Spec) -> Figures:
    """Train on MNIST; nats a test image: reconstruction, or minus the bound with one draw."""
    import nn_data  # type: ignore[import-not-found]  # beside this file
    import numpy as np
    import torch
    from torch import nn

    torch.set_num_threads(spec["workers"])
    torch.manual_seed(1)
    x, test = (
        torch.from_numpy(np.load(Path(spec["folder"]) / f"mnist-{name}.npy"))
        for name in ("x", "x_test")
    )
    plain, hidden, code = spec["kind"] == "plain", spec["hidden"], spec["code"]
    given = code if plain else 2 * code
    encoder = nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, given))
    decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, 784))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    cross_entropy = nn.functional.binary_cross_entropy_with_logits

    def loss_of(rows: Any) -> Any:
        z = encoder(rows)
        if plain:
            return cross_entropy(decoder(z), rows)
        mean, log_variance = z.chunk(2, dim=1)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        kl = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum()
        return (cross_entropy(decoder(z), rows, reduction="sum") + kl) / len(rows)

    def train() -> None:
        for _ in range(spec["epochs"]):
            order = torch.randperm(len(x))
            for at in range(0, len(x), 128):
                optimizer.zero_grad()
                loss = loss_of(x[order[at : at + 128]])
                loss.backward()
                optimizer.step()

    figures: Figures = nn_data.clocked(train, spec["epochs"])
    with torch.no_grad():
        loss = float(loss_of(test))
    return figures | {"loss": loss * 784 if plain else loss}
