"""The text files of GloVe (Pennington et al. 2014): lines "word number ... number", no header.

The published files hold words with spaces in them (". . .", "at name@domain.com"), so a line is
read from its end: the last d fields are numbers, what stands before them is the word.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read, open_write
from fastembed.io.rows import MAX_LINE, VectorTable, is_number, read_text_rows
from fastembed.io.word2vec import check_words, float_type, write_rows
from fastembed.text.wordlist import WordList

__all__ = ["count_numbers", "read_glove", "write_glove"]


def read_glove(
    path: StrPath,
    *,
    limit: int | None = None,
    dtype: Any = np.float32,
    encoding: str = "utf8",
    unicode_errors: str = "strict",
    spaces: bool = True,
    workers: int | None = None,
    file: BinaryIO | None = None,
) -> VectorTable:
    """Read a GloVe file; the first line says how many dimensions there are.

    Parameters and errors are those of `fastembed.io.word2vec.read_word2vec`; ``spaces=False``
    refuses words with spaces.
    """
    dtype = float_type(dtype)
    with open_read(path, error=FormatError) if file is None else nullcontext(file) as file:
        first = file.readline(MAX_LINE).removeprefix(b"\xef\xbb\xbf")
        if not first:
            raise FormatError(f"{path}: line 1: expected a word and numbers; the file is empty")
        d = count_numbers(first)
        if d == 0:
            shown = first[:40].decode("utf-8", errors="backslashreplace")
            raise FormatError(f"{path}: line 1: expected a word and numbers; found {shown!r}")
        return read_text_rows(
            file,
            path,
            d=d,
            n=None,
            limit=limit,
            line=1,
            dtype=dtype,
            encoding=encoding,
            unicode_errors=unicode_errors,
            spaces=spaces,
            first=first,
            workers=workers,
        )


def count_numbers(line: bytes) -> int:
    """How many numbers stand at the end of a line, behind at least one other field."""
    fields = line.rstrip().split(b" ")
    count = 0
    while count < len(fields) - 1 and is_number(fields[-1 - count]):
        count += 1
    return count


def write_glove(
    path: StrPath,
    words: WordList,
    vectors: NDArray[Any],
    *,
    order: NDArray[Any] | None = None,
    workers: int | None = None,
) -> None:
    """Write a GloVe file; the numbers are the shortest that read back as the same float32.

    Raises
    ------
    ValueError
        A word holds a newline or ends in what would be taken for a number, or a value is not
        finite.
    """
    check_words(words, "GloVe", b"\n")
    blob = words.blob[int(words.offsets[0]) : int(words.offsets[-1])]
    if (blob == ord(" ")).any():
        for i in range(len(words)):
            word = words.bytes_at(i)
            last = word.rpartition(b" ")[2]
            if last != word and (not last or is_number(last)):
                raise ValueError(
                    f"the word {words[i]!r} (row {i + 1}) ends in a space or number, which a "
                    "GloVe file cannot hold; use the native format (.fe)"
                )
    with open_write(path) as file:
        write_rows(file, words, vectors, order, workers=workers)
