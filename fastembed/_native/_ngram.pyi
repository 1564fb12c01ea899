from typing import Any

from numpy.typing import NDArray

MAX_ORDER: int
PAD: int
BLOCK: int

class Sorter:
    rows: NDArray[Any]
    sizes: NDArray[Any]
    ranks: int
    def __init__(
        self,
        padded: NDArray[Any],
        begin: int,
        step: int,
        order: int,
        bits: int,
        bos: int,
        part: NDArray[Any],
        shift: NDArray[Any],
        class_: NDArray[Any],
        first_word: NDArray[Any],
        word_bits: NDArray[Any],
        places: NDArray[Any],
        codes: NDArray[Any],
        workers: int,
    ) -> None: ...
    def sort(self, first: int, last: int) -> None: ...
    def emit(
        self,
        first: int,
        last: int,
        levels: list[Any],
        row: NDArray[Any],
        weights: NDArray[Any] | None,
        directory: NDArray[Any] | None,
    ) -> None: ...
    def link(self, first: int, last: int, before: bool) -> None: ...
    def drop_stream(self) -> None: ...
    def contexts(
        self,
        first: int,
        last: int,
        levels: list[Any],
        row: NDArray[Any],
        directory: NDArray[Any],
    ) -> None: ...
    def distinct(
        self, first: int, last: int, words: NDArray[Any], weights: NDArray[Any]
    ) -> None: ...
