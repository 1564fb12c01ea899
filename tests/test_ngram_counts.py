"""Counting n-grams against plain Python: every order, kernel, number of workers, and budget."""

from __future__ import annotations

import os
import threading

import numpy as np
import oracle_ngram as oracle
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from ngram_helpers import as_dicts, same_counts, sentences

from fastembed import Corpus, CorpusError, EncodedCorpus, FormatError, Vocabulary
from fastembed._native import _kernels, _ngram
from fastembed.core.progress import Progress
from fastembed.ngram import counting
from fastembed.ngram import sentences as sentences_module
from fastembed.ngram.counts import MAX_ORDER, NgramCounts, count_ngrams
from fastembed.ngram.runs import Run
from fastembed.ngram.tables import SPECIALS


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


@pytest.fixture
def small_parts(monkeypatch):
    """Parts, rounds and blocks so small that a few words need many."""
    monkeypatch.setattr(counting, "PART", 3)
    monkeypatch.setattr(counting, "MAX_PARTS", 1 << 40)
    monkeypatch.setattr(counting, "ROUND", 40)
    monkeypatch.setattr(sentences_module, "BLOCK", 7)


def text(seed=0, n=200, words="abcdefghij", longest=14):
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(words) + 1)
    return [
        [
            str(w)
            for w in rng.choice(list(words), size=rng.integers(0, longest), p=share / share.sum())
        ]
        for _ in range(n)
    ]


def check(counts, sentences, order):
    """Counts, their order, parents and contexts are those of plain Python."""
    expected = oracle.count(sentences, order)
    assert as_dicts(counts) == [dict(level) for level in expected]
    words = counts.vocabulary.words.to_list()
    ids = {word: i for i, word in enumerate(words)}
    below: list[tuple[str, ...]] = [(word,) for word in words]
    for k in range(2, order + 1):
        level = counts.levels[k - 1]
        ngrams = [tuple(words[i] for i in ngram) for ngram in counts.ngrams(k).tolist()]
        assert ngrams == oracle.reversed_order(expected[k - 1], ids)
        assert [below[p] for p in level.parent] == [ngram[1:] for ngram in ngrams]
        assert [below[c] for c in counts.context(k)] == [ngram[:-1] for ngram in ngrams]
        below = ngrams


@pytest.mark.parametrize("order", range(1, MAX_ORDER + 1))
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_equals_the_oracle(isa, order, workers):
    sentences = text()
    check(count_ngrams(sentences, order, workers=workers), sentences, order)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("order", [3, 5])
def test_many_parts(isa, small_parts, order, workers):
    sentences = text(n=150)
    check(count_ngrams(sentences, order, workers=workers), sentences, order)


@pytest.mark.parametrize("n", [30, 31, 32, 33, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 193])
def test_rows_that_end_where_a_chunk_does(isa, n):
    """One n-gram for all of a chunk of 64 places or a run of 128, with weights too (merging)."""
    for lines in ([["a"] * n], [["a"] * n, ["b"], [], ["b", "a"]]):
        counts = count_ngrams(lines, 3, workers=1)
        check(counts, lines, 3)
        check(counts.merge(counts), lines * 2, 3)
    # many sequences, of which as many end alike: the rows of order 2 go on over chunks
    lines = [[f"w{i}", "x", "y"] for i in range(n)]
    counts = count_ngrams(lines, 4, workers=1)
    check(counts, lines, 4)
    check(counts.merge(counts), lines * 2, 4)


@examples(40)
@given(sentences, st.integers(1, MAX_ORDER))
def test_any_text(text, order):
    check(count_ngrams(text, order, workers=2), text, order)


@pytest.mark.parametrize("bits", [4, 10, 18, 19, 25, 31, 32])
@pytest.mark.parametrize("order", [2, 3, 4, 5, 7])
def test_records_of_any_width(isa, bits, order):
    """Ids of up to 32 bits take records of one to five 64-bit words."""
    rng = np.random.default_rng(bits)
    padded = rng.integers(1, 12, size=_ngram.PAD + 900).astype(np.uint32)
    padded[: _ngram.PAD + 1] = 1
    counts = np.bincount(padded, minlength=12).astype(np.int64)
    dealing = counting._deal(counts, 1)
    found = []
    n = int(counts.sum() - counts[1])
    for width in (4, bits):
        room = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.uint8)
        sorter = _ngram.Sorter(padded, 0, 1, order, width, 1, *dealing, *room, 2)
        sorter.sort(0, len(sorter.sizes))
        words = np.empty((int(sorter.rows[:, 0].sum()), order), dtype=np.uint32)
        weights = np.empty(len(words), dtype=np.uint32)
        sorter.distinct(0, len(sorter.sizes), words, weights)
        found.append((words, weights))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])
    backwards = [tuple(row[::-1]) for row in found[1][0].tolist()]
    assert backwards == sorted(set(backwards))


def test_a_vocabulary_of_more_than_18_bits():
    n = 300_000
    vocabulary = Vocabulary([f"w{i}" for i in range(n)], np.arange(n, 0, -1))
    rng = np.random.default_rng(5)
    ids = rng.integers(n - 40, n, size=3000).astype(np.uint32)
    ids[::2] = rng.integers(0, 5, size=1500)
    counts = count_ngrams(EncodedCorpus.from_arrays(vocabulary, ids, [0, 1000, 1000, 3000]), 7)
    words = [f"w{i}" for i in ids]
    expected = oracle.count([words[:1000], [], words[1000:]], 7)
    assert as_dicts(counts) == [dict(level) for level in expected]


def test_places_beyond_a_part_s_first_2_to_the_16():
    # one word only: its places cannot be divided
    n = 200_000
    corpus = EncodedCorpus.from_arrays(Vocabulary(["a"], [n]), np.zeros(n, dtype=np.uint32))
    counts = count_ngrams(corpus, 3, workers=2)
    assert counts["a", "a", "a"] == n - 2
    assert counts["<s>", "a", "a"] == counts["a", "a", "</s>"] == 1
    assert counts.size == [4, 3, 3]


# ---------------------------------------------------------------------------------- budgets


@pytest.mark.parametrize("order", [1, 2, 4, 7])
def test_a_small_budget_changes_nothing(kjv_text, order):
    whole = count_ngrams(kjv_text, order, workers=2)
    assert whole.n_sentences == 3000
    pieces = count_ngrams(kjv_text, order, workers=1, memory=30_000)
    same_counts(whole, pieces)
    assert np.array_equal(whole.appearance, pieces.appearance)


def test_a_small_budget_cuts_one_long_sentence():
    rng = np.random.default_rng(3)
    words = [str(w) for w in rng.integers(0, 30, size=15_000)]
    for order in (1, 2, 3, 6):
        whole = count_ngrams([words], order)
        pieces = count_ngrams([words, []][:1], order, memory="1K", workers=2)
        same_counts(whole, pieces)
        assert np.array_equal(whole.appearance, pieces.appearance)


def test_a_small_budget_with_empty_lines_and_few_words():
    # more sequences of the same two words than a range should have
    sentences = [[], ["a"] * 3000, [], [], ["a", "b"] * 2500, *[[]] * 3000]
    whole = count_ngrams(sentences, 3)
    same_counts(whole, count_ngrams(sentences, 3, memory="1K"))
    check(whole, sentences, 3)


@pytest.mark.parametrize("memory", [0, "4X", "much"])
def test_bad_budget(memory):
    with pytest.raises(ValueError, match="memory"):
        count_ngrams([["a"]], 2, memory=memory)


# ---------------------------------------------------------------------------------- text


def test_empty_lines_are_sentences_unless_they_are_left_out(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a b\n\n\nb\n")
    assert count_ngrams(path, 2)["<s>", "</s>"] == 2
    assert count_ngrams(path, 2, keep_empty=False)["<s>", "</s>"] == 0
    assert count_ngrams(path, 2).n_sentences == 4


def test_rare_words_become_unk():
    counts = count_ngrams([["a", "a", "x"], ["a", "y"]], 2, min_count=2)
    assert counts.vocabulary.words.to_list() == [*SPECIALS, "a"]
    assert counts["<unk>"] == counts["a", "<unk>"] == 2


@pytest.mark.parametrize("form", ["vocabulary", "counts", "words"])
def test_a_given_vocabulary_and_unk_for_the_rest(tmp_path, form):
    vocabulary = Vocabulary(["b", "a"], [5, 4])
    if form == "counts":
        vocabulary.save(tmp_path / "v.tsv")
        vocabulary = tmp_path / "v.tsv"
    elif form == "words":
        vocabulary = tmp_path / "v.txt"
        vocabulary.write_text("b\r\na\n")
    counts = count_ngrams([["a", "zz", "b", "<unk>"]], 2, vocab=vocabulary)
    assert counts.vocabulary.words.to_list() == [*SPECIALS, "b", "a"]
    assert counts["a", "<unk>"] == counts["<unk>", "b"] == counts["b", "<unk>"] == 1
    assert counts["<unk>"] == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b"a b\n", r"v\.txt, line 1: expected one word"),
        (b"a\n\nb c\n", r"v\.txt, line 3: expected one word"),
        (b"a\na\n", r"v\.txt, line 2: 'a' was there before"),
        (b"a\n\xff\n", r"v\.txt, line 2: not UTF-8"),
        (b"a\t1\nb\n", r"v\.txt, line 2: expected word<TAB>count"),
        (b"", r"v\.txt: no words"),
        (b"\n", r"v\.txt: no words"),
    ],
)
def test_a_vocabulary_file_that_is_none(tmp_path, lines, message):
    (tmp_path / "v.txt").write_bytes(lines)
    with pytest.raises(FormatError, match=message):
        count_ngrams([["a"]], 2, vocab=tmp_path / "v.txt")


@pytest.mark.parametrize("lines", ["a\nx\xa0y\n", "a\t3\nx\xa0y\t1\n"])
def test_a_vocabulary_may_come_through_a_pipe(tmp_path, lines):
    """It is read once. Words end at ASCII white space only, as in texts."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_text(lines, encoding="utf-8"))
    writer.start()
    counts = count_ngrams([["a", "x\xa0y", "b"]], 1, vocab=fifo)
    writer.join()
    assert counts.vocabulary.words.to_list() == [*SPECIALS, "a", "x\xa0y"]
    assert counts["<unk>"] == 1


def test_unk_in_the_text_is_the_special():
    counts = count_ngrams([["a", "<unk>"], ["<unk>"]], 2)
    assert counts["<unk>"] == 2
    assert counts["<s>", "<unk>"] == 1
    assert counts.size[0] == 4


@pytest.mark.parametrize("symbol", ["<s>", "</s>"])
def test_symbols_in_the_text_are_an_error_or_left_out(tmp_path, symbol):
    path = tmp_path / "text.txt"
    path.write_text(f"a b\n\na {symbol} b\n{symbol}\n")
    with pytest.raises(CorpusError, match=f"sentence 3 .*{symbol}.*--symbols skip") as error:
        count_ngrams(path, 2)
    assert "text.txt" in str(error.value)
    counts = count_ngrams(path, 2, symbols="skip")
    check(counts, [["a", "b"], [], ["a", "b"], []], 2)
    with pytest.raises(ValueError, match="symbols"):
        count_ngrams(path, 2, symbols="drop")


def test_an_encoded_corpus_of_any_vocabulary(tmp_path, kjv_text):
    path = tmp_path / "text.fe"
    with Corpus(kjv_text).encode(keep_empty=True, path=path) as encoded:
        direct = count_ngrams(encoded, 3)
        assert encoded.n_tokens  # not closed
    stored = count_ngrams(path, 3, workers=2)
    same_counts(direct, stored)
    same_counts(direct, count_ngrams(kjv_text, 3))
    same_counts(direct, count_ngrams(path, 3, memory="40K"))
    for option in ({"vocab": Vocabulary(["a"], [1])}, {"min_count": 2}):
        with pytest.raises(ValueError, match="encoded corpus"):
            count_ngrams(path, 2, **option)


def test_an_encoded_corpus_with_specials_elsewhere():
    vocabulary = Vocabulary(["a", "</s>", "b", "<unk>"], [3, 0, 1, 1])
    corpus = EncodedCorpus.from_arrays(vocabulary, [0, 2, 3, 0], [0, 3, 4])
    counts = count_ngrams(corpus, 2)
    assert counts.vocabulary.words.to_list() == [*SPECIALS, "a", "b"]
    check(counts, [["a", "b", "<unk>"], ["a"]], 2)
    bad = EncodedCorpus.from_arrays(vocabulary, [0, 1], [0, 1, 2])
    with pytest.raises(CorpusError, match="sentence 2"):
        count_ngrams(bad, 2)


def test_unicode_words():
    sentences = [["naïve", "中文", "🙂"], ["🙂", "中文"]]
    check(count_ngrams(sentences, 3), sentences, 3)


@pytest.mark.parametrize("order", [0, 8, 2.0, True, "3"])
def test_bad_order(order):
    with pytest.raises(ValueError, match="order"):
        count_ngrams([["a"]], order)


# ---------------------------------------------------------------------------------- results


def test_count_of_counts_and_sizes():
    sentences = text()
    counts = count_ngrams(sentences, 3)
    expected = oracle.count(sentences, 3)
    for k in (1, 2, 3):
        level = expected[k - 1]
        wanted = [oracle.often(level, r) for r in range(5)]
        assert counts.count_of_counts(k, 4).tolist()[1:] == wanted[1:]
    assert counts.n_tokens == sum(len(s) + 1 for s in sentences)
    assert counts.n_sentences == len(sentences)
    with pytest.raises(ValueError, match="order"):
        counts.count_of_counts(4)


def test_lookup():
    counts = count_ngrams([["a", "b", "a"]], 3)
    assert counts[["a", "b"]] == 1
    assert counts["a"] == 2
    assert counts["b", "b"] == counts["zz", "a"] == 0
    with pytest.raises(ValueError, match="order"):
        counts["a", "b", "a", "b"]
    with pytest.raises(ValueError, match="ids"):
        counts.find([[99]])


def test_contexts_are_found_by_search_too():
    counts = count_ngrams(text(), 5)
    bare = NgramCounts(
        counts.vocabulary,
        [counting.CountLevel(level.word, level.parent, level.count) for level in counts.levels],
    )
    for workers in (1, 2):
        for k in range(2, 6):
            assert np.array_equal(bare.context(k, workers), counts.context(k))
        for level in bare.levels:
            level.context = None


@examples(30)
@given(sentences, sentences, st.integers(1, 4))
def test_merged_shards_are_the_counts_of_the_whole(first, second, order):
    merged = count_ngrams(first, order).merge(count_ngrams(second, order))
    whole = count_ngrams([*first, *second], order)
    same_counts(merged, whole)
    assert np.array_equal(merged.appearance, whole.appearance)


@pytest.mark.parametrize("order", [3, 5])
def test_shards_are_merged_in_a_small_budget(tmp_path, monkeypatch, order):
    shards, sentences = [], []
    for seed in range(3):
        part = [*text(seed=seed), [], ["only", f"here{seed}"]]
        count_ngrams(part, order).save(tmp_path / f"{seed}.fe")
        shards.append(NgramCounts.load(tmp_path / f"{seed}.fe"))
        sentences += part
    first, *others = shards
    whole = count_ngrams(sentences, order)
    used = []
    monkeypatch.setattr(Run, "__init__", lambda run, n, init=Run.__init__: (
        used.append(n), init(run, n))[1])  # fmt: skip
    same_counts(first.merge(*others), whole)
    assert not used
    merged = first.merge(*others, memory="1K")
    assert used
    same_counts(merged, whole)
    assert np.array_equal(merged.appearance, whole.appearance)


@pytest.mark.parametrize("order", [2, 4])
def test_runs_that_do_not_overlap_are_merged(order):
    """The runs of a shard follow each other: most of them have nothing in a range."""
    rng = np.random.default_rng(0)
    sentences = [[f"w{i}" for i in rng.zipf(1.3, size=12) % 3000] for _ in range(1200)]
    # and more sequences with the same last two words than a range should have
    sentences += [[f"x{i}", "a", "a"] for i in range(2500)]
    parts = [sentences[i::3] for i in range(3)]
    first, *others = (count_ngrams(part, order) for part in parts)
    whole = count_ngrams([line for part in parts for line in part], order)
    same_counts(first.merge(*others, memory=1), whole)


def test_only_like_counts_merge():
    with pytest.raises(ValueError, match="order"):
        count_ngrams([["a"]], 2).merge(count_ngrams([["a"]], 3))


@pytest.mark.parametrize("order", [1, 3, 5])
def test_find_leaves_its_argument_alone(order):
    """One n-gram alone is an array whose columns are contiguous: rows must not be put there."""
    counts = count_ngrams(text(n=30), 5)
    for rows in (slice(0, 1), slice(None)):
        ngrams = counts.ngrams(order)[rows]
        before = ngrams.copy()
        assert counts.find(ngrams).tolist() == list(range(len(ngrams)))
        assert np.array_equal(ngrams, before)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_ngrams_of_some_rows(order):
    counts = count_ngrams(text(n=30), 4)
    rows = np.arange(counts.size[order - 1])[::3]
    assert np.array_equal(counts.ngrams(order, rows), counts.ngrams(order)[rows])
    assert counts.ngrams(order, []).shape == (0, order)


def test_lower_orders_are_those_of_a_shorter_count():
    sentences = text(n=60)
    counts = count_ngrams(sentences, 5)
    same_counts(counts.up_to(3), count_ngrams(sentences, 3))
    with pytest.raises(ValueError, match="order must be from 1 to 5; got 6"):
        counts.up_to(6)


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("memory", [None, 1])
def test_progress_ends_at_the_total(order, memory):
    class Seen(Progress):
        def __init__(self):
            self.total, self.done = 0, 0

        def start(self, total, unit="", label=""):
            self.total = total if label == "counting n-grams" else None

        def update(self, done, **values):
            assert self.total is None or self.done <= done <= self.total
            self.done = done if self.total is not None else 0

    seen = Seen()
    sentences = text(n=2000)
    count_ngrams(sentences, order, memory=memory, progress=seen)
    assert seen.total == seen.done == sum(map(len, sentences)) + len(sentences)
