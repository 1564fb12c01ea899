import numpy as np
from numpy.typing import NDArray

MAX_STRETCH: int
CHUNK: np.dtype[np.void]

def noise_pools(
    weights: NDArray[np.float64], parts: int, size: int, seed: int
) -> NDArray[np.uint32]: ...
def huffman_tree(counts: NDArray[np.int64]) -> NDArray[np.uint32]: ...
def tree_depth(up: NDArray[np.uint32]) -> int: ...
def init_rows(rows: NDArray[np.float32], first: int, dim: int, seed: int, workers: int) -> None: ...

class Rounds:
    def __init__(
        self,
        vectors: NDArray[np.float32],
        outputs: NDArray[np.float32],
        keep: NDArray[np.uint32] | None,
        noise: NDArray[np.uint32] | None,
        up: NDArray[np.uint32] | None,
        *,
        window: int,
        negative: int,
        shrink: bool,
        cbow: bool,
        cbow_mean: bool,
        seed: int,
        max_sentence: int,
        chunk_tokens: int,
        block: int,
        parts: int,
        stretch: int,
        workers: int,
    ) -> None: ...
    def run(
        self,
        ids: NDArray[np.uint32],
        first: int,
        offsets: NDArray[np.uint64],
        chunks: NDArray[np.void],
    ) -> None: ...
