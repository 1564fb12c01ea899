"""PyTorch as a contender."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def versions(spec: Spec) -> Figures:
    """What would run."""
    import platform

    import numpy
    import torch

    return {
        "version": torch.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
    }


def neural_lm(spec: Spec) -> Figures:
    """Train a neural language model."""
    # beside this file; the peer's Python need not have fastembed
    import neural_torch  # type: ignore[import-not-found]

    return neural_torch.neural_lm(spec)


def autoencoder(spec: Spec) -> Figures:
    """A plain or variational autoencoder on MNIST."""
    import autoencoder_torch  # type: ignore[import-not-found]

    return autoencoder_torch.autoencoder(spec)


def mnist(spec: Spec) -> Figures:
    """A dense network on MNIST."""
    import nn_torch  # type: ignore[import-not-found]

    return nn_torch.mnist(spec)


def small_network(spec: Spec) -> Figures:
    """Steps of a small dense network."""
    import nn_torch

    return nn_torch.small_network(spec)


TASKS = {
    "autoencoder": autoencoder,
    "mnist": mnist,
    "neural_lm": neural_lm,
    "small_network": small_network,
    "versions": versions,
}
