"""Task of `run_fastembed` about autoencoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastembed.bench.children import nn_data

Spec = dict[str, Any]
Figures = dict[str, Any]


def autoencoder(spec: Spec) -> Figures:
    """Train on MNIST; nats a test image: reconstruction, or minus the bound."""
    import numpy as np

    from fastembed import Autoencoder, VariationalAutoencoder

    x, test = (np.load(Path(spec["folder"]) / f"mnist-{name}.npy") for name in ("x", "x_test"))
    cls = Autoencoder if spec["kind"] == "plain" else VariationalAutoencoder
    model = cls(
        code_size=spec["code"],
        hidden=(spec["hidden"],),
        decoder="bernoulli",
        epochs=spec["epochs"],
        batch_size=128,
        workers=spec["workers"],
    )
    figures = nn_data.clocked(lambda: model.fit(x), spec["epochs"])
    if isinstance(model, VariationalAutoencoder):
        return figures | {"loss": -model.elbo(test).value}
    return figures | {"loss": model.reconstruction_loss(test) * 784}


TASKS = {"autoencoder": autoencoder}
