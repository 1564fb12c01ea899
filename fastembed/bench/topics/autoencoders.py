"""The topic ``autoencoder``: a plain and a variational one on MNIST beside PyTorch.

784-128-32-128-784 with cross-entropy, and 784-512-20-512-784 with a Bernoulli decoder and one draw
of the code; ReLU, Adam 1e-3, batches of 128.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.setting import CPU, MEMORY, Figures, Setting, Variants

__all__ = ["autoencoders", "check_losses"]

FIGURES = (
    Metric("epoch_cpu_s", "CPU s an epoch", "lower"),
    Metric("epoch_s", "s an epoch", "lower"),
    Metric("loss", "nats a test image", "lower"),
    CPU,
    MEMORY,
)
VARIANTS: Variants = {"fastembed": ("fastembed", {}), "torch": ("torch", {})}
NETWORKS = {
    "plain": ("autoencoder, 784-128-32", {"hidden": 128, "code": 32}),
    "variational": ("variational autoencoder, 784-512-20", {"hidden": 512, "code": 20}),
}
NOISE = 0.03  # by which losses of two trainings of one network differ


def check_losses(figures: Figures) -> list[str]:
    """Ours is as good as PyTorch's."""
    ours, peer = figures.get("fastembed"), figures.get("torch")
    if ours and peer and ours["loss"] > (1 + NOISE) * peer["loss"]:
        return [f"fastembed's loss is {ours['loss']:.2f}, PyTorch's {peer['loss']:.2f}"]
    return []


def autoencoders(setting: Setting) -> Iterator[Case]:
    """Where the folder of MNIST is given."""
    if setting.mnist is None:
        return
    spec: Mapping[str, Any] = {
        "mnist": setting.mnist,
        "folder": str(setting.folder),
        "epochs": 1 if setting.quick else 5,
    }
    setup: tuple[Command, ...] = (setting.contenders["fastembed"].command("mnist_arrays", spec),)
    for kind, (name, sizes) in NETWORKS.items():
        for workers in setting.workers:
            yield Case(
                "autoencoder",
                f"{name}, {workers} worker{'s' if workers > 1 else ''}",
                setting.peer_commands(
                    "autoencoder", {**spec, **sizes, "kind": kind, "workers": workers}, VARIANTS
                ),
                FIGURES,
                check_losses,
                workers,
                setup=setup,
            )
            setup = ()
