"""What counting holds in memory, and when it lets go of it."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from ngram_helpers import same_counts

from fastembed import Corpus, EncodedCorpus, Vocabulary
from fastembed.core import memory
from fastembed.core.memory import give_back_unused
from fastembed.ngram.counting import Stream, levels_of_sorted, sort_stream
from fastembed.ngram.counts import count_ngrams
from fastembed.ngram.sentences import open_sentences

V, N = 500, 120_000


def corpus(seed=0, sentence=12):
    rng = np.random.default_rng(seed)
    ids = (V * rng.random(N) ** 3).astype(np.uint32)
    vocabulary = Vocabulary([f"w{i}" for i in range(V)], np.bincount(ids, minlength=V))
    return EncodedCorpus.from_arrays(vocabulary, ids, np.arange(0, N + 1, sentence))


def opened(source):
    return open_sentences(source, vocab=None, min_count=1, keep_empty=True, skip=False, workers=2,
                          progress=None)  # fmt: skip


def test_a_text_is_given_up_when_it_is_a_stream(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a b\nb c\n")
    with opened(path) as sentences:
        stream = sentences.stream(0, sentences.size, 0, 1)
        sentences.release()
        assert stream.words.tolist() == [1, 4, 3, 2, 1, 3, 5, 2]
        with pytest.raises(IndexError):
            sentences.encoded._ids.read(0, 1)


def test_a_text_of_the_caller_stays():
    text = corpus()
    before = text.read(0, N).copy()
    with opened(text) as sentences:
        sentences.release()
        assert sentences.encoded is text
    same_counts(count_ngrams(text, 3), count_ngrams(text, 3))
    assert np.array_equal(text.read(0, N), before)


def test_a_saved_text_is_closed_when_it_is_counted(tmp_path):
    corpus().save(tmp_path / "text.fe")
    with opened(tmp_path / "text.fe") as sentences:
        file = sentences.encoded._ids._file
        assert not file.closed
    assert file.closed
    same_counts(count_ngrams(tmp_path / "text.fe", 3), count_ngrams(corpus(), 3))


@pytest.mark.parametrize("order", [3, 5])
def test_the_stream_goes_before_the_contexts_come(order):
    with opened(corpus()) as sentences:
        stream = sentences.stream(0, sentences.size, 0, 2)
        counts = np.bincount(stream.words, minlength=len(sentences.vocabulary))
    held = weakref.ref(stream.padded)
    sorter = sort_stream(stream, order, counts, 1, 2)
    del stream
    assert held() is not None
    assert len(levels_of_sorted(sorter, order)) == order - 1
    assert held() is None


@pytest.fixture
def pages(monkeypatch):
    """How many bytes of pages there were at most, and are."""
    held = {"now": 0, "most": 0}
    make = memory._private_pages

    def count(size, more=0):
        made = make(size, more)
        held["now"] += size
        held["most"] = max(held["most"], held["now"])
        weakref.finalize(made, lambda: held.update(now=held["now"] - size))
        return made

    monkeypatch.setattr(memory, "_private_pages", count)
    return held


@pytest.mark.parametrize("order", [2, 3, 5])
def test_memory_beside_the_levels(pages, order):
    counts = count_ngrams(corpus(), order, workers=2)
    rows, places = counts.size[1:], counts.n_tokens
    stream = 4 * (places + counts.n_sentences)
    directory = 0.25 * places * (order - 2)
    if order == 2:
        most = stream + 5 * places + 12 * rows[0]
    else:  # words and the parents of order 2 while there is a stream, then the rest
        first = stream + 5 * places + 4 * sum(rows) + 4 * rows[0]
        second = 5 * places + 12 * sum(rows) + 4 * sum(rows[1:])
        most = max(first, second) + directory
    assert most < pages["most"] + 200_000  # all of it was counted
    assert pages["most"] < most + 100_000
    assert pages["now"] <= 12 * sum(rows) + 4 * sum(rows[1:])


def test_contexts_of_a_stream_whose_bos_is_a_large_number():
    """What stands for bos in the numbers of places must not be looked up as one."""
    bos, words = 4_000_000, np.array([7, 7, 8], dtype=np.uint32)
    stream = Stream.empty(5, bos)
    stream.words[:] = [bos, *words, 2]
    counts = np.bincount(stream.words, minlength=bos + 1)
    levels = levels_of_sorted(sort_stream(stream, 3, counts, bos, 1), 3)
    assert levels[1].word.tolist() == levels[0].word[levels[1].context].tolist() == [7, bos, 7]


def test_unused_memory_is_given_back():
    words = Corpus([["a", "b"]] * 50).vocabulary()
    give_back_unused()  # changes nothing but what the process holds
    assert words.counts.tolist() == [50, 50]
