"""Text from a language model: words drawn one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _lmscore
from fastembed.core.integers import as_integer
from fastembed.core.threads import resolve_workers

if TYPE_CHECKING:
    from fastembed.ngram.sentence_model import SentenceModel

__all__ = ["check_draws", "generate_ids"]

LEAST = {"n": 0, "seed": 0, "max_words": 1, "top_k": 1}


def check_draws(*, temperature: float, **whole: Any) -> None:
    """ValueError or TypeError for arguments of ``generate`` that are out of range."""
    for name, value in whole.items():
        if name == "top_k" and value is None:
            continue
        number = as_integer(value)
        if number is None:
            raise TypeError(f"{name} must be a whole number; got {value!r}")
        if not LEAST[name] <= number < 2**63:
            raise ValueError(f"{name} must be at least {LEAST[name]}, below 2**63; got {value}")
    if not 0 <= temperature < 1e9:
        raise ValueError(f"temperature must be >= 0 and below 1e9; got {temperature}")


def generate_ids(
    model: SentenceModel,
    n: int,
    *,
    seed: int,
    context: Sequence[int],
    temperature: float,
    top_k: int | None = None,
    max_words: int,
) -> Iterator[list[int]]:
    """n sentences as ids, without what ends them.

    Each word is drawn with probability in proportion to p(w | history) ** (1 / temperature), of the
    ``top_k`` most probable words if that is given; the random numbers of sentence i belong to
    (seed, i). ``<s>`` and ``<unk>`` are never drawn.
    """
    unk, bos, eos = model.special_ids
    banned = np.array([bos, unk], dtype=np.uint32)
    workers = resolve_workers(model.workers)
    begin = model._begin(True)
    for word in context:
        begin = model._behind(begin, word)
    for first in range(0, n, model._together):
        draws = [_lmscore.Draws(seed, i) for i in range(first, min(first + model._together, n))]
        sentences: list[list[int]] = [[] for _ in draws]
        states = [begin for _ in draws]
        active = list(range(len(draws)))
        while active:
            going = []
            rows = model._following_each([states[i] for i in active], workers)
            for i, scores in zip(active, rows, strict=True):
                if top_k is not None:
                    _keep_best(scores, banned, top_k)
                word = draws[i].draw(scores, banned, temperature)
                if word < 0 or word == eos:
                    continue
                sentences[i].append(word)
                if len(sentences[i]) < max_words:
                    states[i] = model._behind(states[i], word)
                    going.append(i)
            active = going
        yield from sentences


def _keep_best(scores: NDArray[np.float32], banned: NDArray[np.uint32], k: int) -> None:
    """All but the k largest scores become -inf; of equal ones the first stay."""
    scores[banned] = -np.inf
    if k >= len(scores):
        return
    least = np.partition(scores, -k)[-k]
    equal = np.flatnonzero(scores == least)
    scores[equal[k - int((scores > least).sum()) :]] = -np.inf
    scores[scores < least] = -np.inf
