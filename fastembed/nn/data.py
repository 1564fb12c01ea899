"""Arrays as networks take them: shapes, types, labels and weights, checked before any work."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.nn.losses import Loss

__all__ = ["check_inputs", "check_targets", "check_weights"]

# Types that kernels convert while they gather rows; everything else is converted beforehand.
NUMBERS = ("float32", "float64", "uint8")
IDS = ("int32", "int64")


def check_inputs(x: ArrayLike, shape: tuple[int, ...], integer: bool) -> NDArray[Any]:
    """Inputs as a C-contiguous matrix; nothing is copied that the kernels can read.

    Raises
    ------
    ValueError, TypeError
        No rows, rows of another shape, or another kind of numbers.
    """
    array = np.asarray(x)
    if array.ndim == 1 and shape == (1,):
        array = array[:, None]
    if array.ndim < 2 or array.shape[1:] != shape:
        raise ValueError(
            f"X must have shape (rows, {', '.join(map(str, shape))}), as the first layer was built "
            f"for; got {array.shape}"
        )
    if len(array) == 0:
        raise ValueError("X has no rows")
    return _matrix(array, math.prod(shape), "X", integer)


def _matrix(array: NDArray[Any], width: int, what: str, integer: bool) -> NDArray[Any]:
    kinds, allowed = ("iu", IDS) if integer else ("fiub", NUMBERS)
    if array.dtype.kind not in kinds:
        wanted = "integer ids" if integer else "real numbers"
        raise TypeError(f"{what} must hold {wanted}; got dtype {array.dtype}")
    array = array.reshape(len(array), width)
    if array.dtype.name not in allowed or not array.dtype.isnative:
        array = array.astype(np.int64 if integer else np.float32)
    return np.ascontiguousarray(array)


def check_targets(y: Any, n: int, loss: Loss, n_output: int, layer: str) -> NDArray[Any] | None:
    """Targets as a matrix of numbers, or labels as (n, 1) int64.

    Raises
    ------
    ValueError, TypeError
        They do not fit the rows, the loss or the layer that gives the outputs.
    """
    if loss.group > 1:
        if y is not None:
            _check_rows(np.asarray(y), n)
        return None
    if y is None:
        raise ValueError(f"loss {loss.name} needs targets y")
    array = np.asarray(y)
    _check_rows(array, n)
    if loss.labels:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise ValueError(
                f"y must hold one integer label a row for {loss.name}; got shape {array.shape}. "
                "One-hot rows are for categorical_crossentropy"
            )
        if array.dtype.kind not in "iu":
            raise TypeError(f"y must hold integer labels for {loss.name}; got dtype {array.dtype}")
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= n_output:
            bad = int(np.flatnonzero((array < 0) | (array >= n_output))[0])
            raise ValueError(
                f"y: label {int(array[bad])} in row {bad} is out of range: layer {layer!r} has "
                f"{n_output} outputs, so labels are 0 .. {n_output - 1}"
            )
        return np.ascontiguousarray(array[:, None].astype(np.int64))
    if array.ndim == 1 and n_output == 1:
        array = array[:, None]
    if array.ndim < 2 or math.prod(array.shape[1:]) != n_output:
        hint = ""
        if array.ndim == 1 and array.dtype.kind in "iu":
            hint = "; integer labels are for sparse_categorical_crossentropy"
        raise ValueError(
            f"y must have shape (rows, {n_output}), as many as layer {layer!r} has outputs; got "
            f"{array.shape}{hint}"
        )
    return _matrix(array, n_output, "y", False)


def _check_rows(array: NDArray[Any], n: int) -> None:
    if array.ndim == 0 or len(array) != n:
        rows = "is a number" if array.ndim == 0 else f"has {len(array)} rows"
        raise ValueError(f"X has {n} rows and y {rows}")


def check_weights(
    n: int,
    y: NDArray[Any] | None,
    sample_weight: ArrayLike | None,
    class_weight: Mapping[int, float] | None,
    loss: Loss,
) -> NDArray[np.float64] | None:
    """Weights of the rows; those of classes times those of samples.

    Raises
    ------
    ValueError
        They are negative or not numbers, do not fit the rows, or name a class that is not there.
    """
    weights: NDArray[np.float64] | None = None
    if sample_weight is not None:
        weights = np.array(sample_weight, dtype=np.float64)
        if weights.shape != (n,):
            raise ValueError(f"sample_weight must have shape ({n},); got {weights.shape}")
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("sample_weight must hold numbers >= 0")
    if class_weight is not None:
        if y is None:
            raise ValueError("class_weight needs targets y")
        labels = y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
        labels = labels.astype(np.int64)
        known = {int(k): float(v) for k, v in class_weight.items()}
        missing = sorted(set(np.unique(labels).tolist()) - set(known))
        if missing:
            raise ValueError(f"class_weight has no weight for class {missing[0]}")
        if not all(math.isfinite(v) and v >= 0 for v in known.values()):
            raise ValueError("class_weight must hold numbers >= 0")
        table = np.zeros(max(known) + 1)
        table[list(known)] = list(known.values())
        weights = table[labels] * (1.0 if weights is None else weights)
    return weights
