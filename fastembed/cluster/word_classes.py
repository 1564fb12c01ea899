"""Words with their classes, as a class-based model wants them: ids, and p(word | class).

Ids are those of a vocabulary with ``<unk>``, ``<s>`` and ``</s>`` first, each of which is a class
of its own, of the same id.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native._words import take_words
from fastembed.cluster.clusters import WordClusters
from fastembed.core.errors import VocabularyError
from fastembed.ngram.sentences import with_specials
from fastembed.ngram.tables import SPECIALS
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.vocabulary import Vocabulary
from fastembed.text.wordlist import WordList

__all__ = ["ClassedWords", "named_classes", "words_of_text"]

BLOCK = 1 << 22  # tokens that are counted at a time
N = len(SPECIALS)


@dataclass(frozen=True)
class ClassedWords:
    """Words of a text that have a class.

    Attributes
    ----------
    words : WordList
        Specials first.
    class_of : ndarray of uint32, shape (len(words),)
        Class of each word, an id of ``classes``.
    log_word : ndarray of float64, shape (len(words),)
        log10 p(w | c(w)).
    classes : Vocabulary
        Names of the classes, specials first; their counts are not known.
    old : ndarray of int64, shape (len(words),)
        Ids of the words in the vocabulary that they were chosen from.
    n_unknown : int
        Words of the text, counted as often as they are there, that have no class.
    """

    words: WordList
    class_of: NDArray[np.uint32]
    log_word: NDArray[np.float64]
    classes: Vocabulary
    old: NDArray[np.int64]
    n_unknown: int

    def classes_by_old_id(self, n: int) -> NDArray[np.uint32]:
        """The class of each of the n words of that vocabulary, ``<unk>``'s for those left out."""
        found = np.zeros(n, dtype=np.uint32)
        found[self.old] = self.class_of
        return found


def named_classes(classes: Any) -> tuple[Vocabulary, NDArray[np.int64]]:
    """The words of a clustering, specials first, and the class of each; -1: it has none.

    Parameters
    ----------
    classes : WordClusters, path of a file of them, or mapping from words to classes

    Raises
    ------
    TypeError, ValueError
        It is something else, or there is no word in it.
    """
    if isinstance(classes, str | os.PathLike):
        classes = WordClusters.load(classes)
    if isinstance(classes, WordClusters):
        classes._fitted()
        vocabulary, numbers = classes.vocabulary_, classes.classes_.astype(np.int64)
    elif isinstance(classes, Mapping):
        if not all(isinstance(word, str) and word for word in classes):
            raise TypeError("classes must map words (str, not empty) to their classes")
        order: dict[Any, int] = {}
        numbers = np.array([order.setdefault(c, len(order)) for c in classes.values()], np.int64)
        vocabulary = Vocabulary(WordList.from_words(classes), np.zeros(len(classes)))
    else:
        raise TypeError(
            "classes must be clusters (BrownClusters, ExchangeClusters, WordClusters), a file of "
            f"them, or a mapping from words to classes; got {type(classes).__name__}"
        )
    named, new_ids = with_specials(vocabulary)
    found = np.full(len(named), -1, dtype=np.int64)
    found[slice(None) if new_ids is None else new_ids] = numbers
    found[:N] = -1
    if not (found >= 0).any():
        raise ValueError("no word has a class (<unk>, <s> and </s> are classes of their own)")
    return named, found


def words_of_text(encoded: EncodedCorpus, numbers: NDArray[np.int64], delta: float) -> ClassedWords:
    """Count words in their classes: p(w | c) = (n(w) + delta) / (N(c) + delta |c|).

    Parameters
    ----------
    encoded : EncodedCorpus
        A text in the words that `named_classes` gave.
    numbers : ndarray of int64
        Their classes.
    delta : float
        If it is 0, words that are not in the text are left out.

    Raises
    ------
    VocabularyError
        No word of the text has a class.
    """
    counts, words = _count(encoded), encoded.vocabulary.words
    there = (numbers >= 0) & (counts > 0)
    if not there.any():
        some = ", ".join(repr(words[int(i)]) for i in np.flatnonzero(numbers >= 0)[:3])
        raise VocabularyError(
            f"none of the {encoded.n_tokens:,} words of the text has a class: are the classes (of "
            f"{some}, ...) those of another text, or was it cut into words otherwise?"
        )
    kept = np.concatenate([np.arange(N), np.flatnonzero((numbers >= 0) if delta > 0 else there)])
    found, inverse = np.unique(numbers[kept[N:]], return_inverse=True)
    class_of = np.arange(len(kept), dtype=np.uint32)
    class_of[N:] = inverse + N
    totals = np.bincount(class_of, weights=counts[kept])
    sizes = np.bincount(class_of)
    log_word = np.zeros(len(kept))
    c = class_of[N:]
    log_word[N:] = np.log10((counts[kept[N:]] + delta) / (totals[c] + delta * sizes[c]))
    names = WordList.from_words([*SPECIALS, *(f"c{number}" for number in found.tolist())])
    return ClassedWords(
        WordList(*take_words(words.blob, words.offsets, kept.astype(np.uint32))),
        class_of,
        log_word,
        Vocabulary(names, np.zeros(len(names)), specials=SPECIALS),
        kept,
        int(counts.sum() - counts[kept[N:]].sum()),
    )


def _count(encoded: EncodedCorpus) -> NDArray[np.int64]:
    """How often each word is in the text, whatever its vocabulary says."""
    counts = np.zeros(len(encoded.vocabulary), dtype=np.int64)
    for start in range(0, encoded.n_tokens, BLOCK):
        ids = encoded.read(start, min(start + BLOCK, encoded.n_tokens))
        counts += np.bincount(ids, minlength=len(counts))
    return counts
