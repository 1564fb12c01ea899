import numpy as np
from numpy.typing import NDArray

from fastembed._native._words import WordTable

PADDING: int
LINE_END: int
UNKNOWN: int
DROP: int
FOLD_SIZE: int
FOLD_SEPARATE: int
FOLD_DROP: int

class Fold:
    def __init__(
        self, table: NDArray[np.uint32], *, lower: bool, separate: bool, drop: bool
    ) -> None: ...
    def apply(self, text: NDArray[np.uint8], n: int) -> bytes: ...

def scan(
    table: WordTable,
    text: NDArray[np.uint8],
    start: int,
    stop: int,
    ids: NDArray[np.uint32],
    *,
    learn: bool = True,
    fold: Fold | None = None,
    scratch: NDArray[np.uint8] | None = None,
) -> tuple[int, int, int]: ...
def scan_tokens(
    table: WordTable,
    text: NDArray[np.uint8],
    line_words: NDArray[np.uint64],
    ids: NDArray[np.uint32],
    *,
    learn: bool = True,
) -> int: ...
def remap(
    ids: NDArray[np.uint32], new_ids: NDArray[np.uint32] | None, unknown: int, n_lines: int
) -> tuple[int, NDArray[np.uint64]]: ...
