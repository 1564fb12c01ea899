import numpy as np
from numpy.typing import NDArray

from fastembed._native._lmquery import Query
from fastembed._native._words import WordTable

END: int
STOP: int
SLOW: int
UTF8: int
PADDING: int
SLACK: int
PIECE: np.dtype[np.void]

def room(size: int, k: int, workers: int) -> int: ...
def read(
    words: WordTable | None,
    text: NDArray[np.uint8],
    start: int,
    stop: int,
    k: int,
    highest: bool,
    workers: int,
    ids: NDArray[np.uint32],
    prob: NDArray[np.float32],
    back: NDArray[np.float32],
) -> list[tuple[int, int, int, int]]: ...
def link(
    query: Query,
    k: int,
    ids: NDArray[np.uint32],
    first: int,
    last: int,
    lower: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]] | None,
    suffix: NDArray[np.uint64],
    context: NDArray[np.uint64],
    workers: int,
) -> bool: ...
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
