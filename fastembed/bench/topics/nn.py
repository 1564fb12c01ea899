"""The topic ``nn``: dense networks beside PyTorch, Keras, scikit-learn and NumPy by hand.

MNIST (``--mnist FOLDER``) is the two-layer network of textbooks: 784-512-10, ReLU, softmax,
RMSprop 1e-3, batches of 128. The small networks are where the cost of a step is overhead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.setting import CPU, MEMORY, Figures, Setting, Variants

__all__ = ["ACCURACY", "check_mnist", "nn"]

ACCURACY = 0.9785  # of the test images after five epochs
MNIST = (
    Metric("epoch_cpu_s", "CPU s an epoch", "lower"),
    Metric("epoch_s", "s an epoch", "lower"),
    Metric("accuracy", "test accuracy", "higher"),
    CPU,
    MEMORY,
)
SMALL = (
    Metric("step_cpu_us", "CPU us a step", "lower"),
    Metric("step_us", "us a step", "lower"),
    MEMORY,
)
VARIANTS: Variants = {
    "fastembed": ("fastembed", {}),
    "NumPy": ("fastembed", {"by_hand": True}),
    "torch": ("torch", {}),
    "keras": ("keras", {}),
    "sklearn": ("sklearn", {}),
}


def check_mnist(figures: Figures) -> list[str]:
    """All have learned what there is to learn."""
    wrong = []
    for name, f in figures.items():
        wanted = ACCURACY if name == "fastembed" else ACCURACY - 0.004
        if f["epochs"] >= 5 and f["accuracy"] < wanted:
            wrong.append(f"{name} is right on {f['accuracy']:.4f} of the test images only")
        if f["epochs"] < 5 and f["accuracy"] < 0.9:
            wrong.append(f"{name} has learned nothing: {f['accuracy']:.4f}")
    return wrong


def check_small(figures: Figures) -> list[str]:
    """All have lowered the loss."""
    return [
        f"{name} did not lower its loss: {f['first_loss']:.4f}, {f['last_loss']:.4f}"
        for name, f in figures.items()
        if not f["last_loss"] < f["first_loss"]
    ]


def nn(setting: Setting) -> Iterator[Case]:
    """MNIST, where its folder is given, then small networks."""
    if setting.mnist is not None:
        spec: Mapping[str, Any] = {
            "mnist": setting.mnist,
            "folder": str(setting.folder),
            "epochs": 1 if setting.quick else 5,
            "seeds": [1] if setting.quick else [1, 2, 3],
        }
        setup: tuple[Command, ...] = (
            setting.contenders["fastembed"].command("mnist_arrays", spec),
        )
        for workers in setting.workers:
            yield Case(
                "nn",
                f"MNIST, 784-512-10, {workers} worker{'s' if workers > 1 else ''}",
                setting.peer_commands("mnist", {**spec, "workers": workers}, VARIANTS),
                MNIST,
                check_mnist,
                workers,
                setup=setup,
            )
            setup = ()
    for batch in (1, 32):
        for hidden in (8, 64):
            small = {"batch": batch, "hidden": hidden, "seconds": 0.3 if setting.quick else 1.0}
            yield Case(
                "nn",
                f"16-{hidden}-2, batches of {batch}, 1 worker",
                setting.peer_commands("small_network", small, VARIANTS),
                SMALL,
                check_small,
                1,
            )
