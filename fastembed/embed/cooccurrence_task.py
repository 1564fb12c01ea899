"""From an encoded corpus to compressed sparse rows of counts, within a budget of memory.

A part of the corpus at a time is laid out and indexed, and its rows are made in rounds of chunks.
The rows of a corpus of one part are the result. Of several parts each gives a run of exact counts
in temporary files, and the runs are merged row by row. Sums are exact integers throughout and
rounded once at the end, so that nothing depends on parts, chunks, threads or budget.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native._cooc import Counter, Part, Runs
from fastembed.core.files import StrPath
from fastembed.core.progress import Progress
from fastembed.embed.cooccurrence_plan import Plan, make_plan, rounds_of
from fastembed.embed.cooccurrence_text import IndexedPart, document_parts, window_parts
from fastembed.embed.count_matrix import Rows
from fastembed.embed.row_writer import RowWriter, RunStore
from fastembed.text.encoded import EncodedCorpus

__all__ = ["count_documents", "count_pairs", "window_weights"]


def window_weights(kind: str, window: int) -> tuple[NDArray[np.uint64], int]:
    """Integer weights of the distances 1 .. window, and what they are to be divided by."""
    distance = range(1, window + 1)
    if kind == "flat":
        return np.ones(window, dtype=np.uint64), 1
    if kind == "linear":
        return np.array([window + 1 - d for d in distance], dtype=np.uint64), window
    scale = math.lcm(*distance)
    if scale > 2**32:
        scale = 2**32
    # 1 / d rounded to the nearest multiple of 1 / scale; exact while scale is the lcm
    return np.array([(2 * scale + d) // (2 * d) for d in distance], dtype=np.uint64), scale


def count_pairs(
    encoded: EncodedCorpus, params: dict[str, Any], report: Progress, folder: StrPath | None = None
) -> Rows:
    """Counts of a corpus, by the parameters of `Cooccurrence`."""
    n_words, size = len(encoded.vocabulary), encoded.n_tokens + encoded.n_sentences
    share = {"memory": params["memory"], "workers": params["workers"]}
    if params["unit"] == "document":
        plan = make_plan(**share, n_words=n_words, n_rows=n_words, text=size, least=n_words + 1)
        parts, scale = document_parts(encoded, plan), 1
    else:
        weights, scale = window_weights(params["weights"], params["window"])
        # a sum of a part cannot overflow, not even if all its words are the same
        most = (2**64 - 1) // (2 * int(weights.sum()))
        plan = make_plan(
            **share, n_words=n_words, n_rows=n_words, text=size,
            least=2 * len(weights) + 64, most=min(most, 2**31 - 1),
        )  # fmt: skip
        parts = window_parts(encoded, weights, params["symmetric"], plan)
    report.start(encoded.n_tokens, "words", "counting pairs")
    try:
        buffers = _Buffers(plan, n_words, scale)
        if not plan.parts:
            writer = RowWriter(n_words, np.float32, plan.result, folder)
            for part in parts:
                buffers.count(part, writer, report, 0)
            return writer.rows(n_words)
        runs, done = RunStore(n_words, folder), 0
        try:
            for part in parts:
                buffers.count(part, runs.writer, report, done)
                done += int(part.places.sum())
                runs.end_run()
                del part  # before the next one is made
            report.start(int(runs.totals.sum()), "counts", "merging")
            return buffers.merge(runs, folder, report)
        finally:
            runs.close()
    finally:
        report.close()


class _Buffers:
    """The sums of the threads and the room for a round, which all steps share."""

    def __init__(self, plan: Plan, n_words: int, scale: int) -> None:
        self.plan, self.n_words = plan, n_words
        self.counter = Counter(n_words, scale, plan.workers)
        self.columns = np.empty(plan.round, dtype=np.uint32)
        self.values = np.empty(plan.round, dtype=np.uint64)

    def count(self, part: IndexedPart, writer: RowWriter, report: Progress, done: int) -> None:
        """The rows of a part."""
        so_far = np.concatenate([[0], np.cumsum(part.places)])
        for bounds, room in rounds_of(part.most(), part.work, self.plan):
            self.run(part.part, bounds, room, writer)
            report.update(done + int(so_far[int(bounds[-1])]))

    def run(
        self, work: Part | Runs, bounds: NDArray[np.uint64], room: NDArray[np.uint64],
        writer: RowWriter,
    ) -> None:  # fmt: skip
        """One round, and its rows to the writer."""
        values = self.values.view(writer.values.dtype)[: len(self.values)]
        sizes = writer.ends[1 + int(bounds[0]) : 1 + int(bounds[-1])]
        used = self.counter.run(work, bounds, room, self.columns, values, sizes)
        writer.append(self.columns, values, used, room)

    def merge(self, runs: RunStore, folder: StrPath | None, report: Progress) -> Rows:
        """The sum of all runs."""
        plan, totals = self.plan, runs.totals
        result = RowWriter(self.n_words, np.float32, plan.result, folder)
        before = np.concatenate([[0], np.cumsum(totals)])
        at_most = max(1, plan.pieces // (4 * runs.n_runs))  # rows that are merged together
        first = 0
        while first < self.n_words:
            last = int(np.searchsorted(before, before[first] + plan.pieces, side="right")) - 1
            last = min(max(last, first + 1), first + at_most, self.n_words)
            # in a function of its own: nothing of these rows is kept while the next are read
            self._merge_rows(runs, first, last, result)
            report.update(int(before[last]))
            first = last
        return result.rows(self.n_words)

    def _merge_rows(self, runs: RunStore, first: int, last: int, result: RowWriter) -> None:
        """The sum of rows first to last."""
        begins, totals = runs.where(first, last), runs.totals[first:last]
        if int(totals.sum()) > self.plan.pieces:
            work = self._long_row(runs, begins, first)
        else:
            columns, counts = runs.read(begins)
            ends = np.cumsum([0, *(begins[:-1, -1] - begins[:-1, 0])], dtype=np.uint64)
            work = Runs(columns, counts, begins - begins[:, :1] + ends[:, None], first)
        for bounds, room in rounds_of(np.minimum(totals, self.n_words), totals, self.plan):
            self.run(work, bounds + np.uint64(first), room, result)

    def _long_row(self, runs: RunStore, begins: NDArray[np.uint64], row: int) -> Runs:
        """Sum up the one row whose pieces do not fit into memory together."""
        for begin, end in begins.tolist():
            for at in range(begin, end, self.plan.pieces):
                stop = min(at + self.plan.pieces, end)
                self.counter.add(
                    runs.writer.columns.read(at, stop), runs.writer.values.read(at, stop)
                )
        nothing = np.empty(0, dtype=np.uint32)
        return Runs(nothing, None, np.zeros((1, 2), dtype=np.uint64), row)


def count_documents(
    encoded: EncodedCorpus, params: dict[str, Any], report: Progress, folder: StrPath | None = None
) -> Rows:
    """Counts of words in each sentence of a corpus, by the parameters of `WordDocument`."""
    n_words, n_rows, offsets = len(encoded.vocabulary), encoded.n_sentences, encoded.offsets
    plan = make_plan(params["memory"], params["workers"], n_words, n_rows, text=0, least=n_words)
    buffers = _Buffers(plan, n_words, 1)
    writer = RowWriter(n_rows, np.float32, plan.result, folder)
    report.start(encoded.n_tokens, "words", "counting words")
    try:
        first = 0
        while first < n_rows:
            begin = int(offsets[first])
            last = int(np.searchsorted(offsets, begin + plan.block, side="right")) - 1
            last = min(max(last, first + 1), first + plan.block, n_rows)
            own = offsets[first : last + 1] - np.uint64(begin)
            end = begin + int(own[-1])
            if end - begin > plan.block:
                for at in range(begin, end, plan.block):
                    buffers.counter.add(encoded.read(at, min(at + plan.block, end)))
                ids, begins = np.empty(0, dtype=np.uint32), np.zeros((1, 2), dtype=np.uint64)
            else:
                ids, begins = encoded.read(begin, end), own[None, :]
            work = Runs(ids, None, np.ascontiguousarray(begins), first)
            length = np.diff(own).astype(np.int64)
            for bounds, room in rounds_of(np.minimum(length, n_words), length, plan):
                buffers.run(work, bounds + np.uint64(first), room, writer)
            report.update(end)
            first = last
    finally:
        report.close()
    return writer.rows(n_words)
