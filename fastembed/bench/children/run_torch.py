"""PyTorch as a contender."""

from __future__ import annotations

from typing import Any

import neural_torch  # type: ignore[import-not-found]

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


TASKS = {"neural_lm": neural_torch.neural_lm, "versions": versions}
