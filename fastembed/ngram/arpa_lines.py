"""A file as a buffer of whole lines, for the reader of ARPA files."""

from __future__ import annotations

from typing import BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _arpa
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath

__all__ = ["Lines", "show"]

BLOCK = 1 << 22  # bytes that are read at a time: they stay in the cache
MAX_LINE = 1 << 28
_BLANKS = b" \t\r"


class Lines:
    """A file as a buffer of whole lines: buffer[start:stop]."""

    def __init__(self, file: BinaryIO, path: StrPath) -> None:
        self.path = path
        self._file = file
        self.buffer = np.zeros(BLOCK + _arpa.PADDING, dtype=np.uint8)
        self.start = self.stop = self._filled = 0
        self.number = 1  # of the line at start
        self._ended = False

    def fail(self, problem: str, number: int | None = None) -> NoReturn:
        raise FormatError(f"{self.path}: line {number or self.number}: {problem}")

    def more(self) -> bool:
        """Read on when all lines are taken; False at the end of the file."""
        if self.start < self.stop:
            return True
        if self._ended:
            return False
        rest = self.buffer[self.stop : self._filled].copy()
        self.buffer[: len(rest)] = rest
        self._filled, self.start, self.stop = len(rest), 0, 0
        while True:
            room = memoryview(self.buffer)[self._filled : len(self.buffer) - _arpa.PADDING]
            got = self._file.readinto(room)  # type: ignore[attr-defined]
            self._filled += got
            if not got:
                self._ended = True
                self.stop = self._filled
                return self.stop > 0
            if got < len(room):
                continue
            self.stop = _last_newline(self.buffer, self._filled) + 1
            if self.stop > 0:
                return True
            if self._filled >= MAX_LINE:
                self.fail(f"longer than {MAX_LINE} bytes; is this an ARPA file?")
            self.buffer = np.concatenate([self.buffer, np.zeros_like(self.buffer)])

    def peek(self) -> bytes | None:
        """The line at start, None at the end of the file."""
        if not self.more():
            return None
        end = _find_newline(self.buffer, self.start, self.stop)
        return self.buffer[self.start : end].tobytes().strip(_BLANKS + b"\n")

    def take(self) -> bytes | None:
        """The same, moving on."""
        line = self.peek()
        if line is not None:
            end = _find_newline(self.buffer, self.start, self.stop)
            self.start = min(end + 1, self.stop)
            self.number += 1
        return line


def _last_newline(buffer: NDArray[np.uint8], stop: int) -> int:
    step = 256
    while stop > 0:
        begin = max(0, stop - step)
        found = buffer[begin:stop].tobytes().rfind(b"\n")
        if found >= 0:
            return begin + found
        stop, step = begin, 4 * step
    return -1


def _find_newline(buffer: NDArray[np.uint8], start: int, stop: int) -> int:
    step = 256
    while start < stop:
        found = buffer[start : min(start + step, stop)].tobytes().find(b"\n")
        if found >= 0:
            return start + found
        start, step = start + step, 4 * step
    return stop


def show(text: bytes) -> str:
    shown = text if len(text) <= 60 else text[:57] + b"..."
    return repr(shown.decode("utf-8", errors="backslashreplace"))
