import numpy as np
from numpy.typing import NDArray

NONE: int

def begins(parent: NDArray[np.uint32], n_parents: int, workers: int = 1) -> NDArray[np.uint32]: ...
def contexts(
    word: NDArray[np.uint32],
    parent: NDArray[np.uint32],
    lower_context: NDArray[np.uint32],
    begin: NDArray[np.uint32],
    lower_word: NDArray[np.uint32],
    workers: int = 1,
) -> NDArray[np.uint32]: ...
def descend(
    word: NDArray[np.uint32],
    begin: NDArray[np.uint32],
    level_word: NDArray[np.uint32],
    row: NDArray[np.uint32],
    workers: int = 1,
) -> None: ...
