"""ARPA files: the text format of n-gram models that KenLM, SRILM and others read and write.

    \\data\\
    ngram 1=N
    ...
    \\1-grams:
    log10 p <tab> word <tab> log10 back-off
    ...
    \\end\\

What is read: KenLM's and SRILM's dialects, packed files too. Text may stand before ``\\data\\``;
fields are separated by tabs and spaces; the back-off weight may be left out where it is 0 and the
n-gram is no context of a longer one; ``<unk>`` may be missing (it then gets log10 p = -100, as with
KenLM) or be written ``<UNK>``. The suffix of an n-gram may be missing too, as in pruned models of
SRILM: it is added with the probability that the model gives it, and back-off 0, which changes no
probability.

What is written reads back to the same float32: numbers have as many digits as that takes. The
format cannot say that scores are no probabilities (stupid back-off), so `NOT_NORMALISED` stands
before ``\\data\\`` then, a comment for KenLM and SRILM.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _arpa
from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_write
from fastembed.core.progress import Progress, progress_of
from fastembed.core.threads import resolve_workers
from fastembed.ngram.tables import BackoffTables, check_no_space

__all__ = ["NOT_NORMALISED", "is_arpa", "why_no_arpa", "write_arpa"]

NOT_NORMALISED = b"# scores that do not sum to one: no probabilities"
ROWS = 1 << 14  # rows that a thread formats at a time
ROOM = 1 << 21  # bytes of the buffer for them, from which they are written: they stay in the cache


def is_arpa(start: bytes) -> bool:
    """Whether a file that begins with these bytes looks like an ARPA file.

    Examples
    --------
    >>> is_arpa(b"\\\\data\\\\\\nngram 1=3\\n")
    True
    """
    return any(line.strip() == b"\\data\\" for line in start.split(b"\n"))


def why_no_arpa(scheme: str, smoothing: str) -> str:
    """Why an ARPA file cannot hold a model, and what to do; "" if it can."""
    if scheme == "backoff":
        return ""
    return (
        f"{smoothing} does not back off to shorter histories, which is all that an ARPA file can "
        "say; save the model in the native format (.fe)"
    )


def write_arpa(
    tables: BackoffTables,
    path: StrPath,
    *,
    workers: int | None = None,
    progress: Progress | bool | None = None,
) -> None:
    """Write a model as an ARPA file; ``-`` is standard output; packed by its suffix (``.gz`` ...).

    Parameters
    ----------
    tables : BackoffTables
        The model. ``-inf`` is written as -99, which stands for it in ARPA files.
    path : path

    Raises
    ------
    FormatError
        The format cannot hold the model: a word with white space in it, or a smoothing method
        whose unseen words do not back off.
    OSError
        The file cannot be written.
    """
    _check(tables, path)
    threads = resolve_workers(workers)
    report = progress_of(progress)
    total = sum(len(level) for level in tables.levels)
    report.start(total, "n-grams", "writing ARPA")
    done = 0
    spare = [np.empty(ROOM, dtype=np.uint8) for _ in range(2 * threads + 1)]
    with open_write(path) as out:
        if not tables.metadata.get("normalised", True):
            out.write(NOT_NORMALISED + b"\n")
        out.write(b"\\data\\\n")
        for k, level in enumerate(tables.levels, 1):
            out.write(f"ngram {k}={len(level)}\n".encode())
        for k in range(1, tables.order + 1):
            out.write(f"\n\\{k}-grams:\n".encode())
            for piece, rows in _formatted(tables, k, threads, spare):
                out.write(piece)
                done += rows
                report.update(done)
        out.write(b"\n\\end\\\n")
    report.close()


def _check(tables: BackoffTables, path: StrPath) -> None:
    why = why_no_arpa(tables.scheme, tables.metadata.get("smoothing", "this smoothing"))
    if why:
        raise FormatError(f"{path}: {why}")
    check_no_space(tables.words, path, "an ARPA file")


def _formatted(
    tables: BackoffTables, k: int, threads: int, spare: list[NDArray[np.uint8]]
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """The lines of order k, some at a time, and how many rows they are.

    They lie in one of the ``spare`` buffers, and are to be used before the next ones are asked for.
    """
    level = tables.levels[k - 1]
    words = [np.ascontiguousarray(lower.word, np.uint32) for lower in tables.levels[:k]]
    parents = [np.ascontiguousarray(lower.parent, np.uint32) for lower in tables.levels[:k]]
    probs = np.ascontiguousarray(level.log_prob, np.float32)
    backs = np.ascontiguousarray(level.backoff, np.float32) if k < tables.order else None
    blob, offsets = tables.words.blob, tables.words.offsets
    blob = np.concatenate([blob, np.zeros(_arpa.SLACK, dtype=np.uint8)])

    def write(row: int, stop: int, text: NDArray[np.uint8]) -> tuple[int, int]:
        return _arpa.write(blob, offsets, words, parents, probs, backs, row, stop, text)

    def rest(row: int, stop: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
        """Rows that found no room: their words are very long."""
        room = ROOM
        while row < stop:
            text = np.empty(room, dtype=np.uint8)
            after, size = write(row, stop, text)
            if after > row:
                yield text[:size], after - row
            room = ROOM if after > row else 2 * room
            row = after

    ranges = ((row, min(row + ROWS, len(level))) for row in range(0, len(level), ROWS))
    if threads == 1:
        for row, stop in ranges:
            after, size = write(row, stop, spare[0])
            yield spare[0][:size], after - row
            yield from rest(after, stop)
        return
    with ThreadPoolExecutor(threads, "fastembed-arpa") as pool:
        waiting: deque[Any] = deque()
        while True:
            while spare and (found := next(ranges, None)) is not None:
                text = spare.pop()
                waiting.append((*found, text, pool.submit(write, *found, text)))
            if not waiting:
                return
            row, stop, text, written = waiting.popleft()
            after, size = written.result()
            yield text[:size], after - row
            spare.append(text)
            yield from rest(after, stop)
