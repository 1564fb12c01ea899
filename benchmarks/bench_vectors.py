"""Vectors: files, neighbours, scores."""

from __future__ import annotations

import numpy as np
import pytest

import fastembed as fe

N, SIZE = 50_000, 100


@pytest.fixture(scope="session")
def vectors():
    rng = np.random.default_rng(1)
    return fe.KeyedVectors(
        [f"word{i}" for i in range(N)], rng.standard_normal((N, SIZE), dtype=np.float32)
    )


FORMATS = {
    "native": (
        lambda kv, path: kv.save(path),
        lambda path: fe.KeyedVectors.load(path, mmap=True),
    ),
    "binary": (
        lambda kv, path: kv.save_word2vec_format(path, binary=True),
        lambda path: fe.KeyedVectors.load_word2vec_format(path, binary=True),
    ),
    "text": (
        lambda kv, path: kv.save_word2vec_format(path, binary=False),
        lambda path: fe.KeyedVectors.load_word2vec_format(path, binary=False),
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_save(benchmark, vectors, tmp_path, name):
    save, load = FORMATS[name]
    path = tmp_path / f"vectors.{'fe' if name == 'native' else name}"
    benchmark(save, vectors, path)
    again = load(path)
    assert len(again) == N
    assert np.allclose(again["word7"], vectors["word7"], atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_load(benchmark, vectors, tmp_path, name):
    save, load = FORMATS[name]
    path = tmp_path / f"vectors.{'fe' if name == 'native' else name}"
    save(vectors, path)
    again = benchmark(load, path)
    assert list(again.index_to_key) == list(vectors.index_to_key)
    assert np.allclose(again.vectors, vectors.vectors, atol=1e-6)


def nearest(kv, word, topn):
    """The plain way."""
    unit = kv.vectors / np.linalg.norm(kv.vectors, axis=1, keepdims=True)
    cosines = unit @ unit[kv.key_to_index[word]]
    best = np.argsort(-cosines)[1 : topn + 1]
    return [kv.index_to_key[i] for i in best]


def test_most_similar_one_by_one(benchmark, vectors):
    words = [f"word{i}" for i in range(0, 1000, 50)]
    answers = benchmark(lambda: [vectors.most_similar(word, topn=10) for word in words])
    benchmark.extra_info["queries/s"] = len(words) / benchmark.stats["median"]
    assert [word for word, _ in answers[3]] == nearest(vectors, words[3], 10)


def test_most_similar_in_one_call(benchmark, vectors):
    words = [f"word{i}" for i in range(0, 10_000, 20)]
    answers = benchmark(lambda: vectors.most_similar_batch(words, topn=10))
    benchmark.extra_info["queries/s"] = len(words) / benchmark.stats["median"]
    assert [word for word, _ in answers[3]] == nearest(vectors, words[3], 10)
