"""GloVe's triples and vocabulary files: round trips, Stanford's own, malformed ones."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from fastembed import Cooccurrence, FormatError, GloVe, Vocabulary, VocabularyError, WordDocument
from fastembed.embed import cooccurrence_exchange
from fastembed.evaluate.pmi import Associations
from fastembed.io.triples import (
    RECORD,
    check_no_triples,
    read_glove_vocabulary,
    read_triples,
    write_glove_vocabulary,
)

GOLDEN = Path(__file__).parent / "golden" / "glove"
N = 5
VOCABULARY = Vocabulary([f"w{i}" for i in range(N)], [9, 7, 5, 3, 1])


def write(path, records, rest=b""):
    path.write_bytes(np.array(records, dtype=RECORD).tobytes() + rest)
    return path


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("symmetric", {}),
        ("left", {"symmetric": False}),
        ("flat", {"weights": "flat"}),
    ],
)
def test_counts_are_those_of_stanford_glove(name, params):
    vocabulary = read_glove_vocabulary(GOLDEN / "vocab.txt")
    theirs = Cooccurrence.load(GOLDEN / f"{name}.bin", vocabulary=vocabulary)
    ours = Cooccurrence(window=4, min_count=2, **params).fit(GOLDEN / "text.txt")
    # the same words; their ids differ where counts are equal
    assert dict(zip(ours.vocabulary_, ours.vocabulary_.counts.tolist(), strict=True)) == dict(
        zip(vocabulary, vocabulary.counts.tolist(), strict=True)
    )
    order = [ours.vocabulary_[word] for word in vocabulary]
    assert theirs.nnz > 400
    # their sums are doubles of rounded weights: equal once both are float32
    assert (ours.matrix_.toarray()[np.ix_(order, order)] == theirs.matrix_.toarray()).all()


def test_round_trip(tmp_path):
    model = Cooccurrence(window=3, min_count=1).fit([["a", "b", "ü", "a"], ["b", "c"], ["d"]])
    model.save_triples(tmp_path / "x.bin")
    write_glove_vocabulary(tmp_path / "v.txt", model.vocabulary_)
    vocabulary = read_glove_vocabulary(tmp_path / "v.txt")
    assert vocabulary == model.vocabulary_
    again = Cooccurrence.load(tmp_path / "x.bin", vocabulary=vocabulary)
    assert (again.matrix_ != model.matrix_).nnz == 0
    assert again.indptr.tolist() == model.indptr.tolist()
    # a native file is known by its content
    model.save(tmp_path / "x.fe")
    assert Cooccurrence.load(tmp_path / "x.fe", vocabulary=vocabulary).nnz == model.nnz


def test_packed(tmp_path):
    path = tmp_path / "x.bin.gz"
    path.write_bytes(gzip.compress(np.array([(1, 2, 0.5)], dtype=RECORD).tobytes()))
    assert Cooccurrence.from_triples(path, VOCABULARY).matrix_.toarray()[0, 1] == 0.5


@given(
    records=st.lists(
        st.tuples(
            st.integers(1, N), st.integers(1, N), st.sampled_from([0.1, 1.0, 2.5, 1e-30, 1e9])
        ),
        min_size=1, max_size=40,
    ),
    block=st.sampled_from([1, 3, 1000]),
    budget=st.sampled_from([1, 100, 10**9]),
)  # fmt: skip
@examples(60)
def test_any_order_and_repeated_pairs(tmp_path_factory, records, block, budget):
    path = write(tmp_path_factory.mktemp("triples") / "x.bin", records)
    expected = np.zeros((N, N))
    for i, j, count in records:
        expected[i - 1, j - 1] += count
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastembed.io.triples.BLOCK", block)
        patch.setattr("fastembed.embed.count_matrix.BLOCK", block)
        rows = cooccurrence_exchange.rows_of_triples(
            lambda: read_triples(path, N), N, N, budget=budget, name="x"
        )
    rows.check("x")
    assert (rows.scipy().toarray() == expected.astype(np.float32)).all()


GOOD = [(1, 2, 0.5), (2, 1, 0.5)]


@pytest.mark.parametrize(
    ("records", "rest", "message"),
    [
        ([], b"", "byte 0: the file is empty"),
        (GOOD, b"1234567", "byte 32: the file ends in the middle of a record: 7 bytes"),
        ([], b"123", "byte 0: the file ends in the middle"),
        ([*GOOD, (0, 1, 1.0)], b"", "byte 32: word 0; the vocabulary has words 1 to 5"),
        ([*GOOD, (1, -3, 1.0)], b"", "byte 32: word -3"),
        ([*GOOD, (1, 6, 1.0)], b"", "byte 32: word 6"),
        ([(1, 1, -1.0)], b"", "byte 0: count -1.0; expected a positive number"),
        ([*GOOD, (1, 1, 0.0)], b"", "byte 32: count 0.0"),
        ([*GOOD, (1, 1, float("nan"))], b"", "byte 32: count nan"),
        ([(1, 1, float("inf"))], b"", "byte 0: count inf"),
        ([(1, 1, 1e39)], b"", "byte 0: count 1e\\+39"),
        ([(1, 1, 1e-60)], b"", "byte 0: count 1e-60"),
        ([(1, 1, 3e38), (1, 1, 3e38)], b"", "the pair 1, 1 add up to more than float32"),
    ],
)
@pytest.mark.parametrize("block", [1, 1000])
def test_malformed_triples(tmp_path, monkeypatch, records, rest, message, block):
    monkeypatch.setattr("fastembed.io.triples.BLOCK", block)
    path = write(tmp_path / "x.bin", records, rest)
    with pytest.raises(FormatError, match=message) as caught:
        Cooccurrence.load(path, vocabulary=VOCABULARY)
    assert str(path) in str(caught.value)


def test_triples_without_a_vocabulary(tmp_path):
    path = write(tmp_path / "x.bin", GOOD)
    for give in (Cooccurrence.load, GloVe().fit, partial(Associations.of, near="bigram")):
        with pytest.raises(FormatError, match=r"x.bin: these are .* triples.* --vocab VOCAB"):
            give(path)
    with pytest.raises(ValueError, match="give a file"):
        Cooccurrence.from_triples("-", VOCABULARY)


@pytest.mark.parametrize(
    "content",
    [b"", b"a b c d e f g h\n" * 4, "abcdefgh".encode("utf-16-le"), "abcdefgh".encode("utf-16-be"),
     b"\1\0\0\0\1\0\0\0" + 8 * b"\0", np.array(GOOD[:1], dtype=RECORD).tobytes() + b"x"],
)  # fmt: skip
def test_what_are_no_triples(tmp_path, content):
    place = tmp_path / "x.txt"
    place.write_bytes(content)
    check_no_triples(place)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no words"),
        (b"a 1\nb\n", "line 2: expected word and count"),
        (b"a 1\nb -2\n", "line 2: expected word and count"),
        (b"a 1\nb x\n", "line 2"),
        (b"a 1\na 2\n", "line 2: 'a' was there before"),
        (b"a 1 2\n", "line 1"),
        (b"\xff 1\n", "line 1: not UTF-8"),
        (b"a 1234567890123456789\n", "line 1"),
    ],
)
def test_malformed_vocabulary(tmp_path, content, message):
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_glove_vocabulary(path)


def test_a_word_that_glove_cannot_read(tmp_path):
    with pytest.raises(VocabularyError, match="white space"):
        write_glove_vocabulary(tmp_path / "v.txt", Vocabulary(["a b"], [1]))


def test_merge_adds_counts_of_shards():
    first, second = [["a", "b", "c"], ["c", "b"]], [["b", "d", "b", "a"]]
    one, two = (Cooccurrence(window=2, min_count=1).fit(text) for text in (first, second))
    both, merged = Cooccurrence(window=2, min_count=1).fit(first + second), one.merge(two)
    assert merged.vocabulary_ == both.vocabulary_
    assert (merged.matrix_ != both.matrix_).nnz == 0
    assert (merged.n_tokens_, merged.n_sentences_) == (9, 3)
    with pytest.raises(ValueError, match="window is 2 here and 3 there"):
        one.merge(Cooccurrence(window=3, min_count=1).fit(second))
    one, two = (WordDocument(min_count=1).fit(text) for text in (first, second))
    both, merged = WordDocument(min_count=1).fit(first + second), one.merge(two)
    assert (merged.matrix_ != both.matrix_).nnz == 0
    assert merged.n_documents_ == 3
