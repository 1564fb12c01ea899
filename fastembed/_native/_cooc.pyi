import numpy as np
from numpy.typing import NDArray

def row_bytes(n_columns: int) -> int: ...
def quotient(count: int, scale: int) -> float: ...
def first_bad(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float32],
    n_columns: int,
) -> int: ...

class Part:
    n_words: int
    def __init__(
        self,
        text: NDArray[np.uint32],
        starts: NDArray[np.uint64],
        places: NDArray[np.uint32],
        *,
        weights: NDArray[np.uint64] | None = None,
        symmetric: bool = False,
        documents: NDArray[np.uint64] | None = None,
    ) -> None: ...

class Runs:
    def __init__(
        self,
        columns: NDArray[np.uint32],
        counts: NDArray[np.uint64] | None,
        begins: NDArray[np.uint64],
        first: int = 0,
    ) -> None: ...

class Counter:
    def __init__(self, n_columns: int, scale: int, workers: int) -> None: ...
    def add(
        self, columns: NDArray[np.uint32], counts: NDArray[np.uint64] | None = None
    ) -> None: ...
    def run(
        self,
        work: Part | Runs,
        bounds: NDArray[np.uint64],
        room: NDArray[np.uint64],
        columns: NDArray[np.uint32],
        values: NDArray[np.uint64] | NDArray[np.float32],
        sizes: NDArray[np.uint64],
    ) -> NDArray[np.uint64]: ...
