from typing import Any

import numpy as np
from numpy.typing import NDArray

def addresses() -> tuple[int, int]: ...
def gemm(
    a: NDArray[Any],
    b: NDArray[Any],
    c: NDArray[Any],
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 0.0,
) -> None: ...
def matmul(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    c: NDArray[np.float32],
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    add: bool = False,
) -> bool: ...
