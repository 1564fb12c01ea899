"""The text and binary files of word2vec (Mikolov et al. 2013), as gensim reads and writes them.

Both begin with a line "rows dimensions". In the text form each row is a line "word number ...
number"; in the binary form it is the word, a space and the numbers as little-endian float32
(after each of which the original tool, but not gensim, writes a newline). fastText's .vec files
are the text form.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _vectors
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read, open_write
from fastembed.core.threads import resolve_workers
from fastembed.io.rows import (
    BLOCK,
    MAX_SIZE,
    STREAM_BYTES,
    GrowingRows,
    VectorTable,
    finish,
    plain_size,
    read_text_rows,
)
from fastembed.text.wordlist import WordList

__all__ = ["read_counts", "read_word2vec", "write_counts", "write_rows", "write_word2vec"]

MAX_HEADER = 256  # bytes of the first line
MAX_WORD = 1 << 24  # bytes without a space: more means that the header is wrong
ROWS = 4096  # rows formatted at a time


# ---------------------------------------------------------------------------------- reading


def read_word2vec(
    path: StrPath,
    *,
    binary: bool = False,
    limit: int | None = None,
    dtype: Any = np.float32,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    workers: int | None = None,
    file: BinaryIO | None = None,
) -> VectorTable:
    """Read a word2vec file.

    Parameters
    ----------
    path : path
        The file; compressed ones by their suffix, ``-`` is standard input.
    binary : bool
        Which form it is.
    limit : int, optional
        Read this many rows at most.
    dtype : dtype
        Type of the vectors.
    encoding, unicode_errors : str
        How the words are written, and what to do with those that are not.
    file : binary stream, optional
        Read this instead of opening ``path``, which then only names it.

    Returns
    -------
    VectorTable
        A word that stands in two rows keeps its first vector, with a warning.

    Raises
    ------
    FormatError
        The header does not fit the file, a row is damaged, a number is not finite: names the
        line, or the byte offset in a binary file.
    """
    dtype = float_type(dtype)
    with open_read(path, error=FormatError) if file is None else nullcontext(file) as file:
        n, d, header = _read_header(file, path)
        # a row is at least a space and d numbers, of two bytes (text) or four (binary)
        size, least = plain_size(file), n * (d * 4 + 1 if binary else d * 2)
        if size is not None and size - header < least:
            raise FormatError(
                f"{path}: line 1: the header promises {n} vectors of {d} dimensions, which take "
                f"at least {least} bytes; {size - header} follow"
            )
        if binary:
            return _read_binary(file, path, n, d, header, limit, dtype, encoding, unicode_errors)
        return read_text_rows(
            file,
            path,
            d=d,
            n=n,
            limit=limit,
            line=2,
            dtype=dtype,
            encoding=encoding,
            unicode_errors=unicode_errors,
            workers=workers,
        )


def float_type(dtype: Any) -> np.dtype[Any]:
    """float16, float32 or float64; anything else is a ValueError."""
    result = np.dtype(dtype)
    if result not in (np.float16, np.float32, np.float64):
        raise ValueError(f"vectors must be float16, float32 or float64; got {result}")
    return result


def _read_header(file: BinaryIO, path: StrPath) -> tuple[int, int, int]:
    line = file.readline(MAX_HEADER)
    numbers = line.removeprefix(b"\xef\xbb\xbf").split()
    if not line:
        raise FormatError(
            f"{path}: line 1: expected the number of vectors and of dimensions; the file is empty"
        )
    if len(numbers) != 2 or not all(x.isdigit() and len(x) < 19 for x in numbers):
        shown = line[:40].decode("utf-8", errors="backslashreplace")
        raise FormatError(
            f"{path}: line 1: expected the number of vectors and of dimensions; found {shown!r}"
        )
    n, d = (int(x) for x in numbers)
    if not 1 <= d <= MAX_SIZE:
        raise FormatError(f"{path}: line 1: dimensions must be 1 to {MAX_SIZE}; found {d}")
    return n, d, len(line)


def _read_binary(
    file: BinaryIO,
    path: StrPath,
    n: int,
    d: int,
    offset: int,
    limit: int | None,
    dtype: np.dtype[Any],
    encoding: str,
    unicode_errors: str,
) -> VectorTable:
    wanted = n if limit is None else min(n, limit)
    size = plain_size(file)
    guess = wanted if size is not None else STREAM_BYTES // (4 * d) + 1
    rows = GrowingRows(d, dtype, guess, wanted)
    blobs, lengths = [np.empty(0, np.uint8)], [np.empty(0, np.uint64)]
    buffer = bytearray(max(BLOCK, 8 * d) if size is None else min(BLOCK, size) + 8 * d)
    filled, ended = 0, False
    while True:
        data = np.frombuffer(buffer, dtype=np.uint8, count=filled)
        most = min(wanted - rows.used, filled // (4 * d + 1))
        block = np.empty((most, d), dtype=np.float32)
        starts, ends = np.empty(most, np.int64), np.empty(most, np.int64)
        count, used, bad = _vectors.binary_rows(data, block, starts, ends)
        if bad >= 0:
            word = data[starts[bad] : ends[bad]].tobytes().decode("utf-8", "backslashreplace")
            at = offset + int(ends[bad]) + 1
            raise FormatError(
                f"{path}: byte {at}: the vector of {word[:80]!r} (row {rows.used + bad + 1}) has "
                "a value that is not a finite number"
            )
        rows.room(count)[:] = block[:count]
        blob, at_offsets = _vectors.pack_spans(data, starts[:count], ends[:count])
        blobs.append(blob)
        lengths.append(np.diff(at_offsets))
        del data
        offset, filled = offset + used, filled - used
        buffer[:filled] = buffer[used : used + filled]
        if rows.used == wanted:
            break
        if ended or filled > MAX_WORD + 4 * d:
            raise FormatError(
                f"{path}: byte {offset}: expected row {rows.used + 1} of {n}, a word, a space "
                f"and {4 * d} bytes; "
                + ("the file ends" if ended else f"no space in {filled} bytes")
            )
        if filled == len(buffer):
            buffer = buffer + bytearray(len(buffer))
        with memoryview(buffer) as view:
            got = file.readinto(view[filled:])  # type: ignore[attr-defined]
        ended, filled = not got, filled + got
    if wanted == n:
        rest = bytes(buffer[:filled]) + file.read(1 << 16)
        if rest.strip(b"\n"):
            raise FormatError(
                f"{path}: byte {offset}: the header promises {n} vectors of {d} dimensions; more "
                "data follow"
            )
    offsets = np.zeros(rows.used + 1, dtype=np.uint64)
    np.cumsum(np.concatenate(lengths), out=offsets[1:])
    vectors = rows.array[: rows.used]
    return finish(np.concatenate(blobs), offsets, vectors, path, encoding, unicode_errors)


def read_counts(path: StrPath, *, unicode_errors: str = "strict") -> dict[str, int]:
    """Read a vocabulary file, lines "word count"."""
    counts: dict[str, int] = {}
    with open_read(path, error=FormatError) as file:
        for number, line in enumerate(file, 1):
            parts = line.split()
            if not parts:
                continue
            try:
                word, count = parts[0].decode("utf-8", unicode_errors), int(parts[1])
            except (ValueError, IndexError):
                word, count = "", -1
            if len(parts) != 2 or count < 0:
                raise FormatError(f"{path}: line {number}: expected a word and its count")
            counts.setdefault(word, count)
    return counts


# ---------------------------------------------------------------------------------- writing


def write_word2vec(
    path: StrPath,
    words: WordList,
    vectors: NDArray[Any],
    *,
    binary: bool = False,
    order: NDArray[Any] | None = None,
    total: int | None = None,
    header: bool = True,
    prefix: str = "",
    append: bool = False,
    workers: int | None = None,
) -> None:
    """Write a word2vec file.

    The numbers of the text form are the shortest that read back as the same float32.

    Parameters
    ----------
    words, vectors : WordList, ndarray of shape (n, d)
        Rows may be strided.
    order : ndarray of int, shape (n,), optional
        The rows in the order in which they are written.
    total : int, optional
        The number of rows that the header states, if more rows will be appended.
    header, append : bool
        Whether to begin with the header; whether to add to what the file holds.
    prefix : str
        Put in front of each word.

    Raises
    ------
    ValueError
        A word holds a space or newline, which these files cannot hold, or a value is not finite.
    """
    check_words(words, "word2vec", b" \n")
    start = prefix.encode("utf-8")
    if b" " in start or b"\n" in start:
        raise ValueError(f"prefix must not hold a space or newline; got {prefix!r}")
    with open_write(path) as file:
        if append:
            try:
                with open_read(path, error=FormatError) as old:
                    shutil.copyfileobj(old, file, BLOCK)
            except FileNotFoundError:
                pass
        if header:
            n = len(words) if total is None else total
            file.write(f"{n} {vectors.shape[1]}\n".encode("ascii"))
        write_rows(file, words, vectors, order, start, binary=binary, workers=workers)


def write_rows(
    file: BinaryIO,
    words: WordList,
    vectors: NDArray[Any],
    order: NDArray[Any] | None = None,
    prefix: bytes = b"",
    *,
    binary: bool = False,
    workers: int | None = None,
) -> None:
    """The rows without a header."""
    threads = resolve_workers(workers)
    for some_words, rows in _row_blocks(words, vectors, order):
        if binary:
            parts: list[bytes] = []
            for i, row in enumerate(rows):
                parts += (prefix, some_words.bytes_at(i), b" ", row.astype("<f4").tobytes())
            file.write(b"".join(parts))
        else:
            blob, offsets = some_words.blob, some_words.offsets
            for text in _vectors.format_rows(blob, offsets, rows, prefix, threads):
                file.write(text)


def _row_blocks(
    words: WordList, vectors: NDArray[Any], order: NDArray[Any] | None
) -> Iterator[tuple[WordList, NDArray[np.float32]]]:
    for a in range(0, len(words), ROWS):
        b = min(a + ROWS, len(words))
        if order is None:
            rows = np.ascontiguousarray(vectors[a:b], dtype=np.float32)
            first, last = int(words.offsets[a]), int(words.offsets[b])
            some = WordList(words.blob[first:last], words.offsets[a : b + 1] - np.uint64(first))
        else:
            rows = np.ascontiguousarray(vectors[order[a:b]], dtype=np.float32)
            some = WordList.from_words([words[i] for i in order[a:b].tolist()])
        finite = np.isfinite(rows).all(axis=1)
        if not finite.all():
            word = some[int(np.argmin(finite))]
            raise ValueError(f"the vector of {word!r} has a value that is not finite in float32")
        yield some, rows


def check_words(words: WordList, format_name: str, forbidden: bytes) -> None:
    """ValueError if a word holds one of these bytes."""
    row = words.first_with(forbidden)
    if row >= 0:
        held = next(chr(byte) for byte in words.bytes_at(row) if byte in forbidden)
        raise ValueError(
            f"the word {words[row]!r} (row {row + 1}) holds {held!r}, which a {format_name} file "
            "cannot hold; use the native format (.fe)"
        )


def write_counts(
    path: StrPath, words: WordList, counts: NDArray[Any], order: NDArray[Any], prefix: str = ""
) -> None:
    """Write a vocabulary file, lines "word count"."""
    with open_write(path) as file:
        for i in order.tolist():
            file.write(f"{prefix}{words[i]} {int(counts[i])}\n".encode())
