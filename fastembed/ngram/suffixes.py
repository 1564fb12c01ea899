"""Add the suffixes that the n-grams of a pruned model lack, without changing a probability.

SRILM's pruning drops an n-gram and keeps longer ones that end in it; the tables find a long n-gram
by way of its suffixes. An added n-gram has the probability that the model gives it by backing off,
and a back-off weight of 0 (log10).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _lmscore
from fastembed.ngram.binary import NONE, QueryTables

__all__ = ["add_suffixes"]


def add_suffixes(
    tables: QueryTables, ids: NDArray[np.uint32], suffix: NDArray[np.uint64], rows: NDArray[Any]
) -> tuple[QueryTables, int]:
    """New tables of the orders so far, with the n-grams ``ids``.

    Parameters
    ----------
    tables : QueryTables
        Complete up to order k.
    ids : ndarray of uint32, shape (n, k)
        n-grams that are not there, perhaps several times.
    suffix : ndarray of uint64
        Nodes of order k of some n-grams; changed in place to those of the new tables.
    rows : ndarray of int, shape (n,)
        Where in ``suffix`` the nodes of ``ids`` belong.

    Returns
    -------
    tables : QueryTables
    added : int
        How many n-grams were added.
    """
    k = ids.shape[1]
    wanted: dict[int, NDArray[np.uint32]] = {}
    left = ids
    for order in range(k, 1, -1):
        left = np.unique(left, axis=0)
        wanted[order] = left[_nodes(tables, left) == NONE]
        left = wanted[order][:, 1:]
    made = QueryTables(
        tables.words, tables.arrays["log_prob"], tables.arrays["backoff"], order=tables.order,
        unk=tables.unk, bos=tables.bos, eos=tables.eos, scheme=tables.scheme,
        metadata=tables.metadata, bits=tables.bits, workers=tables.workers,
        slots=tables.arrays["word_slots"],
    )  # fmt: skip
    moved = np.arange(len(tables.words), dtype=np.uint64)  # old node -> new node
    for order in range(2, k + 1):
        node, parent, word, prob, back = tables.query.list(order) or (
            np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.uint32),
            np.empty(0, np.float32), np.empty(0, np.float32),
        )  # fmt: skip
        new = wanted[order]
        new_nodes = made.add_level(
            order,
            np.concatenate([moved[parent], _nodes(made, new[:, 1:])]),
            np.concatenate([word, new[:, 0]]),
            np.concatenate([prob, _backed_off(tables, new)]),
            np.concatenate([back, np.zeros(len(new), dtype=np.float32)]),
        )
        moved = np.full(tables.query.nodes(order), NONE, dtype=np.uint64)
        moved[node] = new_nodes[: len(node)]
    known = suffix != NONE
    suffix[known] = moved[suffix[known]]
    suffix[rows] = _nodes(made, ids)
    return made, sum(len(new) for new in wanted.values())


def _nodes(tables: QueryTables, ids: NDArray[np.uint32]) -> NDArray[np.uint64]:
    found = np.full(len(ids), NONE, dtype=np.uint64)
    ids = np.ascontiguousarray(ids)
    tables.query.walk(ids.shape[1], ids, found, tables.workers)
    return found


def _backed_off(tables: QueryTables, ids: NDArray[np.uint32]) -> NDArray[np.float32]:
    """log10 p(last word | the words before it) of each row."""
    n, k = ids.shape
    scores = np.empty(n * k, dtype=np.float32)
    if n:
        _lmscore.sentences(
            tables.query, np.ascontiguousarray(ids).reshape(-1),
            np.arange(0, n * k + 1, k, dtype=np.uint64), bos=False, eos=False,
            workers=tables.workers, scores=scores,
        )  # fmt: skip
    return scores.reshape(n, k)[:, -1]
