import numpy as np
from numpy.typing import NDArray

from fastembed._native._lmquery import Query

END: int
STOP: int
SLOW: int
UTF8: int
PADDING: int
PIECE: np.dtype[np.void]

def read(
    query: Query | None,
    text: NDArray[np.uint8],
    start: int,
    stop: int,
    k: int,
    highest: bool,
    workers: int,
) -> tuple[
    NDArray[np.uint32],
    NDArray[np.float32],
    NDArray[np.float32],
    list[tuple[int, int, int, int]],
]: ...
def write(
    blob: NDArray[np.uint8],
    offsets: NDArray[np.uint64],
    words: list[NDArray[np.uint32]],
    parents: list[NDArray[np.uint32]],
    prob: NDArray[np.float32],
    back: NDArray[np.float32] | None,
    row: int,
    stop: int,
    out: NDArray[np.uint8],
) -> tuple[int, int]: ...
