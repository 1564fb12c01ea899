"""What counting holds in memory, and when it lets go of it."""

from __future__ import annotations

import tracemalloc
import weakref

import numpy as np
import pytest
from ngram_helpers import same_counts

from fastembed import Corpus, EncodedCorpus, Vocabulary
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


@pytest.mark.parametrize("order", [2, 3, 5])
def test_memory_beside_the_levels(order):
    text = corpus()
    count_ngrams(text, order, workers=2)  # modules
    tracemalloc.start()
    try:
        counts = count_ngrams(text, order, workers=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    levels = sum(
        level.word.nbytes + level.parent.nbytes + level.count.nbytes for level in counts.levels[1:]
    )
    contexts = sum(level.context.nbytes for level in counts.levels[2:])
    places = counts.n_tokens
    # the stream and the arrays of contexts are not there at the same time
    most = 5.5 * places + levels + max(5 * places, contexts) + 0.25 * places * max(0, order - 2)

    assert peak < most + 100_000


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
