import numpy as np
from numpy.typing import NDArray

from fastembed._native._lmquery import Query

class State:
    @property
    def words(self) -> tuple[int, ...]: ...

def begin(query: Query, bos: bool) -> State: ...
def step(query: Query, state: State, word: int) -> tuple[State, float, int]: ...
def following(state: State, workers: int) -> NDArray[np.float32]: ...

class Draws:
    def __init__(self, seed: int, index: int) -> None: ...
    def draw(
        self, scores: NDArray[np.float32], banned: NDArray[np.uint32], temperature: float
    ) -> int: ...

def find(query: Query, word: str) -> int: ...
def text_sum(query: Query, text: str, bos: bool, eos: bool) -> float: ...
def text_scores(
    query: Query, text: str, bos: bool, eos: bool
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.bool_]]: ...
def sentences(
    query: Query,
    ids: NDArray[np.uint32],
    offsets: NDArray[np.uint64],
    *,
    bos: bool,
    eos: bool,
    workers: int,
    scores: NDArray[np.float32] | None = None,
    lengths: NDArray[np.uint8] | None = None,
) -> tuple[float, float, int, int, int]: ...
