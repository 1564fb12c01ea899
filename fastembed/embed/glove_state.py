"""GloVe on disk: the arrays of a model, and of a checkpoint.

What all models have in common stands in `fastembed.embed.checkpoint`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastembed.core.errors import FormatError
from fastembed.embed.checkpoint import SavedModel
from fastembed.embed.glove_tables import Parameters

__all__ = ["SQUARES", "array_names", "read_parameters"]

# Sums of squared gradients in a checkpoint.
SQUARES = ("word_squares", "context_squares", "bias_squares")


def array_names(vector: Any) -> tuple[str, str, str]:
    """Names of the arrays of `Parameters` in a file; what is the result too is not stored twice."""
    return (
        "vectors" if vector == "word" else "word_vectors",
        "vectors" if vector == "context" else "context_vectors",
        "biases",
    )


def read_parameters(saved: SavedModel, names: tuple[str, str, str]) -> Parameters:
    """Parameters, or their sums of squares, copied out of a file.

    Raises
    ------
    FormatError
        One of the arrays is missing, or they do not fit together.
    """
    n, d = saved.vectors.shape
    if saved.counts.shape != (n,) or saved.params.get("vector_size") != d:
        raise saved.misfit()
    found = []
    for name, shape in zip(names, ((n, d), (n, d), (n, 2)), strict=True):
        array = saved.arrays.get(name)
        if array is None:
            raise FormatError(f"{saved.path}: the model lacks its {name}")
        if array.shape != shape or array.dtype != np.float32:
            raise saved.misfit()
        found.append(np.array(array))
    return Parameters(*found)
