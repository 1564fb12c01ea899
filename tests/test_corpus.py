"""text/corpus.py, encoder.py and reader.py: every source, against the oracle, for any workers."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import sys
import threading

import numpy as np
import oracle_text
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from text_helpers import expected, foldings, result, shrink, texts

import fastembed.text.corpus as corpus_module
import fastembed.text.encoder as encoder_module
import fastembed.text.reader as reader_module
from fastembed import Corpus
from fastembed.core.errors import CorpusError, VocabularyError
from fastembed.core.progress import Progress


@pytest.fixture
def small(monkeypatch):
    """A few words are many blocks."""
    shrink(monkeypatch)


# ---------------------------------------------------------------------------------- files


@given(texts, foldings, st.integers(1, 3), st.integers(1, 2), st.booleans())
@example("a", (False, "keep"), 1, 1, False)
@example("\n\n", (False, "keep"), 1, 1, True)
@example("a b\n  \n \nc\n   ", (False, "keep"), 2, 1, True)
@example("x" * 300 + " a\n" + "y" * 100, (False, "keep"), 2, 1, False)
def test_files_against_the_oracle(
    small, tmp_path_factory, text, folding, workers, min_count, keep_empty
):
    path = tmp_path_factory.mktemp("c") / "c.txt"
    path.write_bytes(text.encode())
    options = {"lowercase": folding[0], "punctuation": folding[1]}
    corpus = Corpus(path, workers=workers, **options)
    sentences = oracle_text.lines(text.encode(), **options)
    want = expected(sentences, min_count, keep_empty=keep_empty)
    if not want[0]:
        with pytest.raises((CorpusError, VocabularyError)):
            corpus.encode(min_count=min_count)
        return
    assert result(corpus.encode(min_count=min_count, keep_empty=keep_empty)) == want
    assert list(corpus) == [sentence for sentence in sentences if sentence]
    vocabulary = corpus.vocabulary(min_count)
    assert (vocabulary.words.to_list(), vocabulary.counts.tolist()) == want[:2]
    assert vocabulary.n_raw_tokens == sum(map(len, sentences))


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """Some megabytes, of many blocks, in lines and in one line."""
    rng = np.random.default_rng(5)
    words = np.array([f"w{i}" for i in range(5000)] + ["é" * 9, "x" * 70])
    chosen = words[np.minimum(rng.zipf(1.3, 600_000) - 1, len(words) - 1)]
    chosen = np.where(rng.random(len(chosen)) < 0.05, "\n", chosen)
    folder = tmp_path_factory.mktemp("big")
    (folder / "lines.txt").write_text(" ".join(chosen.tolist()))
    (folder / "line.txt").write_text(" ".join(chosen[chosen != "\n"].tolist()))
    return folder


@pytest.mark.parametrize("name", ["lines.txt", "line.txt"])
def test_workers_blocks_and_spools_do_not_change_the_result(big, name, monkeypatch):
    data = (big / name).read_bytes()
    want = expected(oracle_text.lines(data), min_count=3, max_vocab=4000)
    for workers, block, memory in (
        (1, 1 << 21, 1 << 26),
        (2, 1 << 16, 1 << 26),
        (4, 1 << 15, 1 << 12),
    ):
        monkeypatch.setattr(corpus_module, "BLOCK", block)
        monkeypatch.setattr(encoder_module, "MEMORY", memory)
        encoded = Corpus(big / name, workers=workers).encode(min_count=3, max_vocab=4000)
        assert result(encoded) == want


def test_one_line_is_one_sentence_and_iterates_in_pieces(big):
    corpus = Corpus(big / "line.txt")
    with corpus.encode() as encoded:
        assert encoded.n_sentences == 1
        pieces = list(corpus)
        assert max(map(len, pieces)) == corpus_module.MAX_PIECE
        assert sum(map(len, pieces)) == encoded.n_tokens
        first = encoded.read(0, 10).tolist()
        assert [encoded.vocabulary.word_of(i) for i in first] == pieces[0][:10]


def test_several_files_packed_and_not(tmp_path, small):
    (tmp_path / "1.txt").write_bytes(b"a b\nc")
    (tmp_path / "2.txt.gz").write_bytes(gzip.compress(b"c a\n"))
    (tmp_path / "3.txt").write_bytes(b"")
    (tmp_path / "4.txt").write_bytes(b"a")
    want = [["a", "b"], ["c"], ["c", "a"], ["a"]]
    paths = sorted(tmp_path.iterdir())
    for corpus in (
        Corpus(tmp_path),
        Corpus(str(tmp_path / "*.txt*")),
        Corpus(paths, workers=3),
        Corpus.from_files([str(path) for path in paths]),
    ):
        assert list(corpus) == want
        assert result(corpus.encode()) == expected(want)
    assert repr(Corpus(tmp_path)) == f"<Corpus of {paths[0]} and 3 more>"


def test_byte_order_mark_and_crlf(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbfa b\r\n\r\n\xef\xbb\xbfc\r\n")
    # in the middle of a text it is a character like others
    assert list(Corpus(path)) == [["a", "b"], ["\ufeffc"]]
    assert result(Corpus(path).encode())[0] == ["a", "b", "\ufeffc"]


def test_standard_input_is_read_once(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a b\na")))
    corpus = Corpus("-")
    assert result(corpus.encode()) == (["a", "b"], [2, 1], [0, 1, 0], [0, 2, 3])
    with pytest.raises(CorpusError, match="standard input can be read only once"):
        corpus.encode()


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="no /dev/fd")
def test_a_pipe_is_read_once():
    out, into = os.pipe()
    os.write(into, b"a b\n")
    os.close(into)
    corpus = Corpus(f"/dev/fd/{out}")
    assert list(corpus.vocabulary()) == ["a", "b"]
    with pytest.raises(CorpusError, match="can be read only once"):
        corpus.encode()
    os.close(out)


# ---------------------------------------------------------------------------------- bad text


def test_bad_bytes_stop_with_the_place_and_the_option(tmp_path, small):
    path = tmp_path / "x.txt"
    for at in (0, 1, 63, 64, 65, 200, 999):
        for bad in (b"\xff", b"\0", b"\xc3"):
            data = bytearray(b"word abc\n" * 120)
            data[at : at + 1] = bad
            path.write_bytes(data)
            for workers in (1, 3):
                corpus = Corpus(path, workers=workers)
                for use in (corpus.encode, corpus.vocabulary, lambda c=corpus: list(c)):
                    with pytest.raises(CorpusError, match=rf"x\.txt: byte {at}: ") as caught:
                        use()
                    assert "--errors replace" in str(caught.value)
                    assert ("NUL" in str(caught.value)) == (bad == b"\0")


def test_the_first_bad_byte_is_named(tmp_path, small):
    path = tmp_path / "x.txt"
    path.write_bytes(b"ok " * 500 + b"\xff " + b"ok " * 50 + b"\xfe")
    with pytest.raises(CorpusError, match="byte 1,500: not UTF-8"):
        Corpus(path, workers=4).encode()


def test_utf16_is_recognised(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("text".encode("utf-16"))
    with pytest.raises(CorpusError, match="byte-order mark of UTF-16"):
        Corpus(path).encode()
    path.write_bytes("text".encode("utf-16-le"))
    with pytest.raises(
        CorpusError, match="byte 1: a NUL byte; this looks like a binary file or UTF-16"
    ):
        Corpus(path).encode()


@given(
    st.lists(
        st.sampled_from([b"a", b"\xff", b"\0", b" ", b"\n", b"\xe2\x82", b"word ", "é".encode()])
    ).map(b"".join),
    foldings,
    st.integers(1, 2),
)
def test_replacement_against_the_oracle(small, tmp_path_factory, data, folding, workers):
    path = tmp_path_factory.mktemp("c") / "c.txt"
    path.write_bytes(data)
    options = {"lowercase": folding[0], "punctuation": folding[1], "errors": "replace"}
    corpus = Corpus(path, workers=workers, **options)
    want = expected(oracle_text.lines(data, **options))
    if want[0]:
        assert result(corpus.encode()) == want
        assert list(corpus) == [line for line in oracle_text.lines(data, **options) if line]


@pytest.mark.parametrize("data", [b"", b" \n\t\n ", b"\n", b"\xef\xbb\xbf"])
def test_no_words(tmp_path, data):
    path = tmp_path / "x.txt"
    path.write_bytes(data)
    for use in (Corpus(path).encode, Corpus(path).vocabulary):
        with pytest.raises(CorpusError, match=r"x\.txt: no words: it is empty or holds only white"):
            use()


def test_a_cut_gz(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(os.urandom(1000).hex().encode())[:-9])
    with pytest.raises(CorpusError, match=r"x\.gz: the packed data is cut short"):
        Corpus(path).encode()


def test_a_word_without_end(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    path.write_bytes(b"a b " + b"x" * 2_000_000)
    assert result(Corpus(path).encode())[2] == [0, 1, 2]
    monkeypatch.setattr(corpus_module, "BLOCK", 1000)
    assert result(Corpus(path).encode())[2] == [0, 1, 2]
    monkeypatch.setattr(reader_module, "MAX_WORD", 100_000)
    with pytest.raises(CorpusError, match=r"no white space in the .* bytes from byte 4"):
        Corpus(path).encode()


def test_min_count_that_leaves_nothing():
    with pytest.raises(VocabularyError, match=r"min_count=3 times \(the most frequent: 'a' \(2\)"):
        Corpus([["a", "b", "a"]]).encode(min_count=3)


# ---------------------------------------------------------------------------------- resources


def test_nothing_is_left_behind(tmp_path, small, monkeypatch):
    (tmp_path / "x.txt").write_text("word " * 1000 + "\xff")
    (tmp_path / "bad.txt").write_bytes(b"word " * 1000 + b"\xff")
    output = tmp_path / "out"
    output.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(output))
    with Corpus(tmp_path / "x.txt").encode(), pytest.raises(CorpusError):
        Corpus(tmp_path / "bad.txt").encode(path=output / "x.fe")
    assert list(output.iterdir()) == []


def test_threads_end(tmp_path, small):
    path = tmp_path / "x.txt"
    path.write_bytes(b"a b c\n" * 500)
    Corpus(path, workers=4).encode().close()
    path.write_bytes(b"a b c\n" * 500 + b"\xff")
    with pytest.raises(CorpusError):
        Corpus(path, workers=4).vocabulary()
    assert not [t for t in threading.enumerate() if t.name.startswith("fastembed")]


def test_ctrl_c(tmp_path, small):
    class Stop(Progress):
        def update(self, done, **figures):
            raise KeyboardInterrupt

    path, output = tmp_path / "x.txt", tmp_path / "out"
    path.write_bytes(b"a b c\n" * 500)
    output.mkdir()
    for workers in (1, 4):
        with pytest.raises(KeyboardInterrupt):
            Corpus(path, workers=workers).encode(path=output / "x.fe", progress=Stop())
    assert list(output.iterdir()) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("fastembed")]


def test_iterating_can_stop_early(big):
    assert len(list(itertools.islice(Corpus(big / "lines.txt"), 3))) == 3
