"""Clustering the slow way: every loss and every gain from the whole formula, in Python.

Terms x log2 y are integers here, multiples of the kernel's grid, so that sums are exact and ties
are ties: what the kernel keeps up to date must be equal to the last bit.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter


def bigrams(sentences, *, across_lines=True, skip=()):
    """Counts of pairs of adjacent items; ids in ``skip`` are no items, but stand between."""
    lines = [[w for line in sentences for w in line]] if across_lines else sentences
    found = Counter((a, b) for line in lines for a, b in itertools.pairwise(line))
    return {pair: n for pair, n in found.items() if not set(pair) & set(skip)}


def grid(total):
    """2^-24, or coarser: eight times total log2 total must have 52 bits."""
    log, power = 1, 2
    while power < total:
        log, power = log + 1, 2 * power
    bound = 2.0**28
    while bound < 8 * total * log:
        bound *= 2
    return bound / 2**52


def xlogy(x, y, step):
    """x log2 y in steps of the grid, an integer."""
    return 0 if x == 0 else round(x * math.log2(y) / step)


class Clustering:
    """Clusters as lists of items; ``n`` counts pairs of clusters by their first items."""

    def __init__(self, pairs):
        self.step = grid(max(sum(pairs.values()), 1))
        self.pairs = pairs
        self.clusters = []
        self.left_total, self.right_total = Counter(), Counter()
        for (a, b), n in pairs.items():
            self.left_total[a] += n
            self.right_total[b] += n

    def information(self, clusters):
        """sum of n log n, less l log L and r log R, in steps; l and r count what is among the
        items of the clusters, L and R are those items' whole sums."""
        of = {item: c for c, cluster in enumerate(clusters) for item in cluster}
        n, left, right = Counter(), Counter(), Counter()
        for (a, b), count in self.pairs.items():
            if a in of and b in of:
                n[of[a], of[b]] += count
                left[of[a]] += count
                right[of[b]] += count
        total = sum(xlogy(count, count, self.step) for count in n.values())
        for c, cluster in enumerate(clusters):
            total -= xlogy(left[c], sum(self.left_total[i] for i in cluster), self.step)
            total -= xlogy(right[c], sum(self.right_total[i] for i in cluster), self.step)
        return total

    def merge_once(self):
        """Merge the pair that loses least; ties: by first item of the one, then of the other."""
        now = self.information(self.clusters)
        best = None
        for i, a in enumerate(self.clusters):
            for b in self.clusters[i + 1 :]:
                others = [c for c in self.clusters if c is not a and c is not b]
                loss = now - self.information([*others, a + b])
                low, high = sorted([min(a), min(b)])
                if best is None or (loss, low, high) < best[:3]:
                    best = (loss, low, high, a, b)
        loss, low, high, a, b = best
        self.clusters = [c for c in self.clusters if c is not a and c is not b] + [a + b]
        return low, high, loss * self.step


def brown(pairs, n_items, n_clusters, *, to_root=True):
    """All merges (kept, gone, loss in bits of the text) of items 0 .. n_items - 1."""
    clustering, merges = Clustering(pairs), []
    for item in range(n_items):
        clustering.clusters.append([item])
        if len(clustering.clusters) > n_clusters:
            merges.append(clustering.merge_once())
    while to_root and len(clustering.clusters) > 1:
        merges.append(clustering.merge_once())
    return merges


def exchange(pairs, classes, n_classes, passes):
    """Classes after some passes, and the information (in bits of the text) after each."""
    clustering, classes = Clustering(pairs), list(classes)

    def score():
        return clustering.information(
            [[i for i, c in enumerate(classes) if c == k] for k in range(n_classes)]
        )

    history = []
    for _ in range(passes):
        for item, own in enumerate(classes):
            if classes.count(own) == 1:
                continue
            best, choice = score(), own
            for k in range(n_classes):
                classes[item] = k
                if score() > best:
                    best, choice = score(), k
            classes[item] = choice
        history.append(score() * clustering.step)
    return classes, history


def average_mutual_information(pairs, classes):
    """In bits, from probabilities as Brown et al. write it."""
    total = sum(pairs.values())
    joint, left, right = Counter(), Counter(), Counter()
    for (a, b), n in pairs.items():
        joint[classes[a], classes[b]] += n / total
        left[classes[a]] += n / total
        right[classes[b]] += n / total
    return sum(p * math.log2(p / (left[a] * right[b])) for (a, b), p in joint.items())
