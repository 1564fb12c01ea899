"""Which format a vectors file has: by content when it is read, by name when it is written."""

from __future__ import annotations

import io
import os
import re
from typing import Any, BinaryIO, Literal, cast

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read
from fastembed.core.packing import bare_name
from fastembed.io.glove import count_numbers, read_glove
from fastembed.io.native import check_native_name, is_native
from fastembed.io.rows import VectorTable, is_number
from fastembed.io.word2vec import read_word2vec

__all__ = ["FORMATS", "VectorFormat", "detect_format", "format_of_name", "read_table"]

VectorFormat = Literal["native", "word2vec-text", "word2vec-binary", "glove"]
FORMATS: tuple[VectorFormat, ...] = ("native", "word2vec-text", "word2vec-binary", "glove")

HEAD = 1 << 16  # bytes that decide
_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]*\d+[ \t]+(\d+)[ \t]*\r?\n")
_FASTTEXT_MAGIC = (793712314).to_bytes(4, "little")


def format_of_name(path: StrPath) -> VectorFormat:
    """The format that a file name asks for; that of a text may have ``.gz`` and the like behind it.

    Examples
    --------
    >>> [format_of_name(name) for name in ("a.fe", "a.bin", "a.vec", "a.glove.txt")]
    ['native', 'word2vec-binary', 'word2vec-text', 'glove']
    """
    name = os.path.basename(bare_name(path))
    for suffixes, result in (
        ((".fe",), "native"),
        ((".bin",), "word2vec-binary"),
        ((".glove", ".glove.txt"), "glove"),
        ((".txt", ".vec"), "word2vec-text"),
    ):
        if name.endswith(suffixes):
            if result == "native":
                check_native_name(path)
            return cast(VectorFormat, result)
    raise ValueError(
        f"{path}: no format goes with this name; end it in .fe (native), .bin (word2vec binary), "
        f".txt or .vec (word2vec text) or .glove.txt, or name one of {', '.join(FORMATS)}"
    )


def detect_format(start: bytes, path: StrPath) -> VectorFormat:
    """The format of a file that begins with these bytes (64 KB, or all that it has).

    Raises
    ------
    FormatError
        It is none of them.
    """
    if not start:
        raise FormatError(f"{path}: the file is empty; expected word vectors")
    if is_native(start):
        return "native"
    if start[:4] == _FASTTEXT_MAGIC:
        raise FormatError(f"{path}: a fastText model; save its vectors as .vec and read those")
    if header := _HEADER.match(start):
        dimensions = int(header[1][:18])
        return "word2vec-binary" if _is_raw(start[header.end() :], dimensions) else "word2vec-text"
    first = start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    if count_numbers(first if b"\n" in start else first.rpartition(b" ")[0] or first):
        return "glove"
    raise FormatError(
        f"{path}: not a vectors file; it begins with neither a native header, nor a number of "
        "vectors and of dimensions, nor a word and numbers"
    )


def _is_raw(row: bytes, dimensions: int) -> bool:
    """Whether what stands behind the first word is float32 and not text."""
    rest = row.lstrip(b"\n").partition(b" ")[2]
    fields = rest.partition(b"\n")[0].split()
    numbers = any(is_number(field) for field in fields)
    if numbers and len(fields) == dimensions:
        return False
    # any byte of a float may be a newline, and the line behind a text row that is too short may
    # hold any character: so this is asked second
    if any(byte < 9 or 13 < byte < 32 or byte > 126 for byte in rest[: min(4 * dimensions, 256)]):
        return True
    # the eight bytes of two floats may all be printable
    return dimensions < 3 and not numbers and bool(rest)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self.start = start
        self.rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.start[: len(buffer)] or self.rest.read(len(buffer))
        self.start = self.start[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def read_start(path: StrPath) -> tuple[bytes, BinaryIO | None]:
    """The first bytes of a file, and the whole stream where it cannot be opened again."""
    if os.fspath(path) != "-":
        with open_read(path, error=FormatError) as file:
            return file.read(HEAD), None
    file = open_read(path, error=FormatError)
    start = file.read(HEAD)
    return start, cast(BinaryIO, io.BufferedReader(_Rejoined(start, file), 1 << 20))


def read_table(
    path: StrPath,
    format: VectorFormat,
    *,
    file: BinaryIO | None = None,
    workers: int | None = None,
    **options: Any,
) -> VectorTable:
    """Read a text or binary file of a known format (see `read_word2vec` for the options)."""
    if format == "glove":
        return read_glove(path, file=file, workers=workers, **options)
    if format not in ("word2vec-text", "word2vec-binary"):
        raise ValueError(f"format must be one of {', '.join(FORMATS[1:])}; got {format!r}")
    binary = format == "word2vec-binary"
    return read_word2vec(path, binary=binary, file=file, workers=workers, **options)
