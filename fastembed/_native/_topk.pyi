import numpy as np
from numpy.typing import NDArray

def scan(
    dots: NDArray[np.float32],
    scale: NDArray[np.float32] | None,
    first: int,
    scores: NDArray[np.float32],
    indices: NDArray[np.int64],
    sizes: NDArray[np.int64],
    workers: int = 1,
) -> None: ...
def cosmul(
    cosines: NDArray[np.float32],
    abc: NDArray[np.int64],
    first: int,
    scores: NDArray[np.float32],
    indices: NDArray[np.int64],
    sizes: NDArray[np.int64],
    workers: int = 1,
) -> None: ...
def sort(
    scores: NDArray[np.float32], indices: NDArray[np.int64], sizes: NDArray[np.int64]
) -> None: ...
