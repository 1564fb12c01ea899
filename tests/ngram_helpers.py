"""What the tests of n-gram models share: probabilities read off tables, texts, all histories."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from fastembed.ngram.counts import NgramCounts
from fastembed.ngram.tables import BackoffTables

Ngram = tuple[str, ...]
sentences = st.lists(st.lists(st.sampled_from("abcd"), max_size=6), min_size=1, max_size=8).filter(
    any
)


class Table:
    """Back-off tables as dictionaries."""

    def __init__(self, tables: BackoffTables) -> None:
        self.words = tables.words.to_list()
        self.uniform = tables.scheme == "uniform"
        self.order = tables.order
        self.listed: dict[Ngram, float] = {}
        self.backoff: dict[Ngram, float] = {}
        for k, level in enumerate(tables.levels, 1):
            for row in range(len(level)):
                ngram = tuple(self.words[i] for i in tables.ngram(k, row))
                assert ngram not in self.listed
                self.listed[ngram] = 10.0 ** float(level.log_prob[row])
                if len(level.backoff):
                    self.backoff[ngram] = 10.0 ** float(level.backoff[row])

    def predictable(self) -> list[str]:
        return [word for word in self.words if word != "<s>"]

    def p(self, history: Ngram, word: str) -> float:
        if (*history, word) in self.listed:
            return self.listed[*history, word]
        if self.uniform:
            return self.backoff.get(history, 1 / (len(self.words) - 1))
        return self.backoff.get(history, 1.0) * self.p(history[1:], word)

    def histories(self) -> Iterator[Ngram]:
        """All that are possible, up to the order: <s> or a word, then words."""
        words = [word for word in self.words if word not in ("<s>", "</s>")]
        yield ()
        for length in range(1, self.order):
            for first in ("<s>", *words):
                yield from ((first, *rest) for rest in itertools.product(words, repeat=length - 1))


def as_dicts(counts: NgramCounts) -> list[dict[Ngram, int]]:
    """Counts by n-gram, words that are not in the text left out."""
    words = counts.vocabulary.words.to_list()
    return [
        {
            tuple(words[i] for i in ngram): int(c)
            for ngram, c in zip(counts.ngrams(k).tolist(), counts.levels[k - 1].count, strict=True)
            if c
        }
        for k in range(1, counts.order + 1)
    ]


def same_counts(a: NgramCounts, b: NgramCounts) -> None:
    """All arrays are equal."""
    assert a.vocabulary.words == b.vocabulary.words
    assert a.order == b.order
    for k, (x, y) in enumerate(zip(a.levels, b.levels, strict=True), 1):
        for name in ("word", "parent", "count"):
            assert np.array_equal(getattr(x, name), getattr(y, name)), (k, name)
        if k > 1:
            assert np.array_equal(a.context(k), b.context(k)), k
