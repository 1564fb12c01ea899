"""Counts from triples in any order: sorted, pairs that stand there twice added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.embed.count_matrix import Rows
from fastembed.embed.row_writer import RowWriter
from fastembed.io.triples import records_of
from fastembed.text.spool import Spool

__all__ = ["merged_rows", "rows_of_triples"]

HELD = 12  # bytes of an entry that waits for its place: column, float64


def rows_of_triples(
    blocks: Callable[[], Iterable[NDArray[np.void]]],
    n_rows: int,
    n_columns: int,
    *,
    budget: int,
    name: str,
) -> Rows:
    """Compressed sparse rows of records (see `fastembed.io.triples`).

    Parameters
    ----------
    blocks : callable
        Gives the records from the beginning, some at a time; it is called twice.
    budget : int
        Bytes that the entries may take in memory; more lie in temporary files.

    Raises
    ------
    FormatError
        A sum of several counts of a pair does not fit a float32.
    """
    sizes = np.zeros(n_rows + 1, dtype=np.int64)
    in_order, before = True, np.int64(-1)
    for block in blocks():
        sizes[1:] += np.bincount(block["word1"] - 1, minlength=n_rows)
        keys = _keys(block, n_columns)
        in_order = in_order and bool(keys[0] > before and np.all(keys[1:] > keys[:-1]))
        before = keys[-1]
    writer = RowWriter(n_rows, np.float32, budget // HELD)
    if in_order:
        for block in blocks():
            writer.columns.append((block["word2"] - 1).astype(np.uint32))
            writer.values.append(block["count"].astype(np.float32))
        writer.ends[:] = sizes
        return writer.rows(n_columns)
    begins = np.cumsum(sizes)
    columns, counts = _dealt(blocks(), begins, budget)
    try:
        _write_sorted(columns, counts, begins, n_columns, writer, name)
    finally:
        columns.close()
        counts.close()
    return writer.rows(n_columns)


def merged_rows(
    parts: Sequence[tuple[Rows, NDArray[np.int64], NDArray[np.int64]]],
    n_rows: int,
    n_columns: int,
    budget: int,
) -> Rows:
    """The sum of matrices whose rows and columns go to given places; see `rows_of_triples`.

    Parameters
    ----------
    parts : sequence of (rows, row_places, column_places)
    """

    def blocks() -> Iterator[NDArray[np.void]]:
        for rows, row_places, column_places in parts:
            for block in records_of(rows.indptr, rows.indices, rows.data):
                block["word1"] = row_places[block["word1"] - 1] + 1
                block["word2"] = column_places[block["word2"] - 1] + 1
                yield block

    return rows_of_triples(blocks, n_rows, n_columns, budget=budget, name="merge")


def _keys(block: NDArray[np.void], n_columns: int) -> NDArray[np.int64]:
    return (block["word1"].astype(np.int64) - 1) * n_columns + (block["word2"] - 1)


def _dealt(
    blocks: Iterable[NDArray[np.void]], begins: NDArray[np.int64], budget: int
) -> tuple[Spool, Spool]:
    """Columns and counts of each row together, in order of the file."""
    n = int(begins[-1])
    columns = Spool(np.uint32, memory=n if n * HELD <= budget else 0)
    counts = Spool(np.float64, memory=n if n * HELD <= budget else 0)
    cursors = begins[:-1].copy()
    for spool in (columns, counts):
        spool.extend(n)
    column_array, count_array = columns.array(writable=True), counts.array(writable=True)
    for block in blocks:
        row = block["word1"] - 1
        order = np.argsort(row, kind="stable")
        row = row[order]
        firsts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
        repeats = np.diff(np.concatenate([firsts, [len(row)]]))
        at = cursors[row] + np.arange(len(row)) - np.repeat(firsts, repeats)
        column_array[at] = block["word2"][order] - 1
        count_array[at] = block["count"][order]
        cursors[row[firsts]] += repeats
    return columns, counts


def _write_sorted(
    columns: Spool,
    counts: Spool,
    begins: NDArray[np.int64],
    n_columns: int,
    writer: RowWriter,
    name: str,
) -> None:
    """Sort each row by column, add up equal ones, and write it."""
    rows = Rows(begins, np.empty(0, np.int32), np.empty(0, np.float32), n_columns)
    for first, last in rows.blocks():
        ends = begins[first : last + 1]
        column = columns.read(int(ends[0]), int(ends[-1]))
        count = counts.read(int(ends[0]), int(ends[-1]))
        if len(column) == 0:
            continue
        row = np.repeat(np.arange(first, last), np.diff(ends))
        # stable: equal pairs are added up in order of the file
        order = np.lexsort((column, row))
        column, row, count = column[order], row[order], count[order]
        new = np.concatenate([[True], (row[1:] != row[:-1]) | (column[1:] != column[:-1])])
        firsts = np.flatnonzero(new)
        with np.errstate(over="ignore"):
            sums = np.add.reduceat(count, firsts).astype(np.float32)
        if not np.isfinite(sums).all():
            k = int(np.flatnonzero(~np.isfinite(sums))[0])
            pair = f"{int(row[firsts[k]]) + 1}, {int(column[firsts[k]]) + 1}"
            raise FormatError(f"{name}: the counts of the pair {pair} add up to more than float32")
        writer.columns.append(column[firsts])
        writer.values.append(sums)
        writer.ends[1 + first : 1 + last] = np.bincount(row[firsts] - first, minlength=last - first)
