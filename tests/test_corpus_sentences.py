"""text/corpus.py: lists of words, strings, tokenizers, given vocabularies."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import oracle_text
import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_helpers import expected, foldings, result, shrink, texts

from fastembed import Corpus, EncodedCorpus, Vocabulary
from fastembed.core.errors import CorpusError, VocabularyError
from fastembed.core.progress import Progress
from fastembed.text.corpus import open_corpus


@pytest.fixture
def small(monkeypatch):
    """A few words are many blocks."""
    shrink(monkeypatch)


# ---------------------------------------------------------------------------------- sentences


class Again:
    """An iterable that begins again each time, and counts how often."""

    def __init__(self, items):
        self.items, self.passes = items, 0

    def __iter__(self):
        self.passes += 1
        yield from self.items


SENTENCES = [["the", "cat"], [], ["the", "", "New York", "naïve", "\n", "a\tb"], ("x",)]


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        Again,
        lambda items: lambda: iter(items),
        lambda items: np.array([*items, None], dtype=object)[:-1],
    ],
    ids=["list", "tuple", "iterable", "callable", "array"],
)
def test_lists_of_words(small, make):
    corpus = Corpus(make(SENTENCES))
    want = [[word for word in sentence if word] for sentence in SENTENCES]
    assert list(corpus) == [sentence for sentence in want if sentence]
    assert result(corpus.encode()) == expected(want)
    assert result(corpus.encode(keep_empty=True)) == expected(want, keep_empty=True)


def test_encode_reads_the_source_once():
    source = Again([["a", "b"]])
    corpus = Corpus(source)
    before = source.passes
    corpus.encode().close()
    # once to see what the first item is
    assert source.passes == before + 2


@given(st.lists(texts, max_size=6), foldings)
def test_strings_are_text(small, strings, folding):
    options = {"lowercase": folding[0], "punctuation": folding[1]}
    corpus = Corpus(strings, **options)
    data = "".join(string + "\n" for string in strings).encode()
    sentences = [oracle_text.lines(b"x\n" + data, **options)[1:]][0]
    want = expected(sentences)
    if not want[0]:
        with pytest.raises(CorpusError, match="the list of sentences: no words"):
            corpus.encode()
        return
    assert result(corpus.encode()) == want
    assert list(corpus) == [sentence for sentence in sentences if sentence]


def test_lowercase_works_on_lists_of_words_and_punctuation_cannot():
    corpus = Corpus([["The", "ÉTÉ", "a.B"]], lowercase=True)
    assert list(corpus) == [["the", "été", "a.b"]]
    assert result(corpus.encode())[0] == ["a.b", "the", "été"]
    with pytest.raises(ValueError, match="punctuation is for text"):
        Corpus([["a"]], punctuation="drop").encode()


def test_a_long_list_of_words_is_one_sentence_and_iterates_in_pieces():
    corpus = Corpus([["w"] * 25_000])
    assert [len(piece) for piece in corpus] == [10_000, 10_000, 5_000]
    with corpus.encode() as encoded:
        assert encoded.offsets.tolist() == [0, 25_000]


def test_what_can_be_read_once_only_is_refused():
    for source in (iter([["a"]]), (x for x in [["a"]]), map(str.split, ["a"]), open(os.devnull)):  # noqa: SIM115
        with pytest.raises(CorpusError, match="can be read only once; give a list"):
            Corpus(source)


@pytest.mark.parametrize("source", [b"bytes", 3, None, {"text": ["a"]}])
def test_what_is_no_corpus_is_refused(source):
    with pytest.raises(TypeError, match="a corpus is a path, an iterable of sentences"):
        Corpus(source)


def test_names_of_files_as_text_are_refused(tmp_path):
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path in paths:
        path.write_text("hello world")
    with pytest.raises(CorpusError, match=r"use Corpus\.from_files"):
        Corpus([str(path) for path in paths])
    assert list(Corpus([str(paths[0]), "other text"]))[1] == ["other", "text"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([["a"], "b"], "item 1: expected a list of words; got str"),
        (["a", ["b"]], "item 1: expected a str; got list"),
        ([{"text": "a"}], "got dict; give one column"),
        ([["a", 3]], r"sentence 0: expected words \(str\); got 3"),
        ([["a"], ["b", b"c"]], "sentence 1: expected words"),
        ([3], "item 0: expected a list of words; got int"),
        (["a", float("nan")], "item 1: expected a str; got float"),
    ],
)
def test_items_of_the_wrong_kind(source, message):
    for use in (Corpus(source).encode, lambda: list(Corpus(source))):
        with pytest.raises(TypeError, match=message):
            use()


@pytest.mark.parametrize("bad", ["a\0b", "\ud800", "x\udcff"])
@pytest.mark.parametrize("wrap", [lambda word: [word], lambda word: word], ids=["words", "text"])
def test_bad_characters_in_python_strings(bad, wrap):
    source = [wrap("fine"), wrap(bad)]
    for use in (Corpus(source).encode, lambda: list(Corpus(source))):
        with pytest.raises(CorpusError, match="errors='replace' puts U"):
            use()
    assert list(Corpus(source, errors="replace"))[1] == [
        bad.replace("\0", "\ufffd").replace("\ud800", "\ufffd").replace("\udcff", "\ufffd")
    ]
    assert sorted(result(Corpus(source, errors="replace").encode())[2]) == [0, 1]


# ---------------------------------------------------------------------------------- tokenizers


def test_a_tokenizer_takes_lines(tmp_path, small):
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffA-b\r\nc\n\n".encode() + b"long " * 50 + b"\nlast-line")
    seen = []

    def tokenizer(line):
        seen.append(line)
        return line.split("-")

    corpus = Corpus(path, tokenizer=tokenizer, lowercase=True)
    want = ["a-b", "c", "", "long " * 50, "last-line"]
    sentences = [[word for word in line.split("-") if word] for line in want]
    assert result(corpus.encode()) == expected(sentences)
    assert seen == want
    assert list(corpus) == [sentence for sentence in sentences if sentence]
    texts = Corpus(["A-b\nc", "", "d"], tokenizer=tokenizer)
    assert list(texts) == [["A", "b"], ["c"], ["d"]]
    dropped = Corpus(["a-b, c"], tokenizer=str.split, punctuation="drop")
    assert list(dropped) == [["a", "b", "c"]]


def test_a_tokenizer_must_return_words():
    with pytest.raises(TypeError, match="the tokenizer must return a list of words"):
        Corpus(["a b"], tokenizer=str.upper).encode()
    with pytest.raises(TypeError, match="expected words"):
        Corpus(["a b"], tokenizer=lambda line: [1, 2]).encode()
    with pytest.raises(TypeError, match="item 0: expected a str; got list"):
        Corpus([["a"]], tokenizer=str.split).encode()


# ---------------------------------------------------------------------------------- vocabularies


@pytest.mark.parametrize("workers", [1, 3])
def test_a_given_vocabulary(tmp_path, small, workers):
    sentences = [["a", "x", "b"], ["x"], ["c", "a"]] * 40
    path = tmp_path / "x.txt"
    path.write_text("\n".join(map(" ".join, sentences)))
    given = Vocabulary(["<unk>", "c", "a"], [0, 2, 5], n_raw_tokens=50)
    for source in (path, sentences):
        corpus = Corpus(source, workers=workers)
        with corpus.encode(given) as encoded:
            assert encoded.vocabulary is given
            assert encoded.n_raw_tokens == 240
            ids = encoded.read(0, encoded.n_tokens).tolist()
            assert (ids, encoded.offsets.tolist()) == oracle_text.encode(sentences, given)
        with corpus.encode(given, oov="unk", keep_empty=True) as encoded:
            ids = encoded.read(0, encoded.n_tokens).tolist()
            assert (ids, encoded.offsets.tolist()) == oracle_text.encode(sentences, given, 0, True)


def test_a_given_vocabulary_must_fit():
    with pytest.raises(VocabularyError, match="none of the 2 words of the text is in the vocab"):
        Corpus([["a", "b"]]).encode(Vocabulary(["x"], [1]))
    with pytest.raises(VocabularyError, match="oov='unk' needs the word <unk>"):
        Corpus([["a"]]).encode(Vocabulary(["a"], [1]), oov="unk")
    with pytest.raises(ValueError, match="oov must be 'drop' or 'unk'; got 'keep'"):
        Corpus([["a"]]).encode(oov="keep")


def test_unknown_words_of_the_text_itself():
    with Corpus([["a", "b", "a", "c"]]).encode(min_count=2, oov="unk") as encoded:
        assert list(encoded.vocabulary) == ["<unk>", "a"]
        assert encoded.vocabulary.counts.tolist() == [2, 2]
        assert encoded.read(0, 4).tolist() == [1, 0, 1, 0]
    # a text that has the word itself
    with Corpus([["<unk>", "b", "a", "a"]]).encode(min_count=2, oov="unk") as encoded:
        assert encoded.vocabulary.counts.tolist() == [2, 2]


def test_specials_come_first():
    corpus = Corpus([["b", "</s>", "a", "a"]])
    vocabulary = corpus.vocabulary(specials=["<s>", "</s>"])
    assert list(vocabulary) == ["<s>", "</s>", "a", "b"]
    assert vocabulary.counts.tolist() == [0, 1, 2, 1]
    assert corpus.encode(min_count=2, specials=["<s>", "</s>"]).read(0, 3).tolist() == [1, 2, 2]


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="errors must be 'strict' or 'replace'; got 'ignore'"):
        Corpus([["a"]], errors="ignore")
    with pytest.raises(ValueError, match="punctuation must be one of"):
        Corpus([["a"]], punctuation="no")
    with pytest.raises(ValueError, match="workers must be"):
        Corpus([["a"]], workers=0).encode()
    with pytest.raises(ValueError, match="max_vocab must be >= 1"):
        Corpus([["a"]]).encode(max_vocab=0)
    with pytest.raises(FileNotFoundError):
        Corpus("no such file")


# ---------------------------------------------------------------------------------- the rest


def test_of_and_open_corpus(tmp_path):
    corpus = Corpus([["a"]])
    assert Corpus.of(corpus) is corpus
    assert list(Corpus.of([["b"]])) == [["b"]]
    assert open_corpus(corpus) is corpus
    path = tmp_path / "x.fe"
    with corpus.encode(path=path) as encoded:
        assert open_corpus(encoded) is encoded
    with open_corpus(path) as opened:
        assert isinstance(opened, EncodedCorpus)
    (tmp_path / "x.txt").write_text("a b")
    assert isinstance(open_corpus(tmp_path / "x.txt"), Corpus)


def test_progress_counts_stored_bytes_and_sentences(tmp_path, small):
    class Record(Progress):
        def __init__(self):
            self.calls = []

        def start(self, total, unit, label):
            self.calls.append((total, unit, label))

        def update(self, done, **figures):
            self.calls.append(done)

        def close(self):
            self.calls.append("close")

    for name, data in (("1.txt", b"ab " * 100), ("2.gz", gzip.compress(b"a"))):
        (tmp_path / name).write_bytes(data)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    record = Record()
    Corpus(tmp_path).encode(progress=record).close()
    start, *done, closed = record.calls
    assert start == (size, "B", "reading text")
    assert done == sorted(done)
    assert done[-1] == size
    assert closed == "close"
    record = Record()
    Corpus([["a"]] * 7).vocabulary(progress=record)
    assert record.calls[0] == (7, "sentence", "counting words")
    assert record.calls[-2:] == [7, "close"]


def test_paths_can_be_paths(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("a")
    assert list(Corpus(Path(path))) == list(Corpus([path])) == list(Corpus(str(path))) == [["a"]]


def test_a_function_that_gives_the_same_iterator_again():
    items = iter([["a", "b"], ["c"]])
    with pytest.raises(CorpusError, match="the same iterator again"):
        Corpus(lambda: items).encode()
