from typing import Any

import numpy as np
from numpy.typing import NDArray

SUM: np.dtype[Any]

def adjust(
    parent: NDArray[np.uint32],
    word: NDArray[np.uint32],
    bos: int,
    values: NDArray[np.uint32],
    workers: int,
) -> None: ...
def often(values: NDArray[np.uint32], workers: int) -> NDArray[np.int64]: ...
def sums(
    values: NDArray[np.uint32],
    context: NDArray[np.uint32],
    raw: NDArray[np.uint32] | None,
    threshold: int,
    out: NDArray[Any],
    pruned: NDArray[np.uint32] | None,
    workers: int,
) -> None: ...
def probs(
    values: NDArray[np.uint32],
    parent: NDArray[np.uint32],
    context: NDArray[np.uint32],
    sums: NDArray[Any],
    pruned: NDArray[np.uint32] | None,
    discounts: NDArray[np.float64],
    lower: NDArray[np.float32],
    workers: int,
) -> None: ...
def backoffs(
    sums: NDArray[Any],
    pruned: NDArray[np.uint32] | None,
    discounts: NDArray[np.float64],
    out: NDArray[np.float32],
    workers: int,
) -> None: ...
def log10(x: NDArray[np.float32], workers: int = 1) -> None: ...
