"""Arrays as networks take them: shapes, types, labels and weights, checked before any work."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.nn.losses import Loss

__all__ = [
    "as_array",
    "check_inputs",
    "check_numbers",
    "check_targets",
    "check_weights",
    "raise_bad_id",
    "raise_not_finite",
]

# Types that kernels convert while they gather rows; everything else is converted beforehand.
NUMBERS = ("float32", "float64", "uint8")
IDS = ("int32", "int64")
BLOCK = 1 << 16  # numbers that are looked at together: they stay in the cache


def as_array(what: str, given: Any) -> NDArray[Any]:
    """Rows of numbers as an array.

    Raises
    ------
    ValueError, TypeError
        It is no array: rows of different length, a sparse or masked matrix, nothing.
    """
    if hasattr(given, "toarray"):
        raise TypeError(f"{what} is a sparse matrix; pass {what}.toarray()")
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise ValueError(f"{what} has masked values; fill them, or leave those rows out")
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError(f"{what} has rows of different lengths") from None
    if array.ndim == 0:
        raise TypeError(f"{what} must be an array of rows; got {given!r}")
    if len(array) == 0:
        raise ValueError(f"{what} has no rows")
    if array.size == 0:
        raise ValueError(f"{what} has rows without numbers: its shape is {array.shape}")
    return array


def check_inputs(x: ArrayLike, shape: tuple[int, ...], integer: bool, layer: str) -> NDArray[Any]:
    """Inputs as a C-contiguous matrix; nothing is copied that the kernels can read.

    ``layer`` is the one that takes them, for errors.

    Raises
    ------
    ValueError, TypeError
        No rows, rows of another shape, or another kind of numbers.
    """
    array = as_array("X", x)
    if array.ndim == 1 and shape == (1,):
        array = array[:, None]
    if array.ndim < 2 or array.shape[1:] != shape:
        raise ValueError(
            f"X must have shape (rows, {', '.join(map(str, shape))}), as layer {layer!r} was built "
            f"for; got {array.shape}"
        )
    return _matrix(array, math.prod(shape), "X", integer)


def _matrix(array: NDArray[Any], width: int, what: str, integer: bool) -> NDArray[Any]:
    kinds, allowed = ("iu", IDS) if integer else ("fiub", NUMBERS)
    if array.dtype.kind not in kinds:
        wanted = "integer ids" if integer else "real numbers"
        raise TypeError(f"{what} must hold {wanted}; got dtype {array.dtype}")
    array = array.reshape(len(array), width)
    if array.dtype.name not in allowed or not array.dtype.isnative:
        # float64 holds integers that float32 does not
        small = array.dtype.itemsize <= 2 or array.dtype.name == "float32"
        array = array.astype(np.int64 if integer else np.float32 if small else np.float64)
    return np.ascontiguousarray(array)


def check_targets(
    y: Any, n: int, loss: Loss, n_output: int, layer: str, dtype: str
) -> NDArray[Any] | None:
    """Targets as a matrix of numbers, or labels as (n, 1) int64.

    Raises
    ------
    ValueError, TypeError
        They do not fit the rows, the loss or the layer that gives the outputs.
    """
    if loss.group > 1:
        if y is not None:
            _check_rows(as_array("y", y), n)
        return None
    if y is None:
        raise ValueError(f"loss {loss.name} needs targets y")
    array = as_array("y", y)
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
    found = _matrix(array, n_output, "y", False)
    _check_domain(found, loss, dtype)
    return found


# Of `Loss.targets`: the least and the largest number, and what else is said about them.
DOMAINS = {
    "any": (-math.inf, math.inf, ""),
    "unit": (0.0, 1.0, "numbers in 0 .. 1 (bytes divided by 255)"),
    "simplex": (0.0, 1.0, "distributions: rows of numbers in 0 .. 1 whose sum is 1"),
    "binary": (-1.0, 1.0, "-1 and 1, or 0 and 1"),
}
SUM_ERROR = 1e-3  # of a distribution, in float16 too


def _check_domain(y: NDArray[Any], loss: Loss, dtype: str) -> None:
    """Targets are finite and what the loss is defined for; errors name the row."""
    low, high, wanted = DOMAINS[loss.targets]
    negative = zero = False
    for start, block in _blocks(y):
        top, bottom = _ends("y", block, start, dtype)
        wrong = np.zeros(0, dtype=bool)
        if bottom < low or top > high:
            wrong = ((block < low) | (block > high)).any(axis=1)
        elif loss.targets == "binary":
            wrong = ((block != 0) & (np.abs(block) != 1)).any(axis=1)
            negative, zero = negative or bottom < 0, zero or bool((block == 0).any())
        elif loss.targets == "simplex":
            sums = block.sum(axis=1, dtype=np.float64)
            wrong = ~(np.abs(sums - 1) <= SUM_ERROR)
        if wrong.any():
            row = int(wrong.argmax())
            held = np.array2string(
                np.asarray(block[row]), threshold=8, edgeitems=4, precision=4, floatmode="maxprec"
            )
            raise ValueError(
                f"y: {loss.name} takes {wanted}; row {start + row} is {held}"
                + ("" if loss.targets != "simplex" else f" with the sum {block[row].sum():.6g}")
            )
    if negative and zero:
        raise ValueError(f"y: {loss.name} takes {wanted}; it holds -1, 0 and 1")


def _blocks(array: NDArray[Any]) -> Any:
    """Pieces of some rows, with the index of the first."""
    step = max(1, BLOCK // max(array.shape[1], 1))
    for start in range(0, len(array), step):
        yield start, array[start : start + step]


def _ends(what: str, block: NDArray[Any], start: int, dtype: str) -> tuple[float, float]:
    """The largest and the least number of some rows; all must be finite in ``dtype``."""
    ends = block.max(), block.min()  # NaN where one of the numbers is
    with np.errstate(over="ignore"):
        if not np.isfinite(np.array(ends).astype(dtype)).all():
            raise_not_finite(what, block, start, dtype)
    return float(ends[0]), float(ends[1])


def check_numbers(x: NDArray[Any], id_limits: Sequence[int], dtype: str) -> None:
    """Before anything is learned: inputs are finite in ``dtype``, ids below their limits.

    Raises
    ------
    ValueError
        Row and column are named.
    """
    limits = np.array(id_limits, dtype=np.int64)
    for start, block in _blocks(x):
        if len(limits):
            wrong = ((block < 0) | (block >= limits)).any(axis=1)
            if wrong.any():
                row = int(wrong.argmax())
                raise_bad_id(block[row], start + row, id_limits)
        elif x.dtype.kind == "f":
            _ends("X", block, start, dtype)


def raise_bad_id(ids: NDArray[Any], row: int, limits: Sequence[int]) -> None:
    """Name the first id of a row that is out of range."""
    column = int(np.flatnonzero((ids < 0) | (ids >= np.array(limits)))[0])
    raise ValueError(
        f"X: id {int(ids[column])} in row {row} (column {column}) is out of range: the Embedding "
        f"has ids 0 .. {limits[column] - 1}"
    )


def raise_not_finite(what: str, rows: NDArray[Any], first: int, dtype: Any) -> None:
    """Name the first number that is not finite, of rows that begin at ``first``."""
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(rows.astype(dtype))
    row, column = (int(i) for i in np.argwhere(bad)[0])
    value = rows[row, column]
    large = f", more than {np.dtype(dtype).name} holds" if np.isfinite(value) else ""
    raise ValueError(f"{what} holds {value} in row {first + row}, column {column}{large}")


def _check_rows(array: NDArray[Any], n: int) -> None:
    if len(array) != n:
        raise ValueError(f"X has {n} rows and y has {len(array)} rows")


def check_weights(
    n: int,
    y: NDArray[Any] | None,
    sample_weight: ArrayLike | None,
    class_weight: Mapping[int, float] | None,
) -> NDArray[np.float64] | None:
    """Weights of the rows; those of classes times those of samples.

    Raises
    ------
    ValueError
        They are negative or not numbers, do not fit the rows, or name a class that is not there.
    """
    weights: NDArray[np.float64] | None = None
    if sample_weight is not None:
        try:
            weights = np.array(sample_weight, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError("sample_weight must hold numbers") from None
        if weights.shape != (n,):
            raise ValueError(f"sample_weight must have shape ({n},); got {weights.shape}")
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("sample_weight must hold numbers >= 0")
    if class_weight is not None:
        if y is None:
            raise ValueError("class_weight needs targets y")
        found, inverse = np.unique(_classes(y), return_inverse=True)
        given = {_class_key(key): float(value) for key, value in class_weight.items()}
        if not all(math.isfinite(v) and v >= 0 for v in given.values()):
            raise ValueError("class_weight must hold numbers >= 0")
        missing = [int(label) for label in found if int(label) not in given]
        if missing:
            raise ValueError(f"class_weight has no weight for class {missing[0]}")
        own = np.array([given[int(label)] for label in found])[inverse.reshape(-1)]
        weights = own if weights is None else own * weights
    return weights


def _class_key(key: Any) -> int:
    try:
        return operator.index(key)
    except TypeError:
        raise TypeError(f"class_weight must map integer labels; got the key {key!r}") from None


def _classes(y: NDArray[Any]) -> NDArray[np.int64]:
    """The label of each row: its only target, or where its largest target stands."""
    if y.shape[1] == 1:
        labels = y[:, 0].astype(np.int64)
        wrong = labels != y[:, 0]
        why = "is not an integer"
    else:
        labels = y.argmax(axis=1).astype(np.int64)
        wrong = (y == y.max(axis=1, keepdims=True)).sum(axis=1) > 1
        why = "has several largest targets"
    if wrong.any():
        raise ValueError(
            f"class_weight needs one class a row, and y {why} in row {int(wrong.argmax())}; "
            "use sample_weight"
        )
    return labels
