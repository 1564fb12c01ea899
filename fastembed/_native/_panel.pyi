import numpy as np
from numpy.typing import NDArray

def cross(
    p: NDArray[np.float32], x: NDArray[np.float32], workers: int = 1
) -> NDArray[np.float32]: ...
def apply(
    p: NDArray[np.float32],
    c: NDArray[np.float32],
    x: NDArray[np.float32],
    base: float = 0.0,
    workers: int = 1,
) -> None: ...
def gram(x: NDArray[np.float32], workers: int = 1) -> NDArray[np.float64]: ...
