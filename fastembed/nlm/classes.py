"""Classes of words for the class-factored output layer: from clusters, or by frequency.

p(w | h) = p(c(w) | h) p(w | c(w), h)                                          (Goodman 2001)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.cluster.clusters import WordClusters
from fastembed.core.errors import VocabularyError
from fastembed.core.integers import as_integer
from fastembed.ngram.tables import SPECIALS
from fastembed.text.vocabulary import Vocabulary

__all__ = ["class_arrays", "class_of_words", "frequency_classes"]


def frequency_classes(counts: NDArray[np.int64], n_classes: int | None) -> NDArray[np.int64]:
    """Words dealt to classes by falling frequency, each with an equal share of sum sqrt(count).

    (Mikolov et al. 2011 take the counts themselves; their roots make classes of more equal size.)

    Parameters
    ----------
    n_classes : int or None
        None for the square root of the number of words. Fewer come out where one word is worth
        more than a share.

    Examples
    --------
    >>> frequency_classes(np.array([100, 1, 1, 49, 1, 1, 1, 1]), 3).tolist()
    [0, 2, 2, 1, 2, 2, 2, 2]
    """
    n = len(counts)
    wanted = round(n**0.5) if n_classes is None else n_classes
    if not 1 <= wanted <= n:
        raise ValueError(f"classes must be from 1 to {n:,}, the number of words; got {wanted}")
    order = np.argsort(-counts, kind="stable")
    mass = np.sqrt(np.maximum(counts[order], 0.5))
    begins = np.cumsum(mass) - mass
    classes = np.empty(n, dtype=np.int64)
    share = np.minimum(begins / mass.sum() * wanted + 1e-9, wanted - 1).astype(np.int64)
    classes[order] = np.unique(share, return_inverse=True)[1]
    return classes


def class_of_words(vocabulary: Vocabulary, classes: Any) -> NDArray[np.int64]:
    """The class of each word, 0, 1, ... without gaps.

    Parameters
    ----------
    classes : WordClusters, path, mapping, int or None
        Clusters (`BrownClusters`, `ExchangeClusters`), a file of them, or classes by word. The n
        words that they do not have are dealt to sqrt(n) more classes by `frequency_classes`, and
        ``<unk>``, ``<s>`` and ``</s>`` have one each. A number or None: all words are dealt.

    Raises
    ------
    VocabularyError
        The clusters have none of the words.
    """
    if isinstance(classes, str) and classes.isdecimal():
        classes = int(classes)
    n_classes = as_integer(classes)
    if classes is None or n_classes is not None:
        return frequency_classes(vocabulary.counts, n_classes)
    if isinstance(classes, str | os.PathLike):
        classes = WordClusters.load(classes)
    labels: dict[Any, int] = {}
    found = np.full(len(vocabulary), -1, dtype=np.int64)
    if isinstance(classes, Mapping):
        for i, word in enumerate(vocabulary):
            if word in classes:
                found[i] = labels.setdefault(classes[word], len(labels))
    elif isinstance(classes, WordClusters):
        own = np.asarray(classes.classes_)
        for i, word in enumerate(vocabulary):
            at = classes.vocabulary_.words.find(word)
            if at >= 0:
                found[i] = own[at]
    else:
        raise TypeError(
            "classes must be a number, clusters, a file of them, or a mapping from words; got "
            f"{type(classes).__name__}"
        )
    found[: len(SPECIALS)] = -1
    if (found < 0).all():
        raise VocabularyError("the classes have none of the words of this vocabulary")
    found[: len(SPECIALS)] = found.max() + 1 + np.arange(len(SPECIALS))
    rest = found < 0
    if rest.any():
        found[rest] = found.max() + 1 + frequency_classes(vocabulary.counts[rest], None)
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def class_arrays(class_of: NDArray[np.int64]) -> dict[str, NDArray[np.uint32]]:
    """What the kernel needs of a clustering: words in the order of their classes."""
    word_at = np.argsort(class_of, kind="stable").astype(np.uint32)
    row_of = np.empty(len(class_of), dtype=np.uint32)
    row_of[word_at] = np.arange(len(class_of), dtype=np.uint32)
    sizes = np.bincount(class_of)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32)
    return {
        "row_of": row_of,
        "class_of": class_of.astype(np.uint32),
        "word_at": word_at,
        "class_start": start,
    }
