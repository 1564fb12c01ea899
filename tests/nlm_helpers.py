"""A small text and neural language models of it, for the tests of several files."""

from __future__ import annotations

import numpy as np

import fastembed as fe

TEXT = [
    "the cat sat on the mat .", "the dog sat on the log .", "a cat ran", "", "a dog ran off",
    "the cat saw a dog", "a dog saw the cat and ran",
] * 30  # fmt: skip
TOKENS = [line.split() for line in TEXT]
SMALL = {"context": 3, "vector_size": 6, "hidden": 8, "epochs": 3, "alpha": 0.01, "batch_size": 32}
OUTPUTS = ["softmax", "class_factored", "nce", "sampled"]


def fitted(**changes):
    return fe.NeuralLM(**{**SMALL, **changes}).fit(TOKENS)


def weights(model):
    return {name: np.array(array) for name, array in model.to_native()[0].items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert np.array_equal(array, other[name]), name


IDS = np.array([4, 5, 6, 3, 3], dtype=np.uint32), np.array([0, 3, 3, 5], dtype=np.uint64)
