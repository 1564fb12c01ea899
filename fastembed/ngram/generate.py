"""Text from a language model: words drawn one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fastembed._native import _lmscore

if TYPE_CHECKING:
    from fastembed.ngram.binary import QueryTables

__all__ = ["generate_ids"]


def generate_ids(
    tables: QueryTables,
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
    banned = np.array([tables.bos, tables.unk], dtype=np.uint32)
    for index in range(n):
        draws = _lmscore.Draws(seed, index)
        state = _lmscore.begin(tables.query, True)
        for word in context:
            state, _, _ = _lmscore.step(tables.query, state, word)
        sentence: list[int] = []
        while len(sentence) < max_words:
            scores = _lmscore.following(state, tables.workers)
            word = draws.draw(scores, banned, temperature)
            if word < 0 or word == tables.eos:
                break
            sentence.append(word)
            state, _, _ = _lmscore.step(tables.query, state, word)
        yield sentence
