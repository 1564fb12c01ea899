from typing import Any

import numpy as np
from numpy.typing import NDArray

TILES: int
MAX_METRICS: int
OP: np.dtype[Any]
PHASE: np.dtype[Any]
PIECE: np.dtype[Any]

class Net:
    def __init__(
        self,
        ops: NDArray[Any],
        phases: NDArray[Any],
        pieces: NDArray[Any],
        arrays: dict[str, Any],
        facts: dict[str, Any],
        workers: int,
    ) -> None: ...
    def bind(
        self,
        x: NDArray[Any],
        y: NDArray[Any] | None,
        weights: NDArray[np.float64] | None,
        order: NDArray[np.int64] | None,
    ) -> None: ...
    def run(
        self,
        first: int,
        batch: int,
        n_rows: int,
        step: int,
        rates: NDArray[np.float64],
        sums: NDArray[np.float64],
        training: bool,
        start: int,
        stop: int,
        out: NDArray[Any] | None = None,
    ) -> tuple[int, int, int]: ...
