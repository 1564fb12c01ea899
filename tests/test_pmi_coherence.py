"""evaluate.topic_coherence and csrc/coherence.h against plain Python and gensim's numbers."""

from __future__ import annotations

import json
import lzma
from itertools import islice
from pathlib import Path

import numpy as np
import oracle_pmi as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastembed as fe
from fastembed._native._coherence import count_windows
from fastembed.core import data
from fastembed.evaluate import coherence, topic_coherence

GOLDEN = json.loads((Path(__file__).parent / "golden" / "pmi.json").read_text())
DOCUMENTS = st.lists(
    st.lists(st.sampled_from("abcdefg"), max_size=30), min_size=1, max_size=6
).filter(lambda documents: any(documents))


@given(documents=DOCUMENTS, size=st.integers(0, 12), workers=st.sampled_from([1, 2, 4]))
def test_windows_equal_the_oracle(documents, size, workers):
    """Four words matter, the others do not."""
    ids = np.array(["abcdefg".index(x) for words in documents for x in words], dtype=np.uint32)
    offsets = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    counts = np.zeros((4, 4), dtype=np.int64)
    n = count_windows(ids, offsets, size, counts, workers)
    sets = [s for s in oracle.boolean_windows([w for w in documents if w], size) if s]
    assert n == len(sets)
    for i, a in enumerate("abcd"):
        for j, b in enumerate("abcd"):
            assert counts[i, j] == sum(a in s and b in s for s in sets)


@pytest.mark.parametrize(("n", "blocks"), [(300, (1, 10, 77)), (40_000, (1000, 9_999))])
def test_long_documents_come_in_pieces(monkeypatch, n, blocks):
    rng = np.random.default_rng(4)
    long = rng.integers(0, 40, size=n).astype(np.uint32)
    words = [f"w{i}" for i in range(40)]
    cuts = [n - 100, n - 95]
    corpus = fe.EncodedCorpus.from_arrays(
        fe.Vocabulary(words, np.bincount(long)), long, [0, 0, *cuts, n]
    )
    topics = [["w0", "w1", "w2"], ["w3", "w4"]]
    for size in (0, 1, 7, 20):
        sets = oracle.boolean_windows([part.tolist() for part in np.split(long, cuts)], size)
        whole = topic_coherence(topics, corpus, window=size)
        assert whole.n_windows == len(sets)
        for block in blocks:
            monkeypatch.setattr(coherence, "BLOCK", block)
            assert topic_coherence(topics, corpus, window=size) == whole
        monkeypatch.undo()
        expected = [
            oracle.coherence([words.index(w) for w in topic], sets, "npmi") for topic in topics
        ]
        np.testing.assert_allclose(whole.scores, expected, rtol=1e-9, atol=1e-12)


@given(
    documents=DOCUMENTS, window=st.sampled_from([None, 0, 1, 3, 10]),
    measure=st.sampled_from(["npmi", "umass"]),
)  # fmt: skip
def test_coherence_equals_the_oracle(documents, window, measure):
    documents = [words for words in documents if words]
    seen = sorted({word for words in documents for word in words})
    if len(seen) < 2:
        return
    topics = [seen, seen[:2], seen[::-1]]
    found = topic_coherence(topics, documents, measure=measure, window=window)
    size = {"npmi": 10, "umass": 0}[measure] if window is None else window
    sets = oracle.boolean_windows(documents, size)
    always = all(set(seen) <= s for s in sets)
    assert (found.n_windows, found.window) == (len(sets), size)
    if measure == "npmi" and always:
        assert found.scores == [1.0] * 3
        return
    if measure == "npmi" and any(
        all({a, b} <= s for s in sets) for a in seen for b in seen if a != b
    ):
        return  # the oracle has no limit for words that are always together
    expected = [oracle.coherence(topic, sets, measure) for topic in topics]
    np.testing.assert_allclose(found.scores, expected, rtol=1e-9, atol=1e-12)
    assert found.mean == pytest.approx(np.mean(expected))


def test_gensim_has_the_same_numbers():
    """Where gensim counts rightly: 4.4 forgets a word when the first of two leaves the window."""
    with lzma.open(data.path("kjv.txt.xz"), "rt", encoding="utf-8") as lines:
        verses = [line.split() for line in islice(lines, GOLDEN["verses"])]
    found = {
        window: topic_coherence(GOLDEN["topics"], verses, window=int(window)).scores
        for window in GOLDEN["c_npmi"]
    }
    # no verse is longer than 110 words: a window never moves
    np.testing.assert_allclose(found["110"], GOLDEN["c_npmi"]["110"], rtol=1e-9)
    # the words of the third topic do not stand twice in a window
    for window, scores in GOLDEN["c_npmi"].items():
        assert found[window][2] == pytest.approx(scores[2], rel=1e-9)


def test_wrong_arguments():
    text = ["a b a b", "c d"]
    for topics, message in (
        ([], "no topic"),
        ([["a"]], "topic 0 must be a list of two or more"),
        ([["a", "b"], ["a", "a"]], "topic 1 must be"),
        (["ab"], "topic 0 must be"),
        ([["a", "<unk>"]], "stands for other words"),
    ):
        with pytest.raises(ValueError, match=message):
            topic_coherence(topics, text)
    with pytest.raises(KeyError, match="'x' of a topic does not occur"):
        topic_coherence([["a", "x"]], text)
    with pytest.raises(ValueError, match="measure must be one of npmi, umass"):
        topic_coherence([["a", "b"]], text, measure="cv")
    with pytest.raises(ValueError, match="window must be"):
        topic_coherence([["a", "b"]], text, window=-1)
    counts = np.zeros((2, 2), dtype=np.int64)
    ids = np.zeros(3, dtype=np.uint32)
    for offsets in ([0, 4], [2, 1], [-1, 2], []):
        with pytest.raises(ValueError, match="offsets"):
            count_windows(ids, np.array(offsets, dtype=np.int64), 2, counts)
    with pytest.raises(ValueError, match="square"):
        count_windows(ids, np.array([0, 3]), 2, counts[:1])
    with pytest.raises(ValueError, match="size"):
        count_windows(ids, np.array([0, 3]), -1, counts)
    assert count_windows(ids[:0], np.array([0, 0]), 2, counts) == 0
