from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE: int
MAX_ORDER: int
BANKS: int
MAX_KEY_BITS: int
LINE: int
LINE_BITS: int
SLOTS: int
FIELD: int
PLANE_BITS: int

class Query:
    def __init__(
        self,
        blob: NDArray[np.uint8],
        offsets: NDArray[np.uint64],
        slots: NDArray[np.uint64],
        prob: NDArray[np.float32],
        back: NDArray[np.float32] | None,
        *,
        order: int,
        unk: int,
        bos: int,
        eos: int,
        uniform: bool = False,
    ) -> None: ...
    def nodes(self, k: int) -> int: ...
    def set_level(
        self,
        k: int,
        *,
        key_bits: int,
        prob_bits: int,
        back_bits: int,
        prob_base: int = 0,
        back_base: int = 0,
        prob_book: NDArray[np.float32] | None = None,
        back_book: NDArray[np.float32] | None = None,
    ) -> None: ...
    def add_bank(self, k: int, lines: NDArray[np.uint8], stored_bits: int, slots: int) -> None: ...
    def list(self, k: int) -> list[NDArray[Any]] | None: ...
    def walk(
        self,
        k: int,
        ids: NDArray[np.uint32],
        node: NDArray[np.uint64],
        workers: int,
        *,
        first: int = 0,
    ) -> None: ...
