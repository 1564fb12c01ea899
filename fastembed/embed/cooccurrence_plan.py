"""How a count spends its memory: what lies in it at a time, what goes to files.

Everything that grows with the text or the result is cut to the budget: the text is taken in parts,
rows are made in rounds, and the result that does not fit goes to a file. What is left,
some 80 bytes a word of the vocabulary and 16 more a thread, is the least that a budget must hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _cooc
from fastembed._native._cooc_text import MAX_TEXT
from fastembed.core.memory import memory_budget
from fastembed.core.threads import resolve_workers

__all__ = ["Plan", "make_plan", "rounds_of"]

CHUNK = 1 << 17  # entries that a chunk may have, if the vocabulary is not larger
CHUNKS = 8  # of a round, for each thread
WORK = 1 << 20  # sums of a chunk, unless one row takes more
PLACE = 8  # bytes a token of a part takes: its id, its place in the index
ENTRY = 12  # bytes an entry takes in a buffer: column, count
STORED = 8  # bytes an entry takes in the result: column, float
LEAST = 1 << 16  # bytes below which nothing is worth while


@dataclass(frozen=True)
class Plan:
    """Sizes that keep a count within its budget.

    Attributes
    ----------
    workers : int
    chunk : int
        Entries that a chunk may have.
    round : int
        Entries that a round may have: the buffer of its chunks.
    part : int
        Tokens and ends of sentences that may be in memory together.
    parts : bool
        Whether there are several parts, so that runs are written and merged.
    result : int
        Entries of the result that are kept in memory.
    pieces : int
        Entries of runs that are in memory while they are merged.
    block : int
        Tokens that are read at a time.
    """

    workers: int
    chunk: int
    round: int
    part: int
    parts: bool
    result: int
    pieces: int
    block: int


def make_plan(
    memory: int | str | None,
    workers: int | None,
    n_words: int,
    n_rows: int,
    *,
    text: int,
    least: int = 1,
    most: int = MAX_TEXT,
) -> Plan:
    """Share a budget.

    Parameters
    ----------
    text : int
        Ids and ends of sentences of the whole corpus.
    least, most : int
        What a part must be able to hold of them, and what it may.

    Raises
    ------
    ValueError
        The budget is too small for the vocabulary.
    """
    budget = memory_budget(memory)
    threads = resolve_workers(workers)
    # of each thread the sums of a row and the counters of the index; of all, where rows begin
    each = _cooc.row_bytes(n_words) + 4 * n_words
    shared = 16 * (n_rows + 1) + 20 * (n_words + 1)
    while threads > 1 and shared + threads * each > budget // 2:
        threads -= 1
    rest = budget - shared - threads * each
    needed = ENTRY * 2 * n_words + PLACE * least + LEAST
    if rest < needed:
        total = needed + shared + each
        raise ValueError(
            f"memory is {budget:,} bytes; {n_words:,} words need {total:,} or more: "
            "give more, or keep fewer words (min_count, max_vocab)"
        )
    chunk = max(n_words, min(CHUNK, rest // (4 * ENTRY)))
    in_round = max(chunk, min(CHUNKS * threads * chunk, rest // (4 * ENTRY)))
    rest -= ENTRY * in_round
    block = max(1 << 10, min(1 << 20, rest // 64))
    rest -= 4 * block
    whole = PLACE * text
    parts = text > most or whole > rest * 3 // 4
    part = max(least, min(rest // PLACE, most)) if parts else MAX_TEXT
    left = rest // 2 if parts else rest - whole
    return Plan(
        workers=threads,
        chunk=chunk,
        round=in_round,
        part=part,
        parts=parts,
        result=max(left, 0) // STORED,
        pieces=max(n_words, rest // 2 // ENTRY),
        block=block,
    )


def rounds_of(
    most: NDArray[np.int64], work: NDArray[np.int64], plan: Plan
) -> list[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Cut rows into rounds of chunks.

    Parameters
    ----------
    most : ndarray of int64, shape (n_rows,)
        Entries that each row may have; none more than ``plan.chunk``.
    work : ndarray of int64, shape (n_rows,)
        Sums that it takes.

    Returns
    -------
    list of (bounds, room)
        For each round the rows where its chunks begin and end, and where each chunk's entries go
        in the buffer. They depend on the sizes only, and the result does not depend on them.
    """
    entries = np.concatenate([[0], np.cumsum(most)])
    sums = np.concatenate([[0], np.cumsum(work)])
    n_rows, first = len(most), 0
    rounds, bounds = [], [0]

    def close() -> None:
        cut = np.array(bounds, dtype=np.int64)
        rounds.append((cut.astype(np.uint64), (entries[cut] - entries[cut[0]]).astype(np.uint64)))

    while first < n_rows:
        last = min(
            int(np.searchsorted(entries, entries[first] + plan.chunk, side="right")) - 1,
            int(np.searchsorted(sums, sums[first] + WORK, side="right")) - 1,
        )
        last = max(last, first + 1)
        full = entries[last] - entries[bounds[0]] > plan.round
        if full or len(bounds) > CHUNKS * plan.workers:
            close()
            bounds = [first]
        bounds.append(last)
        first = last
    if len(bounds) > 1:
        close()
    return rounds
