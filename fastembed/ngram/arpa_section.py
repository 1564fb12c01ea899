"""The rows of one order of an ARPA file while they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Column", "Section", "Spare"]


class Spare:
    """Memory that was used, to be used again: pages that were never touched cost more than reading
    a file into them.
    """

    def __init__(self) -> None:
        self._held: list[NDArray[np.uint8]] = []

    def take(self, size: int) -> NDArray[np.uint8]:
        """At least ``size`` bytes."""
        fitting = [i for i, array in enumerate(self._held) if len(array) >= size]
        if not fitting:
            return np.empty(size, dtype=np.uint8)
        return self._held.pop(min(fitting, key=lambda i: len(self._held[i])))

    def give(self, *columns: Column) -> None:
        """What the columns hold is not needed any more."""
        self._held += [column.release() for column in columns]


class Column:
    """An array that grows at its end.

    Parameters
    ----------
    dtype : dtype
    size : int
        Rows that are expected; more are possible.
    spare : Spare
    width : int
        Elements of a row; 1: the array has one dimension.

    Examples
    --------
    >>> column = Column(np.int64, 2, Spare())
    >>> for part in ([1, 2], [3]):
    ...     column.add(len(part))[:] = part
    >>> column.array.tolist()
    [1, 2, 3]
    """

    def __init__(self, dtype: DTypeLike, size: int, spare: Spare, width: int = 1) -> None:
        self._dtype, self._width, self._spare = np.dtype(dtype), width, spare
        self._bytes = spare.take(max(size, 1) * self._row_bytes)
        self._size = 0

    @property
    def _row_bytes(self) -> int:
        return self._dtype.itemsize * self._width

    def _rows(self, first: int, stop: int) -> NDArray[Any]:
        part = self._bytes[first * self._row_bytes : stop * self._row_bytes].view(self._dtype)
        return part if self._width == 1 else part.reshape(-1, self._width)

    def add(self, n: int) -> NDArray[Any]:
        """Room for n more rows, to be written by the caller."""
        first, self._size = self._size, self._size + n
        if self._size * self._row_bytes > len(self._bytes):
            larger = self._spare.take(max(self._size * self._row_bytes, 2 * len(self._bytes)))
            larger[: first * self._row_bytes] = self._bytes[: first * self._row_bytes]
            self._bytes = larger
        return self._rows(first, self._size)

    @property
    def array(self) -> NDArray[Any]:
        """What was added."""
        return self._rows(0, self._size)

    def release(self) -> NDArray[np.uint8]:
        """The memory; the column is empty then."""
        held, self._bytes, self._size = self._bytes, np.empty(0, dtype=np.uint8), 0
        return held


class Section:
    """The rows of order k.

    Attributes
    ----------
    suffix, context : Column of uint32, or uint64 if ``wide``
        Nodes of each n-gram without its oldest and its newest word; for k = 1 ``suffix`` has the
        length of each word.
    ids : Column of uint32, shape (n, k)
        For k = 1 uint8, the words end to end; for the highest order only the oldest word.
    prob, back : Column of float32
        log10; NaN where there is no back-off weight. ``back`` of the highest order is empty.
    missing : list of (rows, ids)
        Rows whose suffix is not there, and the ids of it.
    ascending : bool
        Whether the rows are in the order of their words read backwards, each once.
    rows : int
    """

    def __init__(self, k: int, expected: list[int], *, wide: bool, spare: Spare) -> None:
        self.k = k
        highest = k == len(expected)
        # as large as the largest of all orders, so that each order finds room in what another had;
        # what is not written takes no memory
        rows, lower = max(expected), max(expected[:-1], default=0)
        some = 0 if highest else lower
        number = np.uint64 if wide else np.uint32
        self.suffix = Column(number, rows if k > 1 else expected[0], spare)
        self.context = Column(number, some if k > 1 else 0, spare)
        if k == 1:
            self.ids = Column(np.uint8, 8 * expected[0], spare)
        elif highest:
            self.ids = Column(np.uint32, rows, spare)
        else:
            numbers = max(j * n for j, n in enumerate(expected[:-1], 1))
            self.ids = Column(np.uint32, -(-numbers // k), spare, k)
        self.prob = Column(np.float32, rows if k > 1 else expected[0], spare)
        self.back = Column(np.float32, some if k > 1 else expected[0], spare)
        self.missing: list[tuple[NDArray[np.int64], NDArray[np.uint32]]] = []
        self.ascending = True
        self.rows = 0
        self._places: list[tuple[int, int]] = []  # row, its line

    def begin(self, line: int) -> None:
        """The next row stands in that line, those behind it in the following ones."""
        self._places.append((self.rows, line))

    def line_of(self, row: int) -> int:
        """The line of a row."""
        first, line = max(place for place in self._places if place[0] <= row)
        return line + row - first
