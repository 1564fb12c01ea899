"""An array that is written from front to back: in memory while it is small, then in a file.

What a text turns into can be larger than memory. A spool takes it piece by piece and gives back any
part of it; the temporary file has no name, so it is gone when the process ends, however it ends.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastembed.core.files import StrPath
from fastembed.core.memory import reserved

__all__ = ["Spool", "pread_array"]


def pread_array(fd: int, offset: int, out: NDArray[Any]) -> None:
    """Fill ``out`` (C-contiguous) from a file, beginning at byte ``offset``."""
    view = memoryview(out).cast("B")
    done = 0
    while done < len(view):
        got = os.preadv(fd, [view[done : done + (1 << 30)]], offset + done)
        if got == 0:
            raise OSError(None, "the file became shorter while it was read")
        done += got


class Spool:
    """A one-dimensional array that grows at its end.

    Parameters
    ----------
    dtype : dtype
        Of the elements.
    memory : int
        Elements that are kept in memory; a longer spool lies in a temporary file.
    folder : path, optional
        Where that file is made; default the system's place for temporary files.

    Examples
    --------
    >>> with Spool(np.uint32, memory=4) as spool:
    ...     spool.append(np.arange(3, dtype=np.uint32))
    ...     spool.append(np.arange(3, dtype=np.uint32))
    ...     spool.in_memory, spool.read(1, 5).tolist()
    (False, [1, 2, 0, 1])
    """

    def __init__(self, dtype: DTypeLike, *, memory: int, folder: StrPath | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self._folder = folder
        self._size = 0
        self._file: BinaryIO | None = None
        self._array: NDArray[Any] = reserved(memory, self.dtype)

    def __len__(self) -> int:
        return self._size

    @property
    def in_memory(self) -> bool:
        """Whether there is no file."""
        return self._file is None

    @property
    def fd(self) -> int:
        """Descriptor of the file."""
        if self._file is None:
            raise ValueError("the spool lies in memory")
        return self._file.fileno()

    def append(self, values: NDArray[Any]) -> None:
        """Add values (of the spool's dtype) at the end."""
        self.write(self._size, values)
        self._size += len(values)

    def write(self, at: int, values: NDArray[Any]) -> None:
        """Put values at a place; the size stays as it is."""
        if self._file is None:
            if at + len(values) <= len(self._array):
                # as bytes: a memmove, also where the two overlap
                size = self.dtype.itemsize
                part = memoryview(self._array).cast("B")[at * size : (at + len(values)) * size]
                part[:] = memoryview(np.ascontiguousarray(values, dtype=self.dtype)).cast("B")
                return
            self._spill()
        view = memoryview(np.ascontiguousarray(values, dtype=self.dtype)).cast("B")
        offset, done = at * self.dtype.itemsize, 0
        try:
            while done < len(view):
                done += os.pwrite(self.fd, view[done : done + (1 << 30)], offset + done)
        except OSError as error:
            folder = self._folder or tempfile.gettempdir()
            error.filename = f"temporary file in {folder} (TMPDIR chooses another folder)"
            raise

    def extend(self, count: int) -> None:
        """Add so many elements at the end, whatever their values."""
        self._size += count
        if self._file is None and self._size > len(self._array):
            self._size -= count
            self._spill()
            self._size += count
        if self._file is not None:
            os.ftruncate(self.fd, self._size * self.dtype.itemsize)

    def _spill(self) -> None:
        held = self._array[: self._size]
        self._file = tempfile.TemporaryFile(prefix="fastembed-", dir=self._folder)  # noqa: SIM115
        self._array = np.empty(0, dtype=self.dtype)
        self.write(0, held)

    def read(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Elements start to stop: a view of memory, or a copy from the file, or ``out``."""
        if not 0 <= start <= stop <= self._size:
            raise IndexError(f"{start}:{stop} is outside of 0:{self._size}")
        if self._file is None:
            part = self._array[start:stop]
            if out is None:
                return part
            out[:] = part
            return out
        if out is None:
            out = np.empty(stop - start, dtype=self.dtype)
        pread_array(self.fd, start * self.dtype.itemsize, out)
        return out

    def truncate(self, size: int) -> None:
        """Forget what lies behind the first ``size`` elements."""
        self._size = min(size, self._size)
        if self._file is not None:
            os.ftruncate(self.fd, self._size * self.dtype.itemsize)

    def array(self, *, writable: bool = False) -> NDArray[Any]:
        """Everything as one array: a view of memory, or a map of the file, read-only by default."""
        if self._file is None or self._size == 0:
            return self._array[: self._size]
        if writable:
            return np.memmap(self._file, dtype=self.dtype, mode="r+", shape=(self._size,))
        return np.memmap(self._file, dtype=self.dtype, mode="r", shape=(self._size,))

    def close(self) -> None:
        """Free memory and file."""
        if self._file is not None:
            self._file.close()
        self._array, self._size = np.empty(0, dtype=self.dtype), 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
