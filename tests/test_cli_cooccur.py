"""fastembed cooccur: formats, options, conversion, errors."""

from __future__ import annotations

import numpy as np
import pytest

from fastembed import Cooccurrence
from fastembed.io.triples import RECORD, read_glove_vocabulary

TEXT = "the cat sat\non the mat\nthe cat\n"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text(TEXT)
    return path


def test_native(run_cli, text, tmp_path):
    out = tmp_path / "x.fe"
    done = run_cli("cooccur", text, "-o", out, "--min-count", 1, "--window", 2, "--weights", "flat")
    assert done.status == 0
    assert done.out == ""
    assert "12 counts of 5 words" in done.err
    assert f"saved {out} ({out.stat().st_size:,} bytes)" in done.err
    model = Cooccurrence.load(out)
    expected = Cooccurrence(min_count=1, window=2, weights="flat").fit(text)
    assert (model.matrix_ != expected.matrix_).nnz == 0
    assert model.get_params() == expected.get_params()


def test_triples_and_vocabulary(run_cli, text, tmp_path):
    out, vocab = tmp_path / "x.bin", tmp_path / "v.txt"
    done = run_cli("cooccur", text, "-o", out, "--save-vocab", vocab, "--min-count", 2, "-q",
                   "--no-symmetric", "--memory", "1M")  # fmt: skip
    assert done == (0, "", "")
    assert vocab.read_text() == "the 3\ncat 2\n"
    assert np.fromfile(out, dtype=RECORD).tolist() == [(1, 2, 2.0)]


def test_conversion_both_ways(run_cli, text, tmp_path):
    first, triples, again = (tmp_path / name for name in ("a.fe", "b.bin", "c.fe"))
    vocab = tmp_path / "v.txt"
    assert run_cli("cooccur", text, "-o", first, "--min-count", 1, "-q").status == 0
    assert run_cli("cooccur", first, "-o", triples, "--save-vocab", vocab, "-q").status == 0
    done = run_cli("cooccur", triples, "--vocab", vocab, "-o", again)
    assert done.status == 0
    one, two = Cooccurrence.load(first), Cooccurrence.load(again)
    assert (one.matrix_ != two.matrix_).nnz == 0
    assert one.vocabulary_ == read_glove_vocabulary(vocab) == two.vocabulary_
    done = run_cli("cooccur", first, "-o", triples, "--window", 3)
    assert done.status == 2
    assert "has counts; --window cannot change them" in done.err


def test_given_vocabulary_and_encoded_corpus(run_cli, text, tmp_path):
    vocab, encoded = tmp_path / "v.txt", tmp_path / "e.fe"
    vocab.write_text("cat 9\nsat 8\n")
    out = tmp_path / "x.fe"
    arguments = ["-o", out, "--min-count", 1, "-q"]
    assert run_cli("cooccur", text, "--vocab", vocab, *arguments).status == 0
    model = Cooccurrence.load(out)
    assert list(model.vocabulary_) == ["cat", "sat"]
    assert model.matrix_.toarray().tolist() == [[0, 1], [1, 0]]
    assert run_cli("encode", text, "-o", encoded, "--min-count", 2, "-q").status == 0
    assert run_cli("cooccur", encoded, "-o", out, "-q").status == 0
    assert list(Cooccurrence.load(out).vocabulary_) == ["the", "cat"]
    done = run_cli("cooccur", encoded, "--vocab", vocab, "-o", out)
    assert (done.status, "no --vocab" in done.err) == (2, True)
    done = run_cli("cooccur", encoded, "--lowercase", "-o", out)
    assert (done.status, "--lowercase cannot change" in done.err) == (2, True)


def test_standard_streams(run_cli):
    done = run_cli("cooccur", "-", "-o", "-", "--format", "triples", "--min-count", 2, stdin=b"a a")
    assert done.status == 0
    assert done.out.encode() == np.array([(1, 1, 2.0)], dtype=RECORD).tobytes()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["-o", "x.txt"], 2, "no format goes with this name"),
        (["-o", "no/such/x.fe"], 1, "no such folder"),
        (["-o", "x.fe", "--memory", "lots"], 2, "memory must be bytes"),
        (["-o", "x.fe", "--memory", "1K", "--min-count", "1"], 2, "need"),
        (["-o", "x.fe", "--window", "0"], 2, "window must be"),
        (["-o", "x.fe", "--weights", "cubic"], 2, "harmonic"),
        (["-o", "x.fe", "--min-count", "9"], 1, "min_count=9"),
    ],
)
def test_errors(run_cli, text, tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    done = run_cli("cooccur", text, *arguments)
    assert (done.status, message in done.err) == (status, True), done.err
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_malformed_triples(run_cli, tmp_path):
    triples, vocab = tmp_path / "x.bin", tmp_path / "v.txt"
    vocab.write_text("a 1\n")
    triples.write_bytes(np.array([(1, 2, 1.0)], dtype=RECORD).tobytes())
    done = run_cli("cooccur", triples, "--vocab", vocab, "-o", tmp_path / "x.fe")
    assert done.status == 1
    assert "byte 0: word 2; the vocabulary has words 1 to 1" in done.err
