from typing import Any

from numpy.typing import NDArray

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
