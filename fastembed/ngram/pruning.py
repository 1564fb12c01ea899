"""Fewer n-grams: count cut-offs, and what the pruning of estimated models shares with them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.ngram.counting import CountLevel
from fastembed.ngram.counts import NgramCounts

__all__ = ["check_thresholds", "cut_off", "keep_rows"]


def check_thresholds(name: str, values: Sequence[int], order: int) -> list[int]:
    """One threshold for each order; the last one given is for all higher orders.

    Raises
    ------
    ValueError
        They decrease, are negative, or are more than the orders.
    """
    values = [int(value) for value in values]
    if not values or len(values) > order:
        raise ValueError(f"{name} must be 1 to {order} thresholds, one an order; got {values}")
    if min(values) < 0 or any(a > b for a, b in itertools.pairwise(values)):
        raise ValueError(
            f"{name} must not be negative nor decrease with the order, or an n-gram would stay "
            f"whose suffix is gone; got {values}"
        )
    return values + values[-1:] * (order - len(values))


def keep_rows(
    parent: NDArray[np.uint32], keep: NDArray[np.bool_], kept_parents: NDArray[np.bool_]
) -> NDArray[np.uint32]:
    """New parents of the rows that stay, given which rows of the level below stay."""
    place = np.cumsum(kept_parents, dtype=np.int64) - 1
    return place[parent[keep]].astype(np.uint32)


def cut_off(counts: NgramCounts, min_counts: Sequence[int]) -> NgramCounts:
    """See `NgramCounts.cut_off`."""
    least = check_thresholds("min_counts", min_counts, counts.order)
    levels = [counts.levels[0]]
    below: Any = np.ones(len(counts.levels[0]), dtype=bool)
    for k in range(2, counts.order + 1):
        level = counts.levels[k - 1]
        keep = level.count >= least[k - 1]
        parent = keep_rows(level.parent, keep, below)
        levels.append(CountLevel(level.word[keep], parent, level.count[keep]))
        below = keep
    complete = counts.complete and all(
        len(a) == len(b) for a, b in zip(levels, counts.levels, strict=True)
    )
    return NgramCounts(counts.vocabulary, levels, counts.appearance, complete)
