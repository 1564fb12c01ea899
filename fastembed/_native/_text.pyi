from typing import Any

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

class Scanner:
    tables: list[WordTable]
    def __init__(
        self, tables: list[WordTable], *, learn: bool = True, fold: Fold | None = None
    ) -> None: ...
    def scan(
        self,
        text: NDArray[np.uint8],
        starts: NDArray[np.int64],
        ids: NDArray[np.uint32],
        workers: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]: ...
    def scan_tokens(
        self, text: NDArray[np.uint8], line_words: NDArray[np.uint64], ids: NDArray[np.uint32]
    ) -> int: ...

def remap(
    ids: NDArray[np.uint32],
    begins: NDArray[np.int64],
    n_ids: NDArray[np.int64],
    n_lines: NDArray[np.int64],
    table: NDArray[np.int32],
    maps: list[Any],
    unknown: int,
    workers: int,
) -> tuple[int, NDArray[np.uint64]]: ...
