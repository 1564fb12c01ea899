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

    Words that a model does not know have the id of its ``<unk>``. However a model spells its
    specials (``<UNK>``), they are no words of their own: in a text they are as unknown as to it.
    """
    table = WordTable()
    specials = WordList.from_words(SPECIALS)
    table.add(specials.blob, specials.offsets, np.zeros(len(SPECIALS), dtype=np.int64))
    vocabularies = [_with_specials(model) for model in models]
    for words in vocabularies:
        table.add(words.blob, words.offsets, np.zeros(len(words), dtype=np.int64))
    blob, offsets, _ = table.export()
    union = WordList(blob, offsets)
    maps = []
    for model, words in zip(models, vocabularies, strict=True):
        ids = words.table.find(blob, offsets)
        ids[ids == NO_ID] = model.special_ids[0]
        ids[: len(SPECIALS)] = model.special_ids
        maps.append(ids)
    return union, maps


def _with_specials(model: LanguageModel) -> WordList:
    """The words of a model, its specials by their common names."""
    words = model.words
    for index, name in zip(model.special_ids, SPECIALS, strict=True):
        if words[index] != name:
            words = words.with_word(index, name)
    return words
