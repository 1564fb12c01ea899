"""word2vec in plain Python and NumPy, float64: what csrc/word2vec.h must compute.

Slow and literal. It shares the definition of the random streams with csrc/rng.h (so that windows
and noise words are the same) and nothing else.
"""

from __future__ import annotations

import itertools

import numpy as np

MASK = (1 << 64) - 1


def mix64(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Rng:
    """csrc/rng.h."""

    INIT, TRAIN, NOISE = 1, 2, 3

    def __init__(self, seed, stream, index):
        s = mix64((seed + 0x9E3779B97F4A7C15) & MASK)
        s = mix64(s ^ (stream * 0xD1342543DE82EF95) & MASK)
        self.state = mix64(s ^ ((index * 0x2545F4914F6CDD1D + 1) & MASK))

    def next(self):
        self.state = (self.state + 0xA0761D6478BD642F) & MASK
        wide = self.state * (self.state ^ 0xE7037ED1A0B428DB)
        return (wide >> 64) ^ (wide & MASK)

    def bounded(self, n, bits=None):
        bits = self.next() >> 32 if bits is None else bits
        threshold = (1 << 32) % n
        while (bits * n) & 0xFFFFFFFF < threshold:
            bits = self.next() >> 32
        return bits * n >> 32

    def uniform(self):
        return (self.next() >> 40) / 2.0**24


def noise_pool(weights, part, parts, size, seed):
    """The words part, part + parts, ... in proportion to their weights, shuffled."""
    rng = Rng(seed, Rng.NOISE, part)
    own = weights[part::parts]
    offset = (rng.next() >> 11) * 2.0**-53
    ends = [min(size, int(c / sum(own) * size + offset)) for c in itertools.accumulate(own)]
    ends[-1] = size
    starts = [0, *ends[:-1]]
    pool = [part + i * parts for i in range(len(own)) for _ in range(starts[i], ends[i])]
    for i in range(size - 1, 0, -1):
        j = rng.bounded(i + 1, rng.next() >> 32)
        pool[i], pool[j] = pool[j], pool[i]
    return pool


def huffman_codes(counts):
    """For each leaf its [(inner node, bit)], by sorting all nodes again and again."""
    nodes = [(int(c), order, [i]) for order, (i, c) in enumerate(reversed(list(enumerate(counts))))]
    codes = {i: [] for i in range(len(counts))}
    made = 0
    order = len(nodes)
    # the two lightest; of equal weight a leaf comes first, the last word before others
    nodes = [(c, 0, o, leaves) for c, o, leaves in nodes]
    while len(nodes) > 1:
        nodes.sort(key=lambda node: node[:3])
        for bit in (0, 1):
            for leaf in nodes[bit][3]:
                codes[leaf].append((made, bit))
        merged = (nodes[0][0] + nodes[1][0], 1, order, nodes[0][3] + nodes[1][3])
        nodes = [*nodes[2:], merged]
        made += 1
        order += 1
    return codes


def positions(ids, offsets, start, stop, *, keep, window, shrink, max_sentence, rng):
    """The pieces that start in [start, stop): (kept ids, window reach of each) a piece."""
    pieces = []
    for begin, end in itertools.pairwise(offsets):
        for at in range(int(begin), int(end), max_sentence):
            if start <= at < stop:
                piece = [int(i) for i in ids[at : min(at + max_sentence, int(end))]]
                if keep is not None:
                    piece = [i for i in piece if rng.next() >> 32 <= keep[i]]
                reach = [1 + rng.bounded(window) if shrink else window for _ in piece]
                pieces.append((piece, reach))
    return pieces


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def train_chunk(
    vectors, outputs, ids, offsets, start, stop, *, alpha, seed, stream, window, negative, shrink,
    cbow, cbow_mean, max_sentence, keep=None, noise=None, counts=None, parts=1, stretch=256,
    deterministic=False, held=12, block_length=10,
):  # fmt: skip
    """Train in place (float64 arrays); returns (loss, examples). counts: use the Huffman tree."""
    rng = Rng(seed, Rng.TRAIN, stream)
    pieces = positions(ids, offsets, start, stop, keep=keep, window=window, shrink=shrink,
                       max_sentence=max_sentence, rng=rng)  # fmt: skip
    flat = []  # (centre, context words' places in the whole chunk)
    words = []
    for piece, reach in pieces:
        base = len(words)
        for t, centre in enumerate(piece):
            low, high = max(0, t - reach[t]), min(len(piece), t + reach[t] + 1)
            flat.append((centre, [base + i for i in range(low, high) if i != t]))
        words += piece
    codes = huffman_codes(counts) if counts is not None else None
    node_row = len(vectors) if negative else 0
    place = itertools.count(rng.next())  # in the pools
    loss, examples = 0.0, 0
    for first in range(0, len(flat), stretch):
        block = flat[first : first + stretch]
        # wide windows in blocks, each with noise words of its own
        units = []
        for centre, context in block:
            m, n_blocks = len(context), 1 if cbow else -(-len(context) // block_length)
            for b in range(n_blocks if context else 0):
                noise_words = [
                    int(noise[centre % parts][next(place) % noise.shape[1]])
                    for _ in range(negative)
                ]
                some = context[m * b // n_blocks : m * (b + 1) // n_blocks]
                units.append((centre, some, noise_words))
        frozen = vectors.copy() if deterministic else vectors
        steps = []  # of the inputs, for the deterministic scheme: (word, step)
        # part by part: without parts, all outputs are of part 0
        todo = [(part, *unit) for part in range(parts) for unit in units]
        for part, centre, context, noise_words in todo:
            examples += (1 if cbow else len(context)) if part == 0 else 0
            rows, labels = [], []
            if negative and centre % parts == part:
                rows, labels = [centre], [1.0]
                rows += [k for k in noise_words if k != centre]
                labels += [0.0] * (len(rows) - 1)
            if codes is not None:
                own = [(node, bit) for node, bit in codes[centre] if node % parts == part]
                rows += [node_row + node for node, _ in own]
                labels += [float(bit) for _, bit in own]
            if not rows:
                continue
            labels = np.array(labels)
            source = [words[i] for i in context]
            if cbow:
                total = frozen[source].sum(axis=0)
                inputs = [total / len(source) if cbow_mean else total]
            else:
                inputs = [frozen[w].copy() for w in source]
            dots = np.array([[v @ outputs[r] for r in rows] for v in inputs])
            signed = np.where(labels == 1.0, dots, -dots)
            loss += float(np.log1p(np.exp(-signed)).sum())
            g = alpha * (labels - sigmoid(dots))
            # the outputs in groups, as many as the registers hold; inputs step with the last one
            groups = -(-len(rows) // held)
            moves = [np.zeros(vectors.shape[1]) for _ in inputs]
            for q in range(groups):
                group = range(len(rows) * q // groups, len(rows) * (q + 1) // groups)
                old = {j: outputs[rows[j]].copy() for j in group}
                gradient = {j: np.zeros(vectors.shape[1]) for j in group}
                for i, v in enumerate(inputs):
                    moves[i] += sum(g[i, j] * old[j] for j in group)
                    now = v if cbow or deterministic else vectors[source[i]].copy()
                    for j in group:
                        gradient[j] += g[i, j] * now
                    if q + 1 < groups:
                        continue
                    if cbow:
                        share = 1.0 if cbow_mean else 1.0 / len(source)
                        targets = [(w, share * moves[i]) for w in source]
                    else:
                        targets = [(source[i], moves[i])]
                    if deterministic:
                        steps += targets
                    else:
                        for w, s in targets:
                            vectors[w] += s
                for j in group:
                    outputs[rows[j]] += gradient[j]
        for w, s in steps:
            vectors[w] += s
    return loss, examples
