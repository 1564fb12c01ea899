from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MERGE: np.dtype[np.void]
MOST: float

def xlogy(x: NDArray[np.float64], y: NDArray[np.float64], total: float) -> NDArray[np.float64]: ...
def grid(total: float) -> float: ...
def matrix_rows(n_clusters: int) -> tuple[tuple[int, int], tuple[int, int]]: ...

class Brown:
    def __init__(
        self,
        pairs: Sequence[NDArray[Any]],
        n_clusters: int,
        matrices: NDArray[np.float64],
        first: NDArray[np.uint32],
    ) -> None: ...
    def run(self, steps: int) -> NDArray[np.void]: ...
    def information(self) -> float: ...
    def refresh(self) -> None: ...
    def restore(
        self,
        added: int,
        log: NDArray[np.void],
        first: NDArray[np.uint32],
        loss: NDArray[np.float64],
    ) -> None: ...

class Exchange:
    def __init__(
        self,
        pairs: Sequence[NDArray[Any]],
        n_classes: int,
        classes: NDArray[np.uint32],
        matrices: NDArray[np.float64],
    ) -> None: ...
    def run(self, first: int, count: int) -> int: ...
    def information(self) -> float: ...
