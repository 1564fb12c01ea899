from typing import Any

from numpy.typing import NDArray

def fill_stream(
    ids: NDArray[Any],
    ids_first: int,
    offsets: NDArray[Any],
    new_ids: NDArray[Any] | None,
    bos: int,
    eos: int,
    stream: NDArray[Any],
    workers: int,
) -> int: ...
def count_words(
    stream: NDArray[Any], begin: int, step: int, n_words: int, workers: int
) -> tuple[NDArray[Any], NDArray[Any]]: ...
