"""Slow twins of what is done with vectors: plain NumPy and Python, one thing at a time."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np


def nearest(vectors, queries, k, own=()):
    """Indices of the k rows nearest to each query by cosine in float64, ties by index."""
    result = []
    for i, query in enumerate(np.asarray(queries, dtype=np.float64)):
        scores = []
        for j, row in enumerate(np.asarray(vectors, dtype=np.float64)):
            if len(own) and own[i] == j:
                continue
            norm = np.linalg.norm(row) * np.linalg.norm(query)
            scores.append((-(row @ query) / norm if norm else 0.0, j))
        result.append([j for _, j in sorted(scores)[:k]])
    return result


def cosmul(units, a, b, c):
    """3CosMul score of every row of units for a : b, c : ? (rows too), in float64."""
    units = np.asarray(units, dtype=np.float64)
    shifted = (1 + units @ units.T) / 2
    return shifted[b] * shifted[c] / (shifted[a] + 1e-6)


def nearest_float32(text):
    """The float32 nearest to a decimal text, ties to even, by exact arithmetic."""
    exact = Decimal(text)
    guess = np.float32(float(text))
    around = [
        guess,
        np.nextafter(guess, np.float32(-np.inf)),
        np.nextafter(guess, np.float32(np.inf)),
    ]
    finite = [x for x in around if np.isfinite(x)]
    return min(finite, key=lambda x: (abs(Decimal(float(x)) - exact), int(x.view(np.uint32)) & 1))


def analogy_answers(vectors, names, question_words, restrict):
    """What the definition says: the word nearest to b + c - a other than a, b, c by 3CosAdd."""
    units = np.asarray(vectors[:restrict], dtype=np.float64)
    units = units / np.linalg.norm(units, axis=1, keepdims=True)
    answers = []
    for a, b, c in question_words:
        target = units[names.index(b)] + units[names.index(c)] - units[names.index(a)]
        scores = units @ target
        scores[[names.index(x) for x in (a, b, c)]] = -np.inf
        answers.append(names[int(np.argmax(scores))])
    return answers


def read_native(path):
    """Arrays of a native file, by the description of the safetensors format."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    kinds = {"F32": "<f4", "F64": "<f8", "U8": "u1", "U32": "<u4", "U64": "<u8", "I64": "<i8"}
    arrays = {}
    for name, spec in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + at for at in spec["data_offsets"])
        values = np.frombuffer(data[begin:end], dtype=kinds[spec["dtype"]])
        arrays[name] = values.reshape(spec["shape"])
    return header["__metadata__"], arrays
