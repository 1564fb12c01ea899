"""Co-occurrence with dictionaries and exact fractions: what the kernels are compared with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import numpy as np

Counts = dict[tuple[int, int], Fraction]


def weight(kind: str, window: int, d: int) -> Fraction:
    """Weight of the distance d."""
    if kind == "flat":
        return Fraction(1)
    if kind == "linear":
        return Fraction(window + 1 - d, window)
    if lcm(*range(1, window + 1)) <= 2**32:
        return Fraction(1, d)
    # a multiple of 2**-32; Fraction rounds halves to even, and there is none but at powers of two
    return Fraction(round(Fraction(2**32, d)), 2**32)


def windows(sentences: Sequence[Sequence[int]], window: int, kind: str, symmetric: bool) -> Counts:
    """Weighted counts of (left, right) pairs, and of (right, left) ones where symmetric."""
    counts: Counts = defaultdict(Fraction)
    for words in sentences:
        for j, right in enumerate(words):
            for d in range(1, min(window, j) + 1):
                left = words[j - d]
                counts[left, right] += weight(kind, window, d)
                if symmetric:
                    counts[right, left] += weight(kind, window, d)
    return counts


def documents(sentences: Sequence[Sequence[int]]) -> Counts:
    """Documents that have both words."""
    counts: Counts = defaultdict(Fraction)
    for words in sentences:
        for i in set(words):
            for j in set(words):
                counts[i, j] += 1
    return counts


def word_documents(sentences: Sequence[Sequence[int]]) -> Counts:
    """Occurrences of a word in a document; keys (document, word)."""
    return {
        (d, word): Fraction(count)
        for d, words in enumerate(sentences)
        for word, count in Counter(words).items()
    }


def nearest_float32(x: Fraction) -> np.float32:
    """The float32 nearest to x > 0, ties to even: exact, unlike a way over float64."""
    guess = np.float32(float(x))
    near = [np.nextafter(guess, np.float32(0)), guess, np.nextafter(guess, np.float32(np.inf))]
    # the bits of neighbours differ by one, so one of two equally near ones is even
    return min(near, key=lambda y: (abs(Fraction(float(y)) - x), int(y.view(np.uint32)) & 1))


def rows(counts: Counts, n_rows: int) -> tuple[list[int], list[int], list[np.float32]]:
    """Compressed sparse rows."""
    keys = sorted(counts)
    held = Counter(i for i, _ in keys)
    indptr = np.cumsum([0, *(held[i] for i in range(n_rows))]).tolist()
    return indptr, [j for _, j in keys], [nearest_float32(counts[key]) for key in keys]
