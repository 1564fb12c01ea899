"""Text as a stream of blocks of bytes that end between two words.

Files are read, and unpacked, into a few buffers in turn, with no map of the file, so that memory
stays the same whatever the size of the text.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastembed._native._text import PADDING
from fastembed.core.errors import CorpusError
from fastembed.core.files import consumed, open_read

__all__ = ["Block", "last_space", "read_blocks"]

MAX_WORD = 1 << 28  # bytes
_SPACE = b" \t\n\v\f\r"
_BOM = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Bytes start to stop of a buffer with PADDING more bytes; no word goes on beyond them."""

    buffer: NDArray[np.uint8]
    start: int
    stop: int
    offset: int  # of buffer[0] in the unpacked text
    name: str
    last: bool  # of its file
    done: int  # stored bytes of the file that are read so far


def last_space(buffer: NDArray[np.uint8], start: int, stop: int) -> int:
    """Index of the last ASCII white space in buffer[start:stop], -1 if there is none."""
    step = 64
    while stop > start:
        begin = max(start, stop - step)
        piece = buffer[begin:stop].tobytes()
        found = max(piece.rfind(space) for space in _SPACE)
        if found >= 0:
            return begin + found
        stop, step = begin, step * 8
    return -1


@dataclass
class _Fill:
    """Fills buffers from a file; what stands behind the last white space goes to the next one."""

    file: BinaryIO
    name: str
    offset: int = 0
    rest: bytes = b""

    def __call__(self, buffer: NDArray[np.uint8]) -> Block:
        size = len(buffer) - PADDING
        if len(self.rest) >= size:
            buffer = self._larger(buffer, len(self.rest))
            size = len(buffer) - PADDING
        have = len(self.rest)
        buffer[:have] = np.frombuffer(self.rest, dtype=np.uint8)
        searched = 0
        while True:
            have, ended = self._read(buffer, have, size)
            cut = have if ended else last_space(buffer, searched, have) + 1
            if cut > 0 or ended:
                break
            searched = have
            buffer = self._larger(buffer, have)
            size = len(buffer) - PADDING
        self.rest = buffer[cut:have].tobytes()
        start = 3 if self.offset == 0 and buffer[: min(3, cut)].tobytes() == _BOM else 0
        block = Block(buffer, start, cut, self.offset, self.name, ended, consumed(self.file))
        self.offset += cut
        return block

    def _read(self, buffer: NDArray[np.uint8], have: int, size: int) -> tuple[int, bool]:
        view = memoryview(buffer)
        while have < size:
            got = self.file.readinto(view[have:size])  # type: ignore[attr-defined]
            if not got:
                return have, True
            have += got
        return have, False

    def _larger(self, buffer: NDArray[np.uint8], have: int) -> NDArray[np.uint8]:
        if have > MAX_WORD:
            raise CorpusError(
                f"{self.name}: no white space in the {have:,} bytes from byte {self.offset:,}; "
                f"a word may have {MAX_WORD:,} at most. Is this text?"
            )
        larger = np.empty(2 * have + PADDING, dtype=np.uint8)
        larger[:have] = buffer[:have]
        return larger


def read_blocks(names: list[str], block_bytes: int, ring: int = 2) -> Generator[Block, None, None]:
    """Blocks of some files, one after the other; each file has a last block, which may be empty.

    A block is good until ``ring - 1`` more have been asked for.

    Raises
    ------
    OSError, CorpusError
        A file cannot be read or unpacked, or has a word longer than 256 MiB.
    """
    buffers = itertools.cycle(
        [np.empty(block_bytes + PADDING, dtype=np.uint8) for _ in range(ring)]
    )
    for name in names:
        with closing(open_read(name)) as file:
            fill = _Fill(file, "standard input" if name == "-" else name)
            while True:
                block = fill(next(buffers))
                yield block
                if block.last:
                    break
