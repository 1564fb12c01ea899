"""Jelinek-Mercer interpolation with weights fitted by EM (Jelinek & Mercer 1980).

Weights depend on the order and on how often the history was seen, in classes of powers of two
(Bahl, Jelinek & Mercer 1983; Chen & Goodman 1998, section 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.core.threads import resolve_workers
from fastembed.ngram.counts import NgramCounts, count_ngrams
from fastembed.ngram.smoothing.base import Smoothing, n_predictable
from fastembed.ngram.smoothing.contexts import Floats, Following, estimate_interpolated
from fastembed.ngram.tables import BOS_ID, UNK_ID, BackoffTables
from fastembed.text.corpus import open_corpus
from fastembed.text.encoded import EncodedCorpus

__all__ = ["JelinekMercer", "fit_weights"]

CLASSES = 32
MOST_EVENTS = 200_000
TOLERANCE = 1e-5  # a step that changes no weight by more is the last


@dataclass(kw_only=True)
class JelinekMercer(Smoothing):
    """p(w | h) = l c(h w) / c(h) + (1 - l) p(w | h'), l depending on the order and on c(h).

    The weights make ``heldout`` text as probable as possible. Without such text each n-gram of the
    text itself is taken out once and predicted from the rest (leaving one out).

    Parameters
    ----------
    weight : float or None
        The same weight everywhere, and nothing is fitted.
    em_iterations : int

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> counts = count_ngrams([["a", "b", "a"], ["b", "b", "c"], ["a", "b"]], order=2)
    >>> JelinekMercer(weight=0.7).estimate(counts).metadata["weights"][1][0]
    0.7
    """

    name: ClassVar[str] = "jelinek_mercer"

    weight: Annotated[
        float | None, Opt("weight of the higher order; default fitted", gt=0, lt=1)
    ] = None
    em_iterations: Annotated[int, Opt("steps of the fit at most", ge=1)] = 50

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Progress | bool | None = None,
        consume: bool = False,
    ) -> BackoffTables:
        """See `Smoothing.estimate`.

        ``metadata["weights"][k - 1][b]`` is l of order k for histories that were seen 2**(b - 1)
        to 2**b - 1 times.
        """
        params = self.check_params()
        threads = resolve_workers(workers)
        if params["weight"] is not None:
            table = np.full((counts.order, CLASSES), params["weight"])
        else:
            # orders without n-grams predict nothing, and no n-gram of the held-out text is theirs
            used = counts.up_to(sum(size > 0 for size in counts.size))
            if heldout is None:
                events = _left_out(used, threads)
            else:
                events = _held_out(used, heldout, threads)
            table = np.full((counts.order, CLASSES), 0.5)
            table[: used.order] = fit_weights(
                *events, 1 / n_predictable(counts), params["em_iterations"]
            )

        def weights(order: int, found: Following) -> tuple[Floats, Floats]:
            own = table[order - 1][_class_of(found.total)]
            return own / np.maximum(found.total, 1), 1 - own

        tables = estimate_interpolated(self, counts, weights, workers)
        tables.metadata["weights"] = table.tolist()
        return tables


def _class_of(total: NDArray[Any]) -> NDArray[np.int64]:
    """How many bits a count takes: 0 for 0, b for 2**(b - 1) to 2**b - 1."""
    bits = np.frexp(np.asarray(total, dtype=np.float64))[1].astype(np.int64)
    return np.minimum(bits, CLASSES - 1)


def fit_weights(
    ml: Floats, history: NDArray[Any], times: NDArray[Any], uniform: float, iterations: int
) -> Floats:
    """Weights by EM: first one an order, then one an order and class of histories.

    Parameters
    ----------
    ml : ndarray of float64, shape (events, orders)
        c(h w) / c(h) of each event for each order.
    history : ndarray, shape (events, orders)
        c(h); where it is 0 the order is passed over.
    times : ndarray, shape (events,)
        How often each event is there.
    uniform : float
        What is interpolated with the lowest order.

    Returns
    -------
    ndarray of float64, shape (orders, CLASSES)
    """
    order = ml.shape[1]
    class_ = _class_of(history)
    table = np.full((order, CLASSES), 0.5)
    for place in (np.zeros_like(class_), class_):
        for _ in range(iterations):
            before = table.copy()
            stayed, reached = _expect(ml, history, times, uniform, table, class_, place)
            seen = reached > 0
            share = stayed / np.where(seen, reached, 1)
            if place is class_:
                table = np.where(seen, share, table)
            else:
                table = np.where(seen[:, :1], share[:, :1], table)
            if np.abs(table - before).max() < TOLERANCE:
                break
    # never exactly 0 or 1: unseen words keep a probability
    return np.clip(table, 1e-6, 1 - 1e-6)


def _expect(
    ml: Floats,
    history: NDArray[Any],
    times: NDArray[Any],
    uniform: float,
    table: Floats,
    class_: NDArray[np.int64],
    place: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """Of the events that reach an order from above, those that stay there, by their place."""
    size, order = ml.shape
    weight = np.where(history > 0, table[np.arange(order), class_], 0.0)
    upto = np.empty((size, order + 1))
    upto[:, 0] = uniform
    for k in range(order):
        upto[:, k + 1] = weight[:, k] * ml[:, k] + (1 - weight[:, k]) * upto[:, k]
    stayed, reached = np.zeros((order, CLASSES)), np.zeros((order, CLASSES))
    reach = times.astype(np.float64)
    for k in range(order - 1, -1, -1):
        stay = reach * weight[:, k] * ml[:, k] / upto[:, k + 1]
        used = history[:, k] > 0
        stayed[k] = np.bincount(place[used, k], weights=stay[used], minlength=CLASSES)
        reached[k] = np.bincount(place[used, k], weights=reach[used], minlength=CLASSES)
        reach = reach - stay
    return stayed, reached


def _events(
    ids: NDArray[np.uint32], counts: NgramCounts, workers: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count of each suffix of the n-grams (n, k), and of its history: (n, order) both."""
    size, k = ids.shape
    count = np.zeros((size, counts.order))
    history = np.zeros((size, counts.order))
    for j in range(1, k + 1):
        row = counts.find(ids[:, -j:], workers)
        level = counts.levels[j - 1]
        count[:, j - 1] = np.where(row >= 0, level.count[np.maximum(row, 0)], 0)
        if j == 1:
            history[:, 0] = counts.n_tokens
            continue
        row = counts.find(ids[:, -j:-1], workers)
        context = counts.context(j, workers)
        total = np.bincount(context, weights=level.count, minlength=len(counts.levels[j - 2]))
        history[:, j - 1] = np.where(row >= 0, total[np.maximum(row, 0)], 0)
    return count, history


def _sequences(counts: NgramCounts) -> list[tuple[NDArray[np.uint32], NDArray[Any]]]:
    """The longest n-gram of each place of the text, at most about MOST_EVENTS, evenly spread."""
    found = []
    step = max(1, counts.size[-1] // MOST_EVENTS)
    for k in range(1, counts.order + 1):
        level = counts.levels[k - 1]
        keep = np.ones(len(level), dtype=bool) if k == counts.order else level.word == BOS_ID
        if k == 1:
            keep[BOS_ID] = False
        keep &= level.count > 0
        rows = np.flatnonzero(keep)[::step]
        if len(rows):
            found.append((counts.ngrams(k, rows), level.count[rows]))
    return found


def _left_out(counts: NgramCounts, workers: int) -> tuple[Floats, Floats, Floats]:
    """Events of the text itself, each predicted from the rest."""
    parts = []
    for ids, times in _sequences(counts):
        count, history = _events(ids, counts, workers)
        history = np.maximum(history - 1, 0)
        ml = np.maximum(count - 1, 0) / np.maximum(history, 1)
        parts.append((ml, history, times.astype(np.float64)))
    return _stack(parts)


def _held_out(counts: NgramCounts, heldout: Any, workers: int) -> tuple[Floats, Floats, Floats]:
    """Events of another text, words that are not in the vocabulary being ``<unk>``."""
    source, vocabulary = open_corpus(heldout), counts.vocabulary
    if isinstance(source, EncodedCorpus):
        with source.in_words_of(vocabulary, UNK_ID, owner=source is not heldout) as encoded:
            other = count_ngrams(encoded, counts.order, workers=workers)
    else:
        other = count_ngrams(source, counts.order, vocab=vocabulary, workers=workers)
    parts = []
    for ids, times in _sequences(other):
        count, history = _events(ids, counts, workers)
        parts.append((count / np.maximum(history, 1), history, times.astype(np.float64)))
    return _stack(parts)


def _stack(parts: list[tuple[Floats, Floats, Floats]]) -> tuple[Floats, Floats, Floats]:
    ml, history, times = zip(*parts, strict=True)
    return np.concatenate(ml), np.concatenate(history), np.concatenate(times)
