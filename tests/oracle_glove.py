"""GloVe in plain Python and NumPy, float64: what csrc/glove_tiles.h and csrc/glove.h must compute.

Slow and literal: the objective and its gradient, AdaGrad, and the order of the pairs.
"""

from __future__ import annotations

import numpy as np
from oracle_word2vec import Rng

INIT, TILE, STRATA, TURN = 10, 11, 12, 13  # random streams
BLOCK, GROUP = 256, 4


def weight(x, x_max, alpha):
    """f(x) = min(1, (x / x_max)^alpha)."""
    return np.minimum(1.0, (np.asarray(x, dtype=float) / x_max) ** alpha)


class Model:
    """Parameters: w and c (V, d), b and b~ (V,); and their sums of squared gradients."""

    NAMES = ("w", "c", "b", "b2")

    def __init__(self, w, c, b, b2, eta=0.05):
        self.p = {
            n: np.array(a, dtype=float) for n, a in zip(self.NAMES, (w, c, b, b2), strict=True)
        }
        vectors = 1 / eta**2
        self.start = {"w": vectors, "c": vectors, "b": 1.0, "b2": 1.0}
        self.s = {n: np.zeros_like(a) for n, a in self.p.items()}

    def d(self, i, j, x):
        """w_i . c_j + b_i + b~_j - log X_ij."""
        p = self.p
        return np.sum(p["w"][i] * p["c"][j], axis=-1) + p["b"][i] + p["b2"][j] - np.log(x)

    def losses(self, i, j, x, x_max, alpha):
        """1/2 f(X_ij) d_ij^2 of each pair."""
        return 0.5 * weight(x, x_max, alpha) * self.d(i, j, x) ** 2

    def gradient(self, i, j, x, x_max, alpha):
        """Of the loss of one pair: dw_i, dc_j, db_i = db~_j."""
        f = weight(x, x_max, alpha) * self.d(i, j, x)
        return f * self.p["c"][j], f * self.p["w"][i], f

    def step(self, i, js, xs, x_max, alpha, clip=np.inf):
        """One group of pairs (i, j); returns its loss."""
        loss, found = 0.0, []
        for j, x in zip(js, xs, strict=True):
            loss += self.losses(i, j, x, x_max, alpha)
            found.append(self.gradient(i, j, x, x_max, alpha))
        steps = {"w": [], "b": []}
        for j, (dw, dc, db) in zip(js, found, strict=True):
            dw, dc, db = (np.clip(g, -clip, clip) for g in (dw, dc, db))
            for name, g in (("c", dc), ("b2", db)):
                self.s[name][j] += g**2
                self.p[name][j] -= g / np.sqrt(self.start[name] + self.s[name][j])
            steps["w"].append(dw)
            steps["b"].append(db)
        for name, gs in steps.items():
            self.s[name][i] += sum(g**2 for g in gs)
            self.p[name][i] -= sum(gs) / np.sqrt(self.start[name] + self.s[name][i])
        return loss

    def epoch(self, groups, **settings):
        """All groups (i, js, xs) in turn; the mean loss of a pair."""
        pairs = sum(len(js) for _, js, _ in groups)
        return sum(self.step(*group, **settings) for group in groups) / pairs


def first_row(seed, word, side, dim):
    """First vector and bias of a word (side 0) or context (side 1)."""
    rng = Rng(seed, INIT, 2 * word + side)
    numbers = [(rng.uniform() - 0.5) / dim for _ in range(dim + 1)]
    return numbers[:-1], numbers[-1]


def permutation(rng, n):
    order = []
    for u in range(n):
        v = rng.bounded(u + 1)
        order.append(u)
        order[u], order[v] = order[v], u
    return order


def shuffle(rng, items):
    for u in range(len(items) - 1, 0, -1):
        v = rng.bounded(u + 1)
        items[u], items[v] = items[v], items[u]


def place(word, parts):
    """(part, block, place in the block) of a word."""
    return word % parts, word // parts // BLOCK, word // parts % BLOCK


def tiles(matrix, parts, seed):
    """{((part, block), (part, block)): its groups (i, js, xs) in order} of a dense matrix."""
    n = len(matrix)
    blocks = -(-n // parts // BLOCK)
    found = {}
    for i in sorted(range(n), key=lambda word: place(word, parts)):
        for j in np.flatnonzero(matrix[i]):
            key = place(i, parts)[:2], place(int(j), parts)[:2]
            found.setdefault(key, {}).setdefault(i, []).append(int(j))
    result = {}
    for (a, b), rows in found.items():
        strip, other = a[0] * blocks + a[1], b[0] * blocks + b[1]
        rng = Rng(seed, TILE, strip * parts * blocks + other)
        groups = []
        for i, js in rows.items():
            shuffle(rng, js)
            groups += [(i, js[k : k + GROUP]) for k in range(0, len(js), GROUP)]
        shuffle(rng, groups)
        result[a, b] = regroup([(i, j) for i, js in groups for j in js], matrix)
    return result


def regroup(pairs, matrix):
    """Neighbours of one row are stepped in fours, also where two groups met."""
    groups = []
    for i, j in pairs:
        if not groups or groups[-1][0] != i or len(groups[-1][1]) == GROUP:
            groups.append((i, [], []))
        groups[-1][1].append(j)
        groups[-1][2].append(float(matrix[i, j]))
    return groups


def order(found, n, parts, seed, epoch):
    """The groups of an epoch, stratum by stratum, unit by unit, tile by tile."""
    blocks = -(-n // parts // BLOCK)
    groups = []
    for stratum in permutation(Rng(seed, STRATA, epoch), parts):
        for part in range(parts):
            other = (part + stratum) % parts
            rng = Rng(seed, TURN, (epoch * parts + part) * parts + other)
            for block in permutation(rng, blocks):
                for other_block in permutation(rng, blocks):
                    groups += found.get(((part, block), (other, other_block)), [])
    return groups
