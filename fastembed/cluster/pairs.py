"""Counts of adjacent words: what clustering sees of a text (csrc/bigrams.h).

The words to be clustered are *items*, numbered by frequency and then by bytes, whatever the order
of the vocabulary. Memory is that of the distinct pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _bigrams, _cluster
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.vocabulary import Vocabulary

__all__ = ["Pairs", "class_pairs", "count_pairs", "item_order"]

BLOCK = 1 << 20  # tokens that are sorted at a time


class Pairs(NamedTuple):
    """Counts of pairs of adjacent items, by the left and by the right one.

    Item i is followed by ``right[right_start[i]:right_start[i + 1]]``, ascending, so often as
    ``right_count`` says, and preceded by ``left[left_start[i]:left_start[i + 1]]``.
    """

    right_start: NDArray[np.uint64]  # (n_items + 1,)
    right: NDArray[np.uint32]
    right_count: NDArray[np.int64]
    left_start: NDArray[np.uint64]  # (n_items + 1,)
    left: NDArray[np.uint32]
    left_count: NDArray[np.int64]

    @property
    def n_items(self) -> int:
        """Items, those too that are in no pair."""
        return len(self.right_start) - 1

    @property
    def total(self) -> int:
        """Sum of the counts."""
        return int(self.right_count.sum())


def item_order(vocabulary: Vocabulary) -> NDArray[np.uint32]:
    """Ids of the words to be clustered, by count (highest first), then bytes; no specials."""
    by_bytes = vocabulary.words.sorted_order().astype(np.int64)
    ordinary = by_bytes[by_bytes >= len(vocabulary.specials)]
    order = np.argsort(-vocabulary.counts[ordinary], kind="stable")
    return ordinary[order].astype(np.uint32)


def count_pairs(
    encoded: EncodedCorpus,
    order: NDArray[np.uint32],
    *,
    across_lines: bool,
    workers: int | None,
    progress: Progress,
) -> Pairs:
    """Count the pairs of adjacent words of a text; the same for any ``workers``.

    Parameters
    ----------
    order : ndarray of uint32
        The id of each item. A word that is no item stands between its neighbours.
    across_lines : bool
        Whether the last word of a sentence and the first of the next are a pair.
    """
    workers = resolve_workers(workers)
    item_of = np.full(len(encoded.vocabulary), _bigrams.SKIP, dtype=np.uint32)
    item_of[order] = np.arange(len(order), dtype=np.uint32)
    bits = max(1, (len(order) - 1).bit_length())
    n, step = encoded.n_tokens, BLOCK * workers
    runs: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []
    progress.start(n, "words", "counting pairs")
    try:
        for start in range(0, n, step):
            stop = min(start + step, n)
            last = stop == n
            breaks = np.empty(0, dtype=np.uint64)
            if not across_lines:
                low, high = np.searchsorted(encoded.offsets, np.array([start, stop], np.uint64))
                # the sentence that begins at ``stop`` counts too
                breaks = np.array(encoded.offsets[low : high + 1])
            ids = encoded.read(start, stop if last else stop + 1)
            runs += _bigrams.count_runs(ids, last, item_of, breaks, start, bits, BLOCK, workers)
            # as in a merge sort: runs of like size are merged
            while len(runs) > 1 and 2 * len(runs[-1][0]) >= len(runs[-2][0]):
                runs.append(_bigrams.merge_runs(*runs.pop(), *runs.pop()))
            progress.update(stop)
    finally:
        progress.close()
    while len(runs) > 1:
        runs.append(_bigrams.merge_runs(*runs.pop(), *runs.pop()))
    keys, counts = runs[0] if runs else (np.empty(0, np.uint64), np.empty(0, np.int64))
    return _from_run(keys, counts, bits, len(order))


def _from_run(
    keys: NDArray[np.uint64], counts: NDArray[np.int64], bits: int, n_items: int
) -> Pairs:
    total = int(counts.sum())
    if total > _cluster.MOST:
        raise OverflowError(f"{total:,} pairs are too many to cluster: at most {_cluster.MOST:.0e}")
    right_start, right, left_start, left, left_count = _bigrams.split_run(
        keys, counts, bits, n_items
    )
    return Pairs(right_start, right, counts, left_start, left, left_count)


def class_pairs(pairs: Pairs, classes: NDArray[np.uint32], n_classes: int) -> Pairs:
    """Counts of pairs of classes, given the class of each item."""
    bits = max(1, (n_classes - 1).bit_length())
    left = np.repeat(classes, np.diff(pairs.right_start).astype(np.int64)).astype(np.uint64)
    keys = (left << np.uint64(bits)) | classes[pairs.right]
    if not len(keys):
        return _from_run(keys, pairs.right_count, bits, n_classes)
    order = np.argsort(keys)
    keys = keys[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    counts = np.add.reduceat(pairs.right_count[order], first)
    return _from_run(keys[first], counts, bits, n_classes)
