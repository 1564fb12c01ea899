"""What every smoothing method shares: its interface, and making tables of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import TrainingError
from fastembed.core.params import Params
from fastembed.core.progress import Progress
from fastembed.ngram.counting import CountLevel
from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.tables import BOS_ID, EOS_ID, UNK_ID, BackoffTables, Level

__all__ = [
    "NEVER",
    "Smoothing",
    "as_numbers",
    "empty_floats",
    "make_tables",
    "n_predictable",
    "need_ngrams",
    "too_little",
]

NEVER = -99.0  # log10 probability of <s>, which is never predicted, as SRILM writes it


@dataclass(kw_only=True)
class Smoothing(Params):
    """Base of the methods: hyper-parameters, and counts to probabilities."""

    name: ClassVar[str]
    normalised: ClassVar[bool] = True  # probabilities sum to one

    @property
    def scheme(self) -> Literal["backoff", "uniform"]:
        """How the tables are looked up; see `BackoffTables`."""
        return "backoff"

    def check(self, order: int) -> None:
        """Refuse hyper-parameters that no model of this order can have, before a text is read.

        Raises
        ------
        ValueError, TypeError
            One is out of range.
        """
        self.check_params()

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Progress | bool | None = None,
        consume: bool = False,
    ) -> BackoffTables:
        """Estimate a model.

        Parameters
        ----------
        counts : NgramCounts
        workers : int, optional
            The result does not depend on it.
        heldout : Corpus, path, or re-iterable of token lists, optional
            Text for methods that fit weights; others leave it unread.
        progress : Progress or bool, optional
        consume : bool
            The model may take the memory of the counts, which are then of no more use.

        Returns
        -------
        BackoffTables
            ``metadata["smoothing"]`` names the method, ``metadata["params"]`` has its
            hyper-parameters.

        Raises
        ------
        ValueError, TypeError
            A hyper-parameter is out of range.
        TrainingError
            There is too little data for the method.
        """
        raise NotImplementedError


def too_little(counts: NgramCounts, option: str) -> str:
    """Why there are no n-grams of some count, and what to do, for the message that says so."""
    if counts.complete:
        return (
            f"The text is too small, repeats itself or is artificial. Give {option}, more text or "
            "a lower order"
        )
    return (
        f"Rare n-grams were cut off before (min_counts, --min-counts). Give {option}, or leave "
        "them out by prune (--prune) of modified_kneser_ney, which estimates the discounts first"
    )


def need_ngrams(method: Smoothing, counts: NgramCounts, order: int) -> None:
    """Refuse counts without n-grams of an order, for methods that divide by how many there are.

    Raises
    ------
    TrainingError
        There are none.
    """
    if counts.size[order - 1]:
        return
    there = ", ".join(f"{n:,} {k}-grams" for k, n in enumerate(counts.size, 1))
    advice = (
        "No sentence is so long: use a lower order or more text"
        if counts.complete
        else "Rare n-grams were cut off (min_counts, --min-counts): lower that, or the order"
    )
    raise TrainingError(f"{method.name} needs {order}-grams, and there are {there}. {advice}")


def n_predictable(counts: NgramCounts) -> int:
    """Words that a model gives probabilities to: all but ``<s>``."""
    return len(counts.vocabulary) - 1


def empty_floats(n: int = 0) -> NDArray[np.float32]:
    """Zeros of float32."""
    return np.zeros(n, dtype=np.float32)


def make_tables(
    method: Smoothing,
    counts: NgramCounts,
    log_probs: Sequence[NDArray[np.float32]],
    backoffs: Sequence[NDArray[np.float32]],
    *,
    levels: Sequence[CountLevel] | None = None,
    **metadata: Any,
) -> BackoffTables:
    """The tables of a model: one array of log10 probabilities and of back-off weights an order."""
    rows = counts.levels if levels is None else levels
    made = [
        Level(level.word, level.parent, log_prob, backoff)
        for level, log_prob, backoff in zip(
            rows, log_probs, [*backoffs, empty_floats()], strict=True
        )
    ]
    about = {
        "smoothing": method.name,
        "params": method.get_params(),
        "n_tokens": counts.n_tokens,
        "n_sentences": counts.n_sentences,
        **metadata,
    }
    if not method.normalised:
        about["normalised"] = False
    words = counts.vocabulary.words
    return BackoffTables(words, made, UNK_ID, BOS_ID, EOS_ID, method.scheme, about)


def as_numbers(name: str, value: Any, kind: type) -> list[Any]:
    """Numbers given as a sequence, or as text such as ``"0 0 1"`` or ``"0,0,1"``.

    Raises
    ------
    ValueError
        Something is no number.
    """
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    try:
        if isinstance(parts, int | float):
            parts = [parts]
        numbers = [kind(part) for part in parts]
        if any(number != float(part) for number, part in zip(numbers, parts, strict=True)):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers such as '0 0 1'; got {value!r}") from None
    return numbers
