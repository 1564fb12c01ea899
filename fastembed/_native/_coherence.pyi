import numpy as np
from numpy.typing import NDArray

def count_windows(
    ids: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    size: int,
    counts: NDArray[np.int64],
    workers: int = 1,
) -> int: ...
