import numpy as np
from numpy.typing import NDArray

END: int
AHEAD: int
MAX_TEXT: int

def lay(
    ids: NDArray[np.uint32], first: int, offsets: NDArray[np.uint64], text: NDArray[np.uint32]
) -> int: ...
def distinct(
    ids: NDArray[np.uint32],
    first: int,
    offsets: NDArray[np.uint64],
    start: int,
    stop: int,
    seen: NDArray[np.uint32],
    text: NDArray[np.uint32],
    n: int,
    ends: NDArray[np.uint64],
) -> int: ...
def index(
    text: NDArray[np.uint32],
    n_words: int,
    start: int,
    stop: int,
    *,
    window: int = 0,
    symmetric: bool = False,
    documents: NDArray[np.uint64] | None = None,
    workers: int = 1,
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]: ...
