"""First values of parameters, by name or given as a number or an array.

Each array draws from a stream of its own, (seed, index of the array), so the first values of a
layer do not depend on the sizes of the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["INITIALIZERS", "Initializer", "initializer_of"]

Initializer = Callable[[tuple[int, ...], int, int], NDArray[Any]]


def _draws(shape: tuple[int, ...], seed: int, index: int, normal: bool) -> NDArray[np.float64]:
    from fastembed._native import _nn_draws

    return _nn_draws.fill(math.prod(shape), normal, seed, index).reshape(shape)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    return (shape[0], shape[-1]) if len(shape) > 1 else (shape[0], shape[0])


def glorot_uniform(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
    """Uniform in +-sqrt(6 / (fan in + fan out)) (Glorot & Bengio 2010)."""
    return math.sqrt(6 / sum(_fans(shape))) * _draws(shape, seed, index, False)


def glorot_normal(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
    """Normal with variance 2 / (fan in + fan out)."""
    return math.sqrt(2 / sum(_fans(shape))) * _draws(shape, seed, index, True)


def he_uniform(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
    """Uniform in +-sqrt(6 / fan in) (He et al. 2015)."""
    return math.sqrt(6 / _fans(shape)[0]) * _draws(shape, seed, index, False)


def he_normal(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
    """Normal with variance 2 / fan in."""
    return math.sqrt(2 / _fans(shape)[0]) * _draws(shape, seed, index, True)


def uniform(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
    """Uniform in +-0.05, as Keras' embeddings begin."""
    return 0.05 * _draws(shape, seed, index, False)


def zeros(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
    """All 0."""
    return np.zeros(shape)


def ones(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
    """All 1."""
    return np.ones(shape)


INITIALIZERS: dict[str, Initializer] = {
    f.__name__: f
    for f in (glorot_uniform, glorot_normal, he_uniform, he_normal, uniform, zeros, ones)
}


def initializer_of(given: str | ArrayLike, what: str) -> Initializer:
    """The function that an argument means; an array is itself, of the shape that is wanted, a
    number all of them.

    Parameters
    ----------
    what : str
        Named in errors: "layer 'dense': kernel_initializer".
    """
    if isinstance(given, str):
        if given not in INITIALIZERS:
            allowed = ", ".join(INITIALIZERS)
            raise ValueError(f"{what} must be an array or one of {allowed}; got {given!r}")
        return INITIALIZERS[given]

    def explicit(shape: tuple[int, ...], seed: int, index: int) -> NDArray[Any]:
        try:
            array = np.asarray(given, dtype=np.float64)
            if given is None:
                raise TypeError
        except (TypeError, ValueError):
            raise TypeError(f"{what} must be a name, a number or an array of numbers") from None
        if array.ndim and array.shape != shape:
            raise ValueError(f"{what} has shape {array.shape} and must have {shape}")
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            at = tuple(bad[0].tolist())
            raise ValueError(f"{what} holds {array[at]} at {at}; first values must be finite")
        return np.broadcast_to(array, shape)

    return explicit
