"""The files of Stanford GloVe: triples of counts, and the vocabulary that numbers their words.

Pennington, Socher & Manning, "GloVe: global vectors for word representation" (2014). ``cooccur``
writes records of 16 bytes with no header: int32 word1, int32 word2 (both from 1 on, in order of
the vocabulary file) and float64 count, all little-endian; ``shuffle`` puts them in random order,
and ``glove`` reads them. ``vocab_count`` writes lines "word count".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError, VocabularyError
from fastembed.core.files import StrPath, open_read, open_write
from fastembed.text.vocabulary import Vocabulary

__all__ = [
    "RECORD",
    "check_no_triples",
    "read_glove_vocabulary",
    "read_triples",
    "records_of",
    "write_glove_vocabulary",
    "write_triples",
]

RECORD = np.dtype([("word1", "<i4"), ("word2", "<i4"), ("count", "<f8")])
BLOCK = 1 << 17  # records that are read or written at a time
_LARGEST = float(np.finfo(np.float32).max)
_SMALLEST = float(np.finfo(np.float32).smallest_subnormal)


def check_no_triples(path: StrPath) -> None:
    """Refuse triples where there is no vocabulary; for a name of a regular file.

    Triples have no mark. A text has no NUL byte, which is the upper byte of the first word's
    number, and UTF-16 read as numbers has counts that are out of all proportion.

    Raises
    ------
    FormatError
        These are triples; the message says how to give them their words.
    """
    size = RECORD.itemsize
    with open(path, "rb") as file:
        start = file.read(64 * size)
        whole = os.fstat(file.fileno()).st_size % size == 0
    if not start or not whole or start[3] != 0:
        return
    records = np.frombuffer(start, dtype=RECORD)
    numbers = (records["word1"] > 0) & (records["word2"] > 0)
    if (numbers & (records["count"] > 1e-30) & (records["count"] < 1e30)).all():
        raise FormatError(
            f"{path}: these are co-occurrence triples, as Stanford GloVe's cooccur writes them; "
            "the words that their numbers stand for are in a vocabulary file. Make counts of the "
            "two, and give those: fastembed cooccur TRIPLES --vocab VOCABULARY -o COUNTS.fe, or "
            "Cooccurrence.load(path, vocabulary=...)"
        )


def write_triples(
    path: StrPath,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float32],
) -> None:
    """Write compressed sparse rows as triples, in order of rows and columns.

    Parameters
    ----------
    path : path
        "-" is standard output.
    indptr, indices, data : ndarray
        See `fastembed.Cooccurrence`.

    Raises
    ------
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.bin")
    >>> write_triples(path, np.array([0, 1, 1]), np.array([1], "i4"), np.array([0.5], "f4"))
    >>> [block.tolist() for block in read_triples(path, 2)]
    [[(1, 2, 0.5)]]
    """
    with open_write(path) as file:
        for block in records_of(indptr, indices, data):
            file.write(block.tobytes())


def records_of(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], data: NDArray[np.float32]
) -> Iterator[NDArray[np.void]]:
    """Compressed sparse rows as records, some at a time."""
    for start in range(0, len(indices), BLOCK):
        stop = min(start + BLOCK, len(indices))
        block = np.empty(stop - start, dtype=RECORD)
        # the row of entry k is the last one that begins at k or before
        first, last = np.searchsorted(indptr, [start, stop - 1], side="right") - 1
        cuts = np.clip(indptr[first : last + 2], start, stop)
        block["word1"] = np.repeat(np.arange(first + 1, last + 2), cuts[1:] - cuts[:-1])
        block["word2"] = indices[start:stop] + 1
        block["count"] = data[start:stop]
        yield block


def read_triples(path: StrPath, n_words: int) -> Iterator[NDArray[np.void]]:
    """The records of a file, some at a time, each of them checked.

    Parameters
    ----------
    path : path
        Packed files (.gz .bz2 .xz .zst) too.
    n_words : int
        Words of the vocabulary; word numbers go from 1 to this.

    Yields
    ------
    ndarray of RECORD

    Raises
    ------
    FormatError
        The file is empty or cut in the middle of a record, a word number lies outside of the
        vocabulary, or a count is not a positive number that a float32 holds; the message has
        the byte offset.
    """
    offset = 0
    with open_read(path, error=FormatError) as file:
        while True:
            # a buffered file gives fewer bytes at its end only
            part = file.read(BLOCK * RECORD.itemsize)
            if not part:
                break
            whole = len(part) // RECORD.itemsize * RECORD.itemsize
            block = np.frombuffer(part[:whole], dtype=RECORD)
            _check(block, n_words, path, offset)
            if whole < len(part):
                _bad(
                    path,
                    offset + whole,
                    f"the file ends in the middle of a record: {len(part) - whole} bytes, "
                    f"expected {RECORD.itemsize}",
                )
            yield block
            offset += whole
    if offset == 0:
        _bad(path, 0, "the file is empty; expected records of int32, int32, float64")


def _bad(path: StrPath, offset: int, problem: str) -> NoReturn:
    raise FormatError(f"{path}: byte {offset:,}: {problem}")


def _check(block: NDArray[np.void], n_words: int, path: StrPath, offset: int) -> None:
    word1, word2, count = block["word1"], block["word2"], block["count"]
    outside = (word1 < 1) | (word1 > n_words) | (word2 < 1) | (word2 > n_words)
    # not (a and b): NaN is neither
    wrong = ~((count >= _SMALLEST) & (count <= _LARGEST))
    bad = np.flatnonzero(outside | wrong)
    if len(bad) == 0:
        return
    k = int(bad[0])
    at = offset + k * RECORD.itemsize
    if outside[k]:
        number = int(word2[k]) if 1 <= word1[k] <= n_words else int(word1[k])
        _bad(path, at, f"word {number}; the vocabulary has words 1 to {n_words:,}")
    _bad(path, at, f"count {float(count[k])!r}; expected a positive number of float32's range")


def write_glove_vocabulary(path: StrPath, vocabulary: Vocabulary) -> None:
    """Write "word count" lines in order of the ids, as GloVe's tools read them.

    Raises
    ------
    VocabularyError
        A word has white space in it, which would end it there.
    """
    words = vocabulary.words.to_list()
    for word in words:
        if any(sign in word for sign in " \t\n\r\v\f"):
            raise VocabularyError(f"{path}: {word!r} has white space, which GloVe cannot read")
    with open_write(path) as file:
        for start in range(0, len(words), 1 << 16):
            part = slice(start, start + (1 << 16))
            lines = zip(words[part], vocabulary.counts[part].tolist(), strict=True)
            file.write("".join(f"{word} {count}\n" for word, count in lines).encode())


def read_glove_vocabulary(path: StrPath) -> Vocabulary:
    """Read "word count" lines; ids follow their order. Lines with a tab (ours) will do too.

    Raises
    ------
    FormatError
        A line is not "word count", or its word was there before.
    """
    words: list[str] = []
    counts: list[int] = []
    seen: set[str] = set()
    with open_read(path, error=FormatError) as file:
        for number, line in enumerate(file, 1):
            where = f"{path}, line {number}"
            fields = line.split()
            if len(fields) != 2 or not fields[1].isdigit() or len(fields[1]) > 18:
                raise FormatError(f"{where}: expected word and count; got {line[:60]!r}")
            try:
                word = fields[0].decode("utf-8")
            except UnicodeDecodeError as error:
                raise FormatError(f"{where}: not UTF-8 ({error.reason}): {line[:60]!r}") from None
            if word in seen:
                raise FormatError(f"{where}: {word!r} was there before")
            seen.add(word)
            words.append(word)
            counts.append(int(fields[1]))
    if not words:
        raise FormatError(f"{path}: no words; lines must be word and count")
    return Vocabulary(words, counts)
