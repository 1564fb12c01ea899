from typing import Any

from numpy.typing import NDArray

def shuffle(items: NDArray[Any], seed: int, index: int) -> None: ...
def uniform(x: NDArray[Any], scale: float, seed: int, index: int) -> None: ...

class Net:
    def __init__(
        self, arrays: dict[str, NDArray[Any]], settings: dict[str, Any], workers: int
    ) -> None: ...
    def train(
        self,
        stream: NDArray[Any],
        places: NDArray[Any],
        per_batch: int,
        index: int,
        rates: NDArray[Any],
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...
    def settle(self, step: int, rate: float) -> None: ...
    def score(
        self, stream: NDArray[Any], places: NDArray[Any], export: bool = False
    ) -> NDArray[Any]: ...
