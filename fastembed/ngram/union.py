"""One vocabulary for several models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastembed._native._words import NO_ID, WordTable
from fastembed.evaluate.perplexity import LanguageModel
from fastembed.ngram.tables import SPECIALS
from fastembed.text.wordlist import WordList

__all__ = ["union_of_words"]


def union_of_words(models: Sequence[LanguageModel]) -> tuple[WordList, list[NDArray[np.uint32]]]:
    """All words of some models, specials first, and the id in each model of each of them.

    Words that a model does not know have the id of its ``<unk>``.
    """
    table = WordTable()
    specials = WordList.from_words(SPECIALS)
    table.add(specials.blob, specials.offsets, np.zeros(len(SPECIALS), dtype=np.int64))
    for model in models:
        words = model.words
        table.add(words.blob, words.offsets, np.zeros(len(words), dtype=np.int64))
    blob, offsets, _ = table.export()
    union = WordList(blob, offsets)
    maps = []
    for model in models:
        words, own_specials = model.words, model.special_ids
        ids = words.table.find(blob, offsets)
        ids[ids == NO_ID] = own_specials[0]
        ids[: len(SPECIALS)] = own_specials
        maps.append(ids)
    return union, maps
