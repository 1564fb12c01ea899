"""Interpolated modified Kneser-Ney smoothing.

Chen & Goodman (1998), *An empirical study of smoothing techniques for language modeling*, section
3.1 and equations (26); Kneser & Ney (1995). As KenLM's lmplz estimates it: Heafield, Pouzyrevsky,
Clark & Koehn (2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import TrainingError
from fastembed.core.params import Opt
from fastembed.core.progress import Progress
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.pruning import check_thresholds
from fastembed.ngram.smoothing.base import Smoothing, as_numbers, too_little
from fastembed.ngram.smoothing.discounting import estimate_discounted
from fastembed.ngram.tables import SPECIALS, BackoffTables

__all__ = ["ModifiedKneserNey"]


@dataclass(kw_only=True)
class ModifiedKneserNey(Smoothing):
    """Interpolated modified Kneser-Ney: three discounts an order, the default method.

    With n_a the number of n-grams of an order with the value a, Y = n1 / (n1 + 2 n2),

        D1 = 1 - 2 Y n2 / n1     D2 = 2 - 3 Y n3 / n2     D3 = 3 - 4 Y n4 / n3

    Parameters
    ----------
    discount_fallback : sequence of three floats, str or None
        D1, D2, D3 for orders where there is too little data to estimate them; None: an error.
    prune : sequence of ints, str or None
        Leave n-grams of order k out of the model that are there ``prune[k - 1]`` times or less
        (the last number is for all higher orders). Discounts are those of all n-grams, and the
        mass goes to back-off, as with lmplz. Words are never left out.
    kenlm_compatible : bool
        Count as lmplz does: the last n-gram of each lower order enters the discounts with its
        count (kpu/kenlm issue 405). It changes nothing but very small models. End the text in a
        newline: lmplz drops the last ``</s>`` otherwise, which this does not.

    Examples
    --------
    >>> from fastembed.ngram.counts import count_ngrams
    >>> counts = count_ngrams([["a", "b", "c"], ["a", "b"], ["b", "c", "a"]] * 2, order=2)
    >>> method = ModifiedKneserNey(discount_fallback="0.5 1 1.5")
    >>> [len(level) for level in method.estimate(counts).levels]
    [6, 8]
    """

    name: ClassVar[str] = "modified_kneser_ney"

    discount_fallback: Annotated[
        object | None,
        Opt("discounts where there is too little data to estimate them", metavar="'D1 D2 D3'"),
    ] = None
    prune: Annotated[
        object | None,
        Opt("leave out n-grams of each order that are there so often or less", metavar="'0 0 1'"),
    ] = None
    kenlm_compatible: Annotated[bool, Opt("estimate exactly what KenLM's lmplz does")] = False

    def check(self, order: int) -> None:
        """See `Smoothing.check`."""
        super().check(order)
        self._fallback()
        self._thresholds(order)

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Progress | bool | None = None,
        consume: bool = False,
    ) -> BackoffTables:
        """See `Smoothing.estimate`; ``metadata["discounts"]`` has D1, D2, D3 of each order."""
        self.check_params()
        fallback, prune = self._fallback(), self._thresholds(counts.order)
        option = "discount_fallback='0.5 1 1.5' (--discount-fallback '0.5 1 1.5')"
        advice = too_little(counts, option)
        last = _last_ngrams(counts) if self.kenlm_compatible else []

        def rule(order: int, often: NDArray[np.int64]) -> list[float]:
            if order <= len(last):
                adjusted, count = last[order - 1]
                often[min(adjusted, 5)] -= 1
                often[min(count, 5)] += 1
            return _estimate(order, often.tolist(), fallback, advice)

        return estimate_discounted(
            self,
            counts,
            rule,
            adjusted=True,
            prune=prune,
            workers=workers,
            progress=progress,
            consume=consume,
        )

    def _thresholds(self, order: int) -> list[int] | None:
        if self.prune is None:
            return None
        prune = check_thresholds("prune", as_numbers("prune", self.prune, int), order)
        if prune[0]:
            raise ValueError(f"words cannot be pruned: prune must begin with 0; got {prune}")
        return prune

    def _fallback(self) -> list[float] | None:
        if self.discount_fallback is None:
            return None
        if self.discount_fallback is True:
            return [0.5, 1.0, 1.5]
        values: list[float] = as_numbers("discount_fallback", self.discount_fallback, float)
        if len(values) != 3 or any(not 0 <= d <= j for j, d in enumerate(values, 1)):
            raise ValueError(
                "discount_fallback must be three numbers, from 0 to 1, 2 and 3; "
                f"got {self.discount_fallback!r}"
            )
        return values


def _estimate(order: int, n: list[int], fallback: list[float] | None, advice: str) -> list[float]:
    """D1, D2, D3 from how many n-grams have the values 1, 2, 3, 4."""
    problem = ""
    for j in (1, 2, 3):
        if n[j] == 0:
            problem = f"no {order}-gram has the adjusted count {j}"
            break
    else:
        y = n[1] / (n[1] + 2 * n[2])
        discounts = [j - (j + 1) * y * n[j + 1] / n[j] for j in (1, 2, 3)]
        wrong = [j for j, d in enumerate(discounts, 1) if not 0 <= d <= j]
        if not wrong:
            return discounts
        problem = f"D{wrong[0]} of the {order}-grams would be {discounts[wrong[0] - 1]:.4g}"
    if fallback is not None:
        return fallback
    raise TrainingError(f"modified Kneser-Ney cannot estimate its discounts: {problem}. {advice}")


def _last_ngrams(counts: NgramCounts) -> list[tuple[int, int]]:
    """Adjusted count and count of lmplz's last n-gram of each order but the highest.

    lmplz orders n-grams by their words read backwards, words by when they first appeared.
    """
    if counts.appearance is None:
        raise ValueError(
            "kenlm_compatible needs to know in which order the words of the text appeared; "
            "counts from a TSV file do not. Count the text itself"
        )
    rank = counts.appearance.copy()
    rank[: len(SPECIALS)] = np.arange(-len(SPECIALS), 0)
    row = int(np.argmax(rank))
    found = []
    for k in range(1, counts.order):
        parent = counts.levels[k].parent
        # of the type of the rows, or they would all be copied to another
        ends = np.array([row, row + 1], dtype=parent.dtype)
        first, last = np.searchsorted(parent, ends).tolist()
        count = int(counts.levels[k - 1].count[row])
        if first == last:  # it begins with <s>: its value is its count
            break
        found.append((last - first, count))
        row = first + int(np.argmax(rank[counts.levels[k].word[first:last]]))
    return found
