import numpy as np
from numpy.typing import NDArray

def find_lines(text: NDArray[np.uint8], ends: NDArray[np.int64]) -> int: ...
def text_rows(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: NDArray[np.float32],
    words: NDArray[np.int64],
    workers: int = 1,
) -> None: ...
def binary_rows(
    data: NDArray[np.uint8],
    rows: NDArray[np.float32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> tuple[int, int, int]: ...
def pack_spans(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]: ...
def format_rows(
    blob: NDArray[np.uint8],
    offsets: NDArray[np.uint64],
    rows: NDArray[np.float32],
    prefix: bytes = b"",
    workers: int = 1,
) -> list[NDArray[np.uint8]]: ...
def sort_words(blob: NDArray[np.uint8], offsets: NDArray[np.uint64]) -> NDArray[np.uint32]: ...
def repeats(
    blob: NDArray[np.uint8], offsets: NDArray[np.uint64], order: NDArray[np.uint32]
) -> NDArray[np.bool_]: ...
def find_word(
    blob: NDArray[np.uint8],
    offsets: NDArray[np.uint64],
    order: NDArray[np.uint32],
    word: bytes,
) -> int: ...
