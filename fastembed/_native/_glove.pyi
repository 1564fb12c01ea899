import numpy as np
from numpy.typing import NDArray

BLOCK: int
MAX_PART: int
UNIT: np.dtype[np.void]

def strata(seed: int, epoch: int, parts: int) -> NDArray[np.uint32]: ...

class Tiles:
    strips: NDArray[np.int64]
    starts: NDArray[np.uint32]
    pairs: NDArray[np.uint8]
    logs: NDArray[np.float32]
    parts: int
    part_words: int
    blocks: int
    def __init__(
        self,
        indptr: NDArray[np.int64],
        indices: NDArray[np.int32],
        data: NDArray[np.float32],
        *,
        parts: int,
        seed: int,
        workers: int,
    ) -> None: ...
    def turn(self, epoch: int, part: int, other: int) -> NDArray[np.uint32]: ...
    def first_rows(self, table: NDArray[np.float32], side: int, dim: int, workers: int) -> None: ...

class Rounds:
    def __init__(
        self,
        tiles: Tiles,
        words: NDArray[np.float32],
        contexts: NDArray[np.float32],
        starts: NDArray[np.float32],
        *,
        alpha: float,
        x_max: float,
        clip: float,
        workers: int,
    ) -> None: ...
    def run(self, epoch: int, strata: NDArray[np.uint32]) -> NDArray[np.void]: ...
