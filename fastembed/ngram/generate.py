"""Text from a language model: words drawn one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastembed._native import _lmscore
from fastembed.core.threads import resolve_workers

if TYPE_CHECKING:
    from fastembed.ngram.sentence_model import SentenceModel

__all__ = ["generate_ids"]


def generate_ids(
    model: SentenceModel,
    n: int,
    *,
    seed: int,
    context: Sequence[int],
    temperature: float,
    max_words: int,
) -> Iterator[list[int]]:
    """n sentences as ids, without what ends them.

    Each word is drawn with probability in proportion to p(w | history) ** (1 / temperature); the
    random numbers of sentence i belong to (seed, i). ``<s>`` and ``<unk>`` are never drawn.
    """
    unk, bos, eos = model.special_ids
    banned = np.array([bos, unk], dtype=np.uint32)
    workers = resolve_workers(model.workers)
    for index in range(n):
        draws = _lmscore.Draws(seed, index)
        state = model._begin(True)
        for word in context:
            state, _ = model._step(state, word)
        sentence: list[int] = []
        while len(sentence) < max_words:
            scores = model._following(state, workers)
            word = draws.draw(scores, banned, temperature)
            if word < 0 or word == eos:
                break
            sentence.append(word)
            state, _ = model._step(state, word)
        yield sentence
