import numpy as np
from numpy.typing import NDArray

SKIP: int

def count_runs(
    ids: NDArray[np.uint32],
    last: bool,
    item_of: NDArray[np.uint32],
    breaks: NDArray[np.uint64],
    first: int,
    bits: int,
    block: int,
    workers: int,
) -> list[tuple[NDArray[np.uint64], NDArray[np.int64]]]: ...
def merge_runs(
    a: NDArray[np.uint64],
    a_counts: NDArray[np.int64],
    b: NDArray[np.uint64],
    b_counts: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]: ...
def split_run(
    keys: NDArray[np.uint64], counts: NDArray[np.int64], bits: int, n_items: int
) -> tuple[
    NDArray[np.uint64],
    NDArray[np.uint32],
    NDArray[np.uint64],
    NDArray[np.uint32],
    NDArray[np.int64],
]: ...
