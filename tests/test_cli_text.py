"""fastembed vocab and encode, and what they say about bad input."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from fastembed import EncodedCorpus

TEXT = "The cat, the dog.\nA cat!\n"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text(TEXT)
    return path


def test_vocab_prints_words(run_cli, text):
    done = run_cli("vocab", text, "--lowercase", "--punctuation", "drop", "-q")
    assert done == (0, "cat\t2\nthe\t2\na\t1\ndog\t1\n", "")


def test_vocab_from_standard_input_to_a_file(run_cli, tmp_path):
    done = run_cli("vocab", "-", "-o", tmp_path / "v.tsv", "--min-count", 2, stdin=b"a b a")
    assert done.status == 0
    assert done.out == ""
    assert (tmp_path / "v.tsv").read_text() == "a\t2\n"


def test_vocab_json(run_cli, text):
    done = run_cli("vocab", text, "--json", "--max-vocab", 1, "-q")
    assert json.loads(done.out) == {
        "words": 1, "tokens": 1, "raw_tokens": 6, "min_count": 1, "counts": {"A": 1}
    }  # fmt: skip


def test_several_texts(run_cli, text, tmp_path):
    (tmp_path / "y.gz").write_bytes(gzip.compress(b"cat, A"))
    done = run_cli("vocab", text, tmp_path / "y.gz", "-q", "--workers", 2, "--min-count", 2)
    assert done.out == "A\t2\ncat,\t2\n"


def test_encode(run_cli, text, tmp_path):
    done = run_cli("encode", text, "-o", tmp_path / "x.fe", "--lowercase", "--punctuation", "split")
    assert done.status == 0
    assert done.out == f"{tmp_path / 'x.fe'}: 9 tokens in 2 sentences, 7 words\n"
    with EncodedCorpus.open(tmp_path / "x.fe") as corpus:
        assert [corpus.vocabulary.word_of(i) for i in corpus.read(0, 3)] == ["the", "cat", ","]


def test_encode_with_a_vocabulary(run_cli, text, tmp_path):
    (tmp_path / "v.tsv").write_text("<unk>\t0\ncat\t9\nthe\t7\n")
    arguments = [
        "encode",
        text,
        "-o",
        tmp_path / "x.fe",
        "--vocab",
        tmp_path / "v.tsv",
        "--json",
        "-q",
    ]
    assert json.loads(run_cli(*arguments).out) == {
        "file": str(tmp_path / "x.fe"), "words": 2, "tokens": 1, "raw_tokens": 6, "sentences": 1
    }  # fmt: skip
    done = run_cli("encode", text, "-o", tmp_path / "x.fe", "--oov", "unk", "--min-count", 2)
    assert (done.status, done.out) == (1, "")
    (tmp_path / "v.tsv").write_text("<unk>\t5\ncat\t9\nthe\t7\n")
    assert json.loads(run_cli(*arguments, "--oov", "unk").out)["tokens"] == 6


def one_line(done, status):
    """The message of a failed command."""
    assert done.status == status
    assert done.out == ""
    *progress, last = done.err.splitlines()
    assert last.startswith("fastembed: error: ")
    assert not [line for line in progress if "error" in line or "Traceback" in line]
    return last


BAD = {
    "empty": (b"", "no words: it is empty or holds only white space"),
    "spaces": (b" \n\t \r\n", "no words: it is empty or holds only white space"),
    "utf8": (b"caf\xe9 ole", "byte 3: not UTF-8 (byte 0xe9). errors='replace' (--errors replace)"),
    "nul": (b"a\0b", "byte 1: a NUL byte"),
    "cut.gz": (gzip.compress(os.urandom(500).hex().encode())[:-20], "the packed data is cut short"),
    "rare": (b"a a b", "no word occurs min_count=3 times (the most frequent: 'a' (2), 'b' (1))"),
}


@pytest.mark.parametrize("command", ["vocab", "encode"])
@pytest.mark.parametrize("name", BAD)
def test_bad_text_is_one_line_exit_1_and_no_output(run_cli, tmp_path, command, name):
    data, message = BAD[name]
    path, output = tmp_path / name, tmp_path / "out.fe"
    path.write_bytes(data)
    done = run_cli(command, path, "-o", output, "--min-count", 3, "-q")
    line = one_line(done, 1)
    assert message in line
    if name != "rare":
        assert str(path) in line
    assert sorted(os.listdir(tmp_path)) == [name]


@pytest.mark.parametrize(
    ("name", "text"),
    [("utf8", "caf�\t1\nole\t1\n"), ("nul", "a�b\t1\n")],
)
def test_errors_replace(run_cli, tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(BAD[name][0])
    assert run_cli("vocab", path, "--errors", "replace", "-q") == (0, text, "")


def test_missing_file_and_empty_folder(run_cli, tmp_path):
    missing = one_line(run_cli("vocab", tmp_path / "none"), 1)
    assert missing == f"fastembed: error: {tmp_path / 'none'}: No such file or directory"
    (tmp_path / "folder").mkdir()
    assert "the folder holds no file" in one_line(run_cli("vocab", tmp_path / "folder"), 1)
    assert "no file matches" in one_line(run_cli("vocab", tmp_path / "*.txt"), 1)


def test_output_that_cannot_be_written(run_cli, text, tmp_path):
    for command in ("vocab", "encode"):
        output = tmp_path / "no" / "x.fe"
        line = one_line(run_cli(command, text, "-o", output, "-q"), 1)
        assert str(tmp_path / "no") in line
        assert str(tmp_path) in one_line(run_cli(command, text, "-o", tmp_path, "-q"), 1)


def test_full_disk(run_cli, text, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    line = one_line(run_cli("vocab", text, "-o", "/dev/full", "-q"), 1)
    assert line.endswith("/dev/full: No space left on device")


def test_wrong_usage_is_exit_2(run_cli, text, tmp_path):
    one_line(run_cli("vocab"), 2)
    one_line(run_cli("vocab", text, "--min-count", 0), 2)
    one_line(run_cli("vocab", text, "--punctuation", "no"), 2)
    one_line(run_cli("vocab", text, "--colour"), 2)
    one_line(run_cli("vocab", text, "--workers", 0), 2)
    one_line(run_cli("encode", text), 2)
    assert "needs a file" in one_line(run_cli("encode", text, "-o", "-"), 2)


def test_bad_vocabulary_file(run_cli, text, tmp_path):
    (tmp_path / "v.tsv").write_text("cat\n")
    line = one_line(
        run_cli("encode", text, "-o", tmp_path / "x.fe", "--vocab", tmp_path / "v.tsv"), 1
    )
    assert "line 1: expected word<TAB>count" in line
    (tmp_path / "v.tsv").write_text("zebra\t5\n")
    line = one_line(
        run_cli("encode", text, "-o", tmp_path / "x.fe", "--vocab", tmp_path / "v.tsv", "-q"), 1
    )
    assert "none of the 6 words of the text is in the vocabulary" in line
    assert not (tmp_path / "x.fe").exists()
