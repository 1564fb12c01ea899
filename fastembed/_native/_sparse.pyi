import numpy as np
from numpy.typing import NDArray

class CSR:
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]
    shape: tuple[int, int]
    def __init__(
        self,
        indptr: NDArray[np.int64],
        indices: NDArray[np.int32],
        data: NDArray[np.float32],
        n_columns: int,
    ) -> None: ...
    def dot(self, x: NDArray[np.float32], out: NDArray[np.float32], workers: int = 1) -> None: ...
    def transpose(self, workers: int = 1) -> CSR: ...
    def sums(
        self, cap: float = ..., workers: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def pmi(
        self,
        row: NDArray[np.float64],
        column: NDArray[np.float64],
        least: float = 0.0,
        cap: float = ...,
        workers: int = 1,
    ) -> CSR: ...
