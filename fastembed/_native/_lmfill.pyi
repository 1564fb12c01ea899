from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native._lmquery import Query

def book(
    values: NDArray[np.uint32], capacity: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]] | None: ...
def span(values: NDArray[np.uint32]) -> tuple[int, int]: ...
def word_slots(
    blob: NDArray[np.uint8], offsets: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], int]: ...
def fill(
    query: Query,
    k: int,
    word: NDArray[np.uint32],
    suffix: NDArray[Any],
    below: NDArray[Any] | None,
    prob: NDArray[np.uint32],
    back: NDArray[np.uint32] | None,
    node: NDArray[Any] | None,
    rows: NDArray[np.uint64] | None,
    workers: int,
) -> tuple[int, NDArray[np.uint64]]: ...
