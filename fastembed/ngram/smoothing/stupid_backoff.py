"""Stupid back-off (Brants, Popat, Xu, Och & Dean 2007): scores that are no probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.smoothing.base import NEVER, Smoothing, make_tables, n_predictable
from fastembed.ngram.smoothing.contexts import following, log10_of
from fastembed.ngram.tables import BOS_ID, BackoffTables

__all__ = ["StupidBackoff"]


@dataclass(kw_only=True)
class StupidBackoff(Smoothing):
    """S(w | h) = c(h w) / c(h) if h w is there, else alpha S(w | h').

    Scores do not sum to one (``metadata["normalised"]`` is False). A word that is not in the text
    has alpha / V'.

    Parameters
    ----------
    alpha : float

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> tables = StupidBackoff().estimate(count_ngrams([["a", "b"], ["a", "c"]], order=2))
    >>> tables.metadata["normalised"], round(float(10 ** tables.levels[0].backoff[3]), 3)
    (False, 0.4)
    """

    name: ClassVar[str] = "stupid_backoff"
    normalised: ClassVar[bool] = False

    alpha: Annotated[float, Opt("factor of each shorter history", gt=0, le=1)] = 0.4

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Progress | bool | None = None,
        consume: bool = False,
    ) -> BackoffTables:
        """See `Smoothing.estimate`."""
        alpha = self.check_params()["alpha"]
        log_probs, backoffs = [], []
        for k in range(1, counts.order + 1):
            found = following(counts, k, workers)
            scores = found.count / np.maximum(found.total, 1)[found.context]
            if k == 1:
                scores[found.count == 0] = alpha / n_predictable(counts)
            else:
                used = found.total > 0
                backoffs.append(np.where(used, np.log10(alpha), 0.0).astype(np.float32))
            log_probs.append(log10_of(scores))
        log_probs[0][BOS_ID] = NEVER
        return make_tables(self, counts, log_probs, backoffs)
