"""Tokenising, counting and encoding."""

from __future__ import annotations

from collections import Counter

import pytest

import fastembed as fe


def test_vocabulary(benchmark, zipf_text, workers):
    vocab = benchmark(lambda: fe.Corpus(zipf_text.path, workers=workers).vocabulary(min_count=5))
    benchmark.extra_info["MB/s"] = zipf_text.n_bytes / 1e6 / benchmark.stats["median"]
    assert vocab.n_raw_tokens == zipf_text.n_words
    counts = Counter(zipf_text.path.read_text().split())
    expected = {word: count for word, count in counts.items() if count >= 5}
    assert dict(zip(vocab.words, vocab.counts.tolist(), strict=True)) == expected


def test_encode(benchmark, zipf_text, workers):
    def encode():
        corpus = fe.Corpus(zipf_text.path, workers=workers)
        with corpus.encode(min_count=1, workers=workers) as encoded:
            first = encoded.read(0, 20)
            return encoded.n_tokens, [encoded.vocabulary.words[i] for i in first]

    n_tokens, first = benchmark(encode)
    benchmark.extra_info["MB/s"] = zipf_text.n_bytes / 1e6 / benchmark.stats["median"]
    assert n_tokens == zipf_text.n_words
    with zipf_text.path.open() as lines:
        assert first == next(lines).split()


@pytest.mark.parametrize(
    "options",
    [{}, {"lowercase": True}, {"punctuation": "split"}, {"lowercase": True, "punctuation": "drop"}],
    ids=["plain", "lowercase", "split", "lowercase-drop"],
)
def test_options_of_the_tokeniser(benchmark, kjv_text, options):
    vocab = benchmark(lambda: fe.Corpus(kjv_text.path, workers=1, **options).vocabulary())
    benchmark.extra_info["MB/s"] = kjv_text.n_bytes / 1e6 / benchmark.stats["median"]
    assert ("Lord" in vocab) == ("lowercase" not in options)
    if not options:
        assert vocab.n_raw_tokens == kjv_text.n_words


def test_sentences_as_lists(benchmark, kjv_text):
    def count():
        return sum(len(sentence) for sentence in fe.Corpus(kjv_text.path))

    assert benchmark(count) == kjv_text.n_words
