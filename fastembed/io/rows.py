"""Rows of "word number ... number": what word2vec's and GloVe's text files have in common.

Plain lines are read by csrc/vectext.h, a block of the file at a time; every line that it does not
take is read here, exactly and slowly, or refused with its number. Nothing is allocated on the
word of a header alone.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _vectors
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath
from fastembed.core.threads import resolve_workers
from fastembed.text.wordlist import WordList

__all__ = [
    "MAX_SIZE",
    "GrowingRows",
    "LineError",
    "VectorTable",
    "finish",
    "is_number",
    "parse_number",
    "plain_size",
    "read_text_rows",
]

BLOCK = 1 << 24  # bytes read at a time
MAX_LINE = 1 << 28  # a longer "line" means that this is no text
MAX_SIZE = 1 << 20  # dimensions; a larger vector_size means that the header is wrong
STREAM_BYTES = 1 << 26  # bytes of rows to begin with where the size of the input is not known

_BLANK = b" \t\n\v\f\r"
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NOT_FINITE = re.compile(rb"[+-]?(nan|inf(inity)?)", re.IGNORECASE)


@dataclass
class VectorTable:
    """Words and their vectors as a file gives them; ``counts`` where it has them."""

    words: WordList
    vectors: NDArray[Any]
    counts: NDArray[np.int64] | None = None


class LineError(ValueError):
    """What is wrong with a line; the reader adds file and number."""


def plain_size(file: BinaryIO) -> int | None:
    """Size of an uncompressed regular file, None of anything else."""
    raw = getattr(file, "raw", None)
    if not isinstance(file, io.BufferedReader) or not isinstance(raw, io.FileIO):
        return None
    status = os.fstat(raw.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


# ------------------------------------------------------------------------------- single lines


def is_number(token: bytes) -> bool:
    """Whether this is a decimal number."""
    return _NUMBER.fullmatch(token) is not None


def parse_number(token: bytes) -> float:
    """The float32 nearest to a decimal number, as a float.

    Rounding to double first can end halfway between two float32 values and lose on which side
    the number was: that case is decided with exact arithmetic.
    """
    if not _NUMBER.fullmatch(token):
        if _NOT_FINITE.fullmatch(token):
            raise LineError(f"{_show(token)} is not a finite number")
        raise LineError(f"expected a number; found {_show(token)}")
    double = float(token)
    with np.errstate(over="ignore", under="ignore"):
        single = np.float32(double)
        if np.isinf(single):
            raise LineError(f"{_show(token)} is too large for float32")
        towards = np.float32(np.inf if double > float(single) else -np.inf)
        other = np.nextafter(single, towards)
        halfway = double != float(single) and float(single) + float(other) == 2 * double
    if halfway:
        exact, middle = Decimal(token.decode("ascii")), Decimal(double)
        if exact != middle:
            return float(max(single, other) if exact > middle else min(single, other))
    return float(single)


def parse_double(token: bytes) -> float:
    """The same for a float64."""
    parse_number(token)
    return float(token)


def parse_line(
    line: bytes, d: int, number: Callable[[bytes], float], *, spaces: bool
) -> tuple[bytes, list[float]]:
    """Word and d numbers of one line. ``spaces``: a word may contain spaces (GloVe)."""
    parts = line.rstrip(_BLANK).split(b" ")
    if len(parts) < d + 1 or (len(parts) > d + 1 and not spaces):
        raise LineError(
            f"expected a word and {d} numbers, one space before each; "
            f"found a word and {len(parts) - 1}"
        )
    word = b" ".join(parts[:-d])
    if len(parts) > d + 1 and (not parts[-d - 1] or _NUMBER.fullmatch(parts[-d - 1])):
        raise LineError(f"expected a word and {d} numbers; found more numbers")
    return word, [number(part) for part in parts[-d:]]


def _show(text: bytes) -> str:
    shown = text if len(text) <= 40 else text[:37] + b"..."
    return repr(shown.decode("utf-8", errors="backslashreplace"))


# ------------------------------------------------------------------------------ all the lines


def _line_blocks(file: BinaryIO, path: StrPath, first: bytes) -> Iterator[NDArray[np.uint8]]:
    """``first`` and the rest of a file in blocks of whole lines. A block is valid until the next
    is asked for."""
    size = plain_size(file)
    room = BLOCK if size is None else min(BLOCK, size + 1)
    buffer = bytearray(max(room, len(first) + 1))
    buffer[: len(first)] = first
    filled = len(first)
    while True:
        if filled == len(buffer):  # one line fills it
            if filled >= MAX_LINE:
                raise FormatError(f"{path}: a line is longer than {MAX_LINE} bytes; is this text?")
            # a new one: the caller may still hold a view of the old one
            buffer = buffer + bytearray(len(buffer))
        with memoryview(buffer) as view:
            got = file.readinto(view[filled:])  # type: ignore[attr-defined]
        if not got:
            break
        scanned, filled = filled, filled + got
        cut = buffer.rfind(b"\n", scanned, filled) + 1
        if cut:
            yield np.frombuffer(buffer, dtype=np.uint8, count=cut)
            filled -= cut
            buffer[:filled] = buffer[cut : cut + filled]
    if filled:
        yield np.frombuffer(bytes(buffer[:filled]), dtype=np.uint8)


def _lines_of(block: NDArray[np.uint8], d: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each line of a block starts and ends."""
    pieces, start = [], 0
    while start < len(block):
        ends = np.empty(max(1024, (len(block) - start) // (2 * d + 1)), dtype=np.int64)
        count = _vectors.find_lines(block[start:], ends)
        if count == 0:
            pieces.append(np.array([len(block)]))
            break
        pieces.append(ends[:count] + start)
        start = int(pieces[-1][-1]) + 1
    ends = np.concatenate(pieces)
    return np.concatenate(([0], ends[:-1] + 1)), ends


class GrowingRows:
    """A matrix that grows to at most ``limit`` rows."""

    def __init__(self, d: int, dtype: np.dtype[Any], rows: int, limit: int | None) -> None:
        self.limit = limit
        self.array = np.empty((rows if limit is None else min(rows, limit), d), dtype=dtype)
        self.used = 0

    def room(self, n: int) -> NDArray[Any]:
        """The next n rows, to be filled."""
        if self.used + n > len(self.array):
            rows = max(self.used + n, len(self.array) * 3 // 2)
            rows = rows if self.limit is None else min(rows, self.limit)
            bigger = np.empty((rows, self.array.shape[1]), dtype=self.array.dtype)
            bigger[: self.used] = self.array[: self.used]
            self.array = bigger
        self.used += n
        return self.array[self.used - n : self.used]


@dataclass
class _TextReader:
    """Takes blocks of lines, one after another."""

    path: StrPath
    d: int
    n: int | None  # rows that a header promised
    limit: int | None
    line: int  # number of the next line
    spaces: bool
    threads: int
    rows: GrowingRows
    words: list[NDArray[np.uint8]] = field(default_factory=list)
    lengths: list[NDArray[np.uint64]] = field(default_factory=list)
    ended: str = ""  # why nothing but blank lines may follow

    @property
    def full(self) -> bool:
        return self.limit is not None and self.rows.used >= self.limit

    def take(self, block: NDArray[np.uint8]) -> None:
        starts, ends = _lines_of(block, self.d)
        if self.ended or self.rows.used == self.n:
            self.end(block, 0, self.surplus(self.line))
            return
        wanted = min((x for x in (self.n, self.limit) if x is not None), default=None)
        left = len(starts) if wanted is None else wanted - self.rows.used
        behind = int(starts[left]) if left < len(starts) and wanted == self.n else None
        starts, ends = starts[:left], ends[:left]
        lengths = np.full(len(starts), -1, dtype=np.int64)
        target = self.rows.room(len(starts))
        if target.dtype == np.float32:
            _vectors.text_rows(block, starts, ends, target, lengths, self.threads)
        for i in np.flatnonzero(lengths < 0).tolist():
            text = block[starts[i] : ends[i]].tobytes()
            if not text.strip(_BLANK):
                self.end(block, int(starts[i]), f"line {self.line + i} is blank")
                self.rows.used -= len(starts) - i
                starts, lengths = starts[:i], lengths[:i]
                break
            lengths[i], target[i] = self.slowly(text, self.line + i, target.dtype)
        if behind is not None and not self.ended:
            self.end(block, behind, self.surplus(self.line + left))
        blob, offsets = _vectors.pack_spans(block, starts, starts + lengths)
        self.words.append(blob)
        self.lengths.append(np.diff(offsets))
        self.line += len(ends)

    def surplus(self, line: int) -> str:
        return f"line {line}: the header promises {self.n} vectors; more follow"

    def slowly(self, text: bytes, line: int, dtype: np.dtype[Any]) -> tuple[int, list[float]]:
        number = parse_double if dtype.itemsize > 4 else parse_number
        try:
            word, values = parse_line(text, self.d, number, spaces=self.spaces)
        except LineError as error:
            raise FormatError(f"{self.path}: line {line}: {error}") from None
        return len(word), values

    def end(self, block: NDArray[np.uint8], start: int, problem: str) -> None:
        """Nothing but blank lines may follow from here on."""
        self.ended = self.ended or problem
        if block[start:].tobytes().strip(_BLANK):
            raise FormatError(f"{self.path}: {self.ended}")


def read_text_rows(
    file: BinaryIO,
    path: StrPath,
    *,
    d: int,
    n: int | None,
    limit: int | None,
    line: int,
    dtype: np.dtype[Any],
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    spaces: bool = False,
    first: bytes = b"",
    workers: int | None = None,
) -> VectorTable:
    """Read lines to the end of the file, or ``limit`` of them.

    Parameters
    ----------
    file : binary stream
        The rows, of which the first is line number ``line`` of the file.
    first : bytes
        What was already taken from ``file`` and belongs in front of it.
    d, n : int
        Numbers in a row; rows that a header promised, None if there was none.
    dtype : dtype
        float32 is read in C; other types line by line.
    spaces : bool
        Words may contain spaces.

    Raises
    ------
    FormatError
        Names the line.
    """
    size = plain_size(file)
    # room for the rows that such a file can hold, but not more than a stream has proved
    guess = max(1, STREAM_BYTES // (d * dtype.itemsize))
    if size is not None:
        guess = size // (2 * d) + 1 if n is not None else size // (6 * d) + 1024
    most = min((x for x in (n, limit) if x is not None), default=None)
    rows = GrowingRows(d, dtype, guess, most)
    reader = _TextReader(path, d, n, limit, line, spaces, resolve_workers(workers), rows)
    for block in _line_blocks(file, path, first):
        if reader.full:
            break
        reader.take(block)
    if n is not None and not reader.full and rows.used < n:
        raise FormatError(
            f"{path}: line {reader.line}: the header promises {n} vectors; the file ends after "
            f"{rows.used}"
        )
    offsets = np.zeros(rows.used + 1, dtype=np.uint64)
    np.cumsum(np.concatenate([np.empty(0, np.uint64), *reader.lengths]), out=offsets[1:])
    blob = np.concatenate([np.empty(0, np.uint8), *reader.words])
    return finish(blob, offsets, rows.array[: rows.used], path, encoding, unicode_errors)


# ------------------------------------------------------------------------------------- words


def finish(
    blob: NDArray[np.uint8],
    offsets: NDArray[np.uint64],
    vectors: NDArray[Any],
    path: StrPath,
    encoding: str,
    unicode_errors: str,
) -> VectorTable:
    """Check the words' bytes and drop repeated words with a warning; the first one stays."""
    words = _decode(blob, offsets, path, encoding, unicode_errors)
    repeated = _vectors.repeats(words.blob, words.offsets, words.sorted_order())
    if repeated.any():
        again = np.flatnonzero(repeated)
        shown = ", ".join(f"{words[i]!r} (row {i + 1})" for i in again[:3].tolist())
        warnings.warn(
            f"{path}: {len(again)} of {len(words)} rows repeat an earlier word and were dropped: "
            f"{shown}{', ...' if len(again) > 3 else ''}",
            stacklevel=2,
        )
        keep = np.flatnonzero(~repeated)
        vectors = vectors[keep]
        words = WordList.from_words(words[i] for i in keep.tolist())
        words.sorted_order()
    return VectorTable(words, vectors)


def _decode(
    blob: NDArray[np.uint8],
    offsets: NDArray[np.uint64],
    path: StrPath,
    encoding: str,
    unicode_errors: str,
) -> WordList:
    """Words as UTF-8, whatever the file's encoding."""
    words = WordList(blob, offsets)
    if codecs.lookup(encoding).name == "utf-8":
        begins = offsets[:-1][offsets[:-1] < offsets[1:]]
        # valid as a whole, and no word begins inside a character
        valid = not ((blob[begins] & 0xC0) == 0x80).any()
        try:
            blob.tobytes().decode("utf-8")
        except UnicodeDecodeError:
            valid = False
        if valid:
            return words
    decoded = []
    for i in range(len(words)):
        try:
            decoded.append(words.bytes_at(i).decode(encoding, errors=unicode_errors))
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{path}: row {i + 1}: the word {_show(words.bytes_at(i))} is not {encoding} "
                f"({error.reason} at byte {error.start}); unicode_errors='replace' accepts it"
            ) from None
    return WordList.from_words(decoded)
