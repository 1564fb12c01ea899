"""What the training loop drives for clustering: merges and exchanges as chunks of work."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _cluster
from fastembed.cluster.pairs import Pairs
from fastembed.core.errors import FormatError
from fastembed.core.memory import padded_rows, usable_memory
from fastembed.core.rounds import Figures

__all__ = ["ExchangeTask", "MergeTask"]

ITEMS = 64  # of a chunk of exchanges


def _matrix(shape: tuple[int, int], n_clusters: int) -> NDArray[np.float64]:
    """Zeros of a shape, or a MemoryError that says what they are for."""
    size = 8 * shape[0] * shape[1]
    if size > usable_memory():
        raise MemoryError(
            f"{n_clusters:,} clusters need {size / 2**30:,.1f} GB for counts and losses, and this "
            f"machine has {usable_memory() / 2**30:,.1f}: use fewer clusters"
        )
    return padded_rows(*shape, dtype=np.float64)


class MergeTask:
    """Items enter and clusters merge (csrc/brown_step.h); one chunk is one step.

    Parameters
    ----------
    pairs : Pairs
    n_clusters : int
        So many clusters stay when all items are in.
    to_root : bool
        Then go on merging to the root.
    """

    def __init__(self, pairs: Pairs, n_clusters: int, *, to_root: bool) -> None:
        self.pairs, self.n_clusters = pairs, n_clusters
        shape = _cluster.matrix_rows(n_clusters)[0]
        self._matrices = _matrix(shape, n_clusters)
        self._first = np.zeros(n_clusters + 1, dtype=np.uint32)
        self._brown = _cluster.Brown(pairs, n_clusters, self._matrices, self._first)
        self._log: list[NDArray[np.void]] = []
        self._window = pairs.n_items - n_clusters  # merges until all items are in
        self.n_chunks = pairs.n_items + (n_clusters - 1 if to_root else 0)
        self.work = self._window + (n_clusters - 1 if to_root else 0)
        self.information: float | None = None  # of the n_clusters clusters, in bits a pair
        self._steps = 0

    def learning_rate(self, epoch: int, chunk: int) -> None:
        """There is none."""

    def run(self, epoch: int, first: int, count: int) -> Figures:
        """Do ``count`` steps."""
        merged, lost = 0, 0.0
        # stop where the last item is in: there the clusters are what was asked for
        for end in sorted({min(first + count, max(first, self.pairs.n_items)), first + count}):
            log = self._brown.run(end - self._steps)
            self._log.append(log)
            self._steps = end
            merged += len(log)
            lost += float(log["loss"].sum())
            if end == self.pairs.n_items:
                self.information = self._information()
        # on the way to the root it falls to nothing: of interest is where that began
        shown = self._information() if self.information is None else self.information
        figures = {"AMI": shown}
        return Figures([lost] + [0.0] * (count - 1), [1] * count, merged, figures)

    def _information(self) -> float:
        return self._brown.information() / max(self.pairs.total, 1)

    @property
    def log(self) -> NDArray[np.void]:
        """All merges so far, by items, losses in bits of the whole text."""
        if len(self._log) != 1:
            empty = [np.empty(0, dtype=_cluster.MERGE)]
            self._log = [np.concatenate(self._log or empty)]
        return self._log[0]

    @property
    def classes(self) -> NDArray[np.uint32]:
        """The cluster of each item when all were in, numbered by their first items."""
        parent = np.arange(self.pairs.n_items, dtype=np.int64)
        window = self.log[: self._window]
        parent[window["gone"]] = window["kept"]
        while True:  # halve the ways to the roots
            above = parent[parent]
            if np.array_equal(above, parent):
                break
            parent = above
        return np.unique(parent, return_inverse=True)[1].astype(np.uint32)

    @property
    def merges(self) -> NDArray[np.void]:
        """The merges to the root, by clusters as `classes` numbers them."""
        last = self.log[self._window :].copy()
        gone = self.log["gone"][: self._window]
        firsts = np.setdiff1d(np.arange(self.pairs.n_items), gone)
        last["kept"] = np.searchsorted(firsts, last["kept"])
        last["gone"] = np.searchsorted(firsts, last["gone"])
        return last

    # ---------------------------------------------------------------------------- checkpoints

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays from which `restore` goes on."""
        self._brown.refresh()
        log = self.log
        n = min(self._steps, self.pairs.n_items) - len(log)
        rows = self.n_clusters + 1
        return {
            "kept": np.ascontiguousarray(log["kept"]),
            "gone": np.ascontiguousarray(log["gone"]),
            "lost": np.ascontiguousarray(log["loss"]),
            "first": self._first[:n].copy(),
            "losses": self._matrices[2 * rows : 2 * rows + n, :n].copy(),
        }

    def restore(
        self, arrays: dict[str, NDArray[Any]], steps: int, information: float | None
    ) -> None:
        """Become what `state` was after ``steps`` steps; FormatError if that cannot be."""
        wanted = {"kept": "u4", "gone": "u4", "lost": "f8", "first": "u4", "losses": "f8"}
        for name, dtype in wanted.items():
            if name not in arrays or arrays[name].dtype != dtype:
                raise FormatError(f"the checkpoint lacks {name!r} ({dtype})")
        log = np.zeros(len(arrays["kept"]), dtype=_cluster.MERGE)
        losses = np.ascontiguousarray(arrays["losses"])
        # np.min of the losses is nan if one is: infinity stands on the diagonal only
        if losses.ndim != 2 or np.isnan(losses).any():
            raise FormatError("the checkpoint's table of losses is damaged")
        added = min(steps, self.pairs.n_items)
        try:
            log["kept"], log["gone"], log["loss"] = (arrays[k] for k in ("kept", "gone", "lost"))
            self._brown.restore(added, log, np.ascontiguousarray(arrays["first"]), losses)
        except ValueError as error:
            raise FormatError(f"the checkpoint's merges are damaged ({error})") from None
        self._log, self._steps, self.information = [log], steps, information


class ExchangeTask:
    """Items change classes (csrc/exchange.h); an epoch is a pass over all of them.

    Parameters
    ----------
    classes : ndarray of uint32, shape (n_items,)
        Changed in place; every class has an item.
    history, moves : list
        Go on from these: see below.

    Attributes
    ----------
    history : list of float
        Average mutual information in bits, first before and then after each pass.
    moves : list of int
        Items that moved in each pass.
    """

    def __init__(
        self,
        pairs: Pairs,
        classes: NDArray[np.uint32],
        n_classes: int,
        *,
        history: list[float] | None = None,
        moves: list[int] | None = None,
        moved: int = 0,
    ) -> None:
        self.pairs, self.classes = pairs, classes
        matrices = _matrix(_cluster.matrix_rows(n_classes)[1], n_classes)
        self._exchange = _cluster.Exchange(pairs, n_classes, classes, matrices)
        self.history = [self._information()] if history is None else history
        self.moves = [] if moves is None else moves
        self.moved = moved  # in this pass so far
        self.work = pairs.n_items
        self.n_chunks = -(-pairs.n_items // ITEMS)

    def learning_rate(self, epoch: int, chunk: int) -> None:
        """There is none."""

    def _information(self) -> float:
        return self._exchange.information() / max(self.pairs.total, 1)

    def run(self, epoch: int, first: int, count: int) -> Figures:
        """Try the items of some chunks."""
        begin, end = first * ITEMS, min((first + count) * ITEMS, self.work)
        self.moved += self._exchange.run(begin, end - begin)
        information = self._information()
        shown = {"AMI": information, "moved": float(self.moved)}
        if end == self.work:
            self.history.append(information)
            self.moves.append(self.moved)
            self.moved = 0
        return Figures([0.0] * count, [1] * count, end - begin, shown)

    def finished(self) -> bool:
        """Whether nothing moved in the last pass."""
        return bool(self.moves) and self.moves[-1] == 0
