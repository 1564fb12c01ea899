"""Fewer n-grams: count cut-offs before a model is estimated, entropy pruning after."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.ngram.counting import CountLevel
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.tables import BackoffTables, Level
from fastembed.text.vocabulary import Vocabulary

__all__ = ["check_prunable", "check_thresholds", "cut_off", "keep_rows", "prune_by_entropy"]


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
    """New parents of the rows that stay, given which rows of the level below stay.

    Raises
    ------
    FormatError
        The parent of one goes: counts of which an n-gram has more than its suffix.
    """
    if not kept_parents[parent[keep]].all():
        raise FormatError(
            "an n-gram would stay whose suffix goes; its count is larger than that of the suffix, "
            "which no text gives: the counts are damaged"
        )
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


def check_prunable(scheme: str, normalised: bool) -> None:
    """ValueError for a model that cannot be pruned by entropy."""
    if scheme != "backoff" or not normalised:
        raise ValueError(
            "entropy pruning (prune_entropy, --prune-entropy) is for back-off models whose "
            "probabilities sum to one"
        )


def prune_by_entropy(
    tables: BackoffTables, threshold: float, workers: int | None = None
) -> BackoffTables:
    """Leave out n-grams that change a back-off model little (Stolcke 1998).

    Without h w, the model p becomes p' with another back-off weight for h. An n-gram is left out
    if that raises the perplexity by less than ``threshold``, relatively: exp(D) - 1 < threshold
    with the relative entropy D = sum over h, w of p(h, w) log(p(w | h) / p'(w | h)), each n-gram
    being judged by itself. N-grams that longer ones need (as suffix or context) stay; the highest
    order is pruned first. p(h) is the model's own probability of the history, that of ``<s>`` the
    probability of ``</s>``.

    Parameters
    ----------
    tables : BackoffTables
        Of scheme "backoff". Kneser-Ney's lower orders are made for back-off and not for p(h), so
        such models lose more than others (Chelba et al. 2010).
    threshold : float
        Such as 1e-8.

    Returns
    -------
    BackoffTables
        ``metadata["entropy_threshold"]`` has the threshold.

    Raises
    ------
    ValueError
        The model has no back-off weights, or is not normalised.
    FormatError
        It lacks the context of an n-gram.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> from fastembed.ngram.smoothing import SMOOTHINGS
    >>> counts = count_ngrams([["a", "b", "a"], ["b", "b", "a"], ["a", "a", "b"]], order=2)
    >>> tables = SMOOTHINGS["witten_bell"]().estimate(counts)
    >>> [len(level) for level in prune_by_entropy(tables, 0.01).levels]
    [5, 2]
    """
    check_prunable(tables.scheme, tables.metadata.get("normalised", True))
    if not threshold > 0:
        raise ValueError(f"threshold must be a number > 0; got {threshold!r}")
    contexts = _contexts(tables, workers)
    probs = [10.0 ** level.log_prob.astype(np.float64) for level in tables.levels]
    probs[0][tables.bos] = probs[0][tables.eos]
    history = [probs[0]]  # probability of each n-gram of the orders 1 to n - 1 as a history
    for k in range(2, tables.order):
        history.append(history[-1][contexts[k - 1]] * probs[k - 1])
    keep: list[Any] = [np.ones(len(level), dtype=bool) for level in tables.levels]
    backoffs = [level.backoff for level in tables.levels]
    for k in range(tables.order, 1, -1):
        level, context = tables.levels[k - 1], contexts[k - 1]
        own, lower = probs[k - 1], probs[k - 2][level.parent]
        before = 10.0 ** tables.levels[k - 2].backoff.astype(np.float64)
        left, share = _left(context, own, len(before)), _left(context, lower, len(before))
        new = (left[context] + own) / (share[context] + lower)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = own * (np.log(own) - np.log(lower) - np.log(new))
            change += left[context] * (np.log(before[context]) - np.log(new))
        small = np.expm1(history[k - 2][context] * change) < threshold
        needed = np.zeros(len(level), dtype=bool)
        if k < tables.order:
            needed[tables.levels[k].parent[keep[k]]] = True
            needed[contexts[k][keep[k]]] = True
        keep[k - 1] = needed | ~small
        gone = np.unique(context[~keep[k - 1]])
        stays = keep[k - 1]
        left = _left(context[stays], own[stays], len(before))
        share = _left(context[stays], lower[stays], len(before))
        backoff = tables.levels[k - 2].backoff.copy()
        backoff[gone] = np.log10(np.maximum(left[gone], 1e-30) / np.maximum(share[gone], 1e-30))
        backoffs[k - 2] = backoff
    levels = []
    for k, level in enumerate(tables.levels, 1):
        stays = keep[k - 1]
        parent = keep_rows(level.parent, stays, keep[k - 2]) if k > 1 else level.parent
        backoff = backoffs[k - 1][stays] if k < tables.order else level.backoff
        levels.append(Level(level.word[stays], parent, level.log_prob[stays], backoff))
    metadata = tables.metadata | {"entropy_threshold": float(threshold)}
    return replace(tables, levels=levels, metadata=metadata)


def _left(context: NDArray[Any], values: NDArray[Any], n: int) -> NDArray[Any]:
    """One less the sum of values of each context."""
    sums: NDArray[Any] = np.bincount(context, weights=values, minlength=n)
    return 1 - sums


def _contexts(tables: BackoffTables, workers: int | None) -> list[NDArray[np.uint32]]:
    """[k - 1]: row in order k - 1 of each n-gram of order k without its newest word."""
    levels = [CountLevel(level.word, level.parent, level.word) for level in tables.levels]
    trie = NgramCounts(Vocabulary(tables.words, np.zeros(len(tables.words))), levels)
    found = [np.empty(0, dtype=np.uint32)]
    for k in range(2, tables.order + 1):
        found.append(trie.context(k, workers))
    return found
