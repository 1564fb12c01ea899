"""Rows of counts as they are made: in memory while they fit, then in temporary files."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastembed.core.files import StrPath
from fastembed.embed.count_matrix import Rows
from fastembed.text.spool import Spool

__all__ = ["RowWriter", "RunStore"]


class RowWriter:
    """Takes rows in order.

    Parameters
    ----------
    n_rows : int
    dtype : dtype
        Of the values.
    memory : int
        Entries that are kept in memory.
    folder : path, optional
        For the temporary files; they have no name, and go with the arrays that map them.
    """

    def __init__(
        self, n_rows: int, dtype: DTypeLike, memory: int, folder: StrPath | None = None
    ) -> None:
        self.columns = Spool(np.uint32, memory=memory, folder=folder)
        self.values = Spool(dtype, memory=memory, folder=folder)
        # sizes of rows, in place of which their ends will stand
        self.ends = np.zeros(n_rows + 1, dtype=np.uint64)

    def append(
        self, columns: NDArray[np.uint32], values: NDArray[Any], used: NDArray[Any], room: NDArray
    ) -> None:
        """Take chunks: entries ``room[c]`` to ``room[c] + used[c]`` of the buffers."""
        for at, n in zip(room.tolist(), used.tolist(), strict=False):
            self.columns.append(columns[at : at + n])
            self.values.append(values[at : at + n])

    def rows(self, n_columns: int) -> Rows:
        """What was written."""
        indptr = np.cumsum(self.ends, out=self.ends).view(np.int64)
        columns = self.columns.array().view(np.int32)
        return Rows(indptr, columns, self.values.array(), n_columns)

    def close(self) -> None:
        """Free memory and files."""
        self.columns.close()
        self.values.close()


class RunStore:
    """Sorted runs of exact counts in temporary files: those of each part of a corpus.

    Run ``r`` has the rows of its part; ``totals`` says how many entries a row has in all runs.
    """

    def __init__(self, n_rows: int, folder: StrPath | None = None) -> None:
        self.n_rows, self.n_runs = n_rows, 0
        self.writer = RowWriter(n_rows, np.uint64, 0, folder)
        self.begins = Spool(np.uint64, memory=0, folder=folder)
        self.totals = np.zeros(n_rows, dtype=np.int64)

    def end_run(self) -> None:
        """The rows of a part are complete."""
        sizes = self.writer.ends[1:]
        self.totals += sizes.view(np.int64)
        begin = len(self.writer.columns) - int(sizes.sum())
        self.writer.ends[0] = begin
        self.begins.append(np.cumsum(self.writer.ends, dtype=np.uint64))
        self.writer.ends[:] = 0
        self.n_runs += 1

    def where(self, first: int, last: int) -> NDArray[np.uint64]:
        """Where each of the rows begins in each run, shape (n_runs, last - first + 1)."""
        width = self.n_rows + 1
        return np.stack(
            [
                self.begins.read(run * width + first, run * width + last + 1)
                for run in range(self.n_runs)
            ]
        )

    def read(self, begins: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """Columns and counts of the rows of each run, one run after the other."""
        n = int((begins[:, -1] - begins[:, 0]).sum())
        columns, counts = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.uint64)
        at = 0
        for begin, end in begins[:, [0, -1]].tolist():
            self.writer.columns.read(begin, end, columns[at : at + end - begin])
            self.writer.values.read(begin, end, counts[at : at + end - begin])
            at += end - begin
        return columns, counts

    def close(self) -> None:
        """Remove the files."""
        self.writer.close()
        self.begins.close()
