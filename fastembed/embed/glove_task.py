"""What the training loop drives for GloVe: tiles, tables, strata."""

from __future__ import annotations

import math
from typing import Any

from fastembed._native import _glove
from fastembed.core.rounds import Figures
from fastembed.core.threads import resolve_workers
from fastembed.embed.cooccurrence import Cooccurrence
from fastembed.embed.glove_tables import Tables, parts_of

__all__ = ["GloVeTask"]

# Pairs of a stratum for which a further thread is worth its start and its wait at the end of a
# round: about two milliseconds. The result does not depend on it.
PAIRS_A_THREAD = 1 << 16


class GloVeTask:
    """A `fastembed.core.rounds.Task` over counts, which are read here and not kept.

    A chunk is a stratum; the order of the strata is another one in each epoch.
    """

    def __init__(self, counts: Cooccurrence, params: dict[str, Any]) -> None:
        workers = resolve_workers(params["workers"])
        n, dim, self.seed = len(counts.vocabulary_), params["vector_size"], params["seed"]
        self.eta, self.work = params["eta"], counts.nnz
        self._tiles = _glove.Tiles(
            counts.indptr,
            counts.indices,
            counts.data,
            parts=parts_of(n),
            seed=self.seed,
            workers=workers,
        )
        self.tables = Tables(self._tiles, n, dim)
        for side, table in enumerate((self.tables.words, self.tables.contexts)):
            self._tiles.first_rows(table, side, dim, workers)
        shared = max(1, counts.nnz // self._tiles.parts // PAIRS_A_THREAD)
        self._rounds = _glove.Rounds(
            self._tiles,
            self.tables.words,
            self.tables.contexts,
            self.tables.starts(self.eta),
            alpha=params["alpha"],
            x_max=params["x_max"],
            clip=math.inf if params["grad_clip"] is None else params["grad_clip"],
            workers=min(workers, shared),
        )

    @property
    def n_chunks(self) -> int:
        """Strata."""
        return self._tiles.parts

    def learning_rate(self, epoch: int, chunk: int) -> float:
        """The rate of the first step of each parameter."""
        return self.eta

    def run(self, epoch: int, first: int, count: int) -> Figures:
        """One native call."""
        strata = _glove.strata(self.seed, epoch, self._tiles.parts)[first : first + count]
        units = self._rounds.run(epoch, strata)
        # exact sums: units stand in the order in which they were free
        loss = [math.fsum(stratum) for stratum in units["loss"]]
        examples = units["pairs"].sum(axis=1).tolist()
        return Figures(loss, examples, sum(examples))
