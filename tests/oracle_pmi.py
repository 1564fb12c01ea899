"""Association measures in plain Python: what the library's are compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def pmi_matrix(counts, *, shift=1.0, smoothing=1.0, cap=math.inf, positive=True):
    """log P(w, c) / (P(w) P_a(c) k) entry by entry; 0 where there is no count."""
    counts = np.minimum(np.asarray(counts, dtype=np.float64), cap)
    total = counts.sum()
    contexts = counts.sum(axis=0) ** smoothing * (counts.sum(axis=0) > 0)
    contexts = contexts / contexts.sum()
    found = np.zeros_like(counts)
    for w, c in zip(*np.nonzero(counts), strict=True):
        pair, word = counts[w, c] / total, counts[w].sum() / total
        value = math.log(pair / (word * contexts[c])) - math.log(shift)
        found[w, c] = max(value, 0.0) if positive else value
    return found


def _table(joint, first, second, total):
    """The contingency table: both, one only, the other only, neither; with what independence
    would give."""
    observed = (joint, first - joint, second - joint, total - first - second + joint)
    sides = ((first, second), (first, total - second), (total - first, second))
    expected = [a * b / total for a, b in (*sides, (total - first, total - second))]
    return observed, expected


def pmi(joint, first, second, total, base=2.0):
    if joint == 0:
        return -math.inf
    return math.log(joint * total / (first * second), base)


def npmi(joint, first, second, total):
    if joint == 0:
        return -1.0
    if joint == total:
        return 1.0
    return math.log(joint * total / (first * second)) / -math.log(joint / total)


def llr(joint, first, second, total):
    """Dunning's G^2, natural logarithms."""
    cells = zip(*_table(joint, first, second, total), strict=True)
    return 2 * math.fsum(o * math.log(o / e) for o, e in cells if o > 0)


def ami(joint, first, second, total, base=2.0):
    """Average mutual information of the two indicators."""
    return llr(joint, first, second, total) / (2 * total) / math.log(base)


def boolean_windows(documents: Sequence[Sequence[str]], size: int) -> list[set[str]]:
    """Sliding windows as sets; a document that is shorter is one window."""
    if size == 0:
        return [set(words) for words in documents]
    return [
        set(words[i : i + size])
        for words in documents
        for i in range(max(len(words) - size + 1, 1))
    ]


def coherence(topic, sets, measure, epsilon=1e-12):
    """Mean over the pairs of a topic of NPMI (C_NPMI), or of log conditional probability
    (U_Mass)."""
    n = len(sets)
    have = {word: sum(word in s for s in sets) for word in topic}
    scores = []
    for i in range(1, len(topic)):
        for j in range(i):
            both = sum(topic[i] in s and topic[j] in s for s in sets)
            if measure == "umass":
                scores.append(math.log((both + 1) / have[topic[j]]))
            else:
                joint = both / n + epsilon
                ratio = joint / (have[topic[i]] / n * have[topic[j]] / n)
                scores.append(math.log(ratio) / -math.log(joint))
    return sum(scores) / len(scores)
