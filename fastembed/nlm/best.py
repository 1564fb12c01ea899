"""The best parameters of a run so far, kept in a temporary file: they need no memory."""

from __future__ import annotations

import tempfile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["Best"]


class Best:
    """Copies of arrays.

    Examples
    --------
    >>> weights = np.zeros(3)
    >>> best = Best({"w": weights})
    >>> weights += 1
    >>> best.restore({"w": weights})
    >>> weights.tolist()
    [0.0, 0.0, 0.0]
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the object)
        self._places: dict[str, tuple[int, Any, tuple[int, ...]]] = {}
        for name, array in arrays.items():
            self._places[name] = (self._file.tell(), array.dtype, array.shape)
            self._file.write(memoryview(np.ascontiguousarray(array)).cast("B"))
        self._file.flush()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The copies, as maps of the file."""
        return {
            name: np.memmap(self._file, dtype, "r", offset, shape)
            for name, (offset, dtype, shape) in self._places.items()
        }

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Write the copies over what they are copies of."""
        for name, copy in self.arrays().items():
            arrays[name][...] = copy
