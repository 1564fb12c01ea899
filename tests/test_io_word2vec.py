"""io/word2vec.py, io/rows.py and csrc/floattext.h: word2vec's files, exactly and whole."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import warnings
from pathlib import Path

import numpy as np
import oracle_vectors as oracle
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastembed import FormatError, KeyedVectors
from fastembed._native import _vectors
from fastembed.io import rows, word2vec
from fastembed.io.formats import detect_format
from fastembed.io.rows import LineError, parse_number
from fastembed.io.word2vec import read_word2vec, write_word2vec
from fastembed.text.wordlist import WordList

GOLDEN = Path(__file__).parent / "golden" / "gensim"
TEXT = "3 2\ncat 1 -2.5\ndog 0.25 3e-2\nnaïve .5 +7.\n"


@pytest.fixture
def write(tmp_path):
    def put(content):
        path = tmp_path / "v.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


def raw(*values):
    return np.array(values, dtype="<f4").tobytes()


BINARY = b"2 3\ncat " + raw(1, 2, 3) + b"na\xc3\xafve " + raw(4, 5, 6)


# -------------------------------------------------------------------------- numbers as text

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


def as_text(values):
    column = np.array(values, dtype=np.float32)[:, np.newaxis]
    words = WordList.from_words([""] * len(values))
    parts = _vectors.format_rows(words.blob, words.offsets, column)
    return [line[1:] for line in b"".join(map(bytes, parts)).decode().splitlines()]


def as_float(texts):
    lines = [f"w {text}\n".encode() for text in texts]
    ends = np.cumsum([len(line) for line in lines])
    block = np.frombuffer(b"".join(lines), dtype=np.uint8)
    values = np.zeros((len(lines), 1), dtype=np.float32)
    words = np.zeros(len(lines), dtype=np.int64)
    starts = np.concatenate(([0], ends[:-1]))
    _vectors.text_rows(block, starts, ends, values, words, 1)
    return [value if n >= 0 else None for value, n in zip(values[:, 0], words, strict=True)]


@given(st.lists(floats, min_size=1))
@example([7.038531e-26])
def test_numbers_read_back_as_they_were(values):
    texts = as_text(values)
    for text, value in zip(texts, np.array(values, dtype=np.float32), strict=True):
        assert np.float32(parse_number(text.encode())).tobytes() == value.tobytes()
        # the digits are NumPy's shortest; str() lays out powers of ten in its own way
        assert float(text) == float(str(value))
        assert len(text) <= 15
    for value, fast in zip(values, as_float(texts), strict=True):
        assert fast is None or np.float32(value).tobytes() == fast.tobytes()


def test_most_numbers_are_read_in_c():
    values = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    fast = as_float(as_text(values))
    assert sum(value is None for value in fast) <= 2


def test_layout_of_numbers():
    texts = "0.0 -0.0 1.0 -2.5 0.001 0.00012345678 1e-05 1.5e-45 123456.78 1e+06 3.4028235e+38"
    expected = texts.replace("1.5e-45", "1e-45").split()
    assert as_text([float(text) for text in texts.split()]) == expected


decimals = st.from_regex(
    r"[+-]?([0-9]{1,25}\.?[0-9]{0,25}|\.[0-9]{1,25})([eE][+-]?[0-9]{1,2})?", fullmatch=True
)


@given(decimals)
@example("16777217")  # halfway between two floats
@example("16777217.0000000000000000000001")
@example("0.000000000000000000000000000000000000000000000000000001")
@example("1.00000017881393432617187499")
@example("1.000000178813934326171875")
@example("1.00000017881393432617187501")
@example("7.038531e-26")
@example("1e-46")
@example("0e99")
@example("3.4028235677973366e38")
def test_every_decimal_gives_the_nearest_float(text):
    (fast,) = as_float([text])
    try:
        slow = np.float32(parse_number(text.encode()))
    except LineError:
        assert fast is None
        assert abs(float(text)) >= 3.4028235e38
        return
    assert slow.tobytes() == oracle.nearest_float32(text).tobytes() or slow == 0
    assert fast is None or fast.tobytes() == slow.tobytes()


@pytest.mark.parametrize(
    "text", ["", "+", ".", "1e", "1e+", "e5", "0x10", "1_0", "1,5", "--1", "nan", "inf", "1f", "１"]
)
def test_what_is_no_number(text):
    assert as_float([text]) == [None]
    with pytest.raises(LineError):
        parse_number(text.encode())


# -------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_round_trip(tmp_path, binary, workers, monkeypatch):
    monkeypatch.setattr(word2vec, "ROWS", 70)
    monkeypatch.setattr(rows, "BLOCK", 5000)
    monkeypatch.setattr(word2vec, "BLOCK", 5000)
    rng = np.random.default_rng(workers)
    padded = rng.normal(size=(300, 24)).astype(np.float32) ** 5
    vectors = padded[:, :19]
    words = WordList.from_words(["", *(f"w{i}é" for i in range(298)), "x" * 9000])
    path = tmp_path / "v"
    write_word2vec(path, words, vectors, binary=binary, workers=workers)
    table = read_word2vec(path, binary=binary, workers=workers)
    assert table.words == words
    assert np.array_equal(table.vectors, vectors)


def test_gensims_files_are_read_and_written_alike(tmp_path):
    kv = KeyedVectors.load_word2vec_format(GOLDEN / "vectors.txt", fvocab=GOLDEN / "vocab.txt")
    binary = KeyedVectors.load_word2vec_format(GOLDEN / "vectors.bin", binary=True)
    assert np.array_equal(kv.vectors, binary.vectors)
    assert kv.index_to_key == binary.index_to_key
    kv.save_word2vec_format(tmp_path / "v.txt", fvocab=tmp_path / "vocab.txt")
    kv.save_word2vec_format(tmp_path / "v.bin", binary=True)
    for ours, theirs in (("v.txt", "vectors.txt"), ("v.bin", "vectors.bin"), ("vocab.txt",) * 2):
        assert (tmp_path / ours).read_bytes() == (GOLDEN / theirs).read_bytes()


def test_gensim_reads_ours(tmp_path):
    gensim = pytest.importorskip("gensim")
    vectors = np.random.default_rng(0).normal(size=(40, 7)).astype(np.float32)
    ours = KeyedVectors([f"wörd{i}" for i in range(40)], vectors)
    for binary in (True, False):
        ours.save_word2vec_format(tmp_path / "v", binary=binary)
        theirs = gensim.models.KeyedVectors.load_word2vec_format(tmp_path / "v", binary=binary)
        assert theirs.index_to_key == ours.index_to_key
        assert np.array_equal(theirs.vectors, vectors)


def test_options_of_saving(tmp_path):
    kv = KeyedVectors(["rare", "often"], np.eye(2, dtype=np.float32), counts=[1, 5])
    path = tmp_path / "v.txt"
    kv.save_word2vec_format(path, total_vec=4, prefix="*")
    kv.save_word2vec_format(path, write_header=False, append=True, sort_attr="none")
    lines = path.read_text().splitlines()
    assert lines == ["4 2", "*often 0.0 1.0", "*rare 1.0 0.0", "rare 1.0 0.0", "often 0.0 1.0"]
    assert KeyedVectors.load(path).index_to_key == ["*often", "*rare", "rare", "often"]
    del kv.expandos["count"]
    with pytest.raises(ValueError, match="fvocab needs the attribute 'count'"):
        kv.save_word2vec_format(path, fvocab=tmp_path / "vocab")


@pytest.mark.parametrize(
    ("content", "rows_"),
    [
        (TEXT, 3),
        (TEXT.rstrip("\n"), 3),
        (TEXT.replace("\n", "\r\n"), 3),
        (TEXT.replace("\n", " \n"), 3),
        ("\ufeff" + TEXT, 3),
        (TEXT + "\n\n \n", 3),
        ("0 5\n", 0),
    ],
)
def test_variants_of_text(write, content, rows_):
    table = read_word2vec(write(content))
    assert len(table.words) == rows_
    if rows_:
        assert table.words.to_list() == ["cat", "dog", "naïve"]
        expected = np.array([[1, -2.5], [0.25, 0.03], [0.5, 7]], dtype=np.float32)
        assert np.array_equal(table.vectors, expected)


@pytest.mark.parametrize("newline", [b"", b"\n"])
def test_variants_of_binary(write, newline):
    content = BINARY.replace(b"na\xc3", newline + b"na\xc3") + newline
    table = read_word2vec(write(content), binary=True)
    assert table.words.to_list() == ["cat", "naïve"]
    assert table.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("binary", [True, False])
def test_limit_and_type(write, binary):
    path = write(BINARY if binary else TEXT)
    for dtype in (np.float16, np.float32, np.float64):
        kv = KeyedVectors.load_word2vec_format(path, binary=binary, limit=1, datatype=dtype)
        assert kv.index_to_key == ["cat"]
        assert kv.vectors.dtype == dtype
        assert kv.vectors[0, 0] == 1
    with pytest.raises(ValueError, match="float16, float32 or float64"):
        KeyedVectors.load_word2vec_format(path, binary=binary, datatype=int)


def test_float64_keeps_its_digits(write):
    kv = KeyedVectors.load_word2vec_format(write("1 1\na 0.1234567890123\n"), datatype=np.float64)
    assert kv.vectors[0, 0] == 0.1234567890123


def test_no_header(write):
    kv = KeyedVectors.load_word2vec_format(write("cat 1 2\ndog 3 4\n"), no_header=True)
    assert kv["dog"].tolist() == [3, 4]
    with pytest.raises(ValueError, match="no_header is for text"):
        KeyedVectors.load_word2vec_format("x", no_header=True, binary=True)


def test_packed_files(tmp_path):
    (tmp_path / "v.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert KeyedVectors.load(tmp_path / "v.txt.gz").index_to_key == ["cat", "dog", "naïve"]
    (tmp_path / "v.bin.gz").write_bytes(gzip.compress(BINARY))
    assert KeyedVectors.load(tmp_path / "v.bin.gz").index_to_key == ["cat", "naïve"]
    (tmp_path / "cut.bin.gz").write_bytes(gzip.compress(BINARY)[:-12])
    with pytest.raises(FormatError, match=r"cut\.bin\.gz: .*cut short"):
        KeyedVectors.load(tmp_path / "cut.bin.gz", format="word2vec-binary")


def test_streams_that_promise_too_much(tmp_path):
    (tmp_path / "v.gz").write_bytes(gzip.compress(b"999999999999 300\ncat" + b" 1" * 300 + b"\n"))
    with pytest.raises(FormatError, match="line 3: the header promises 999999999999 vectors"):
        read_word2vec(tmp_path / "v.gz")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"999999999999 2\ncat " + raw(1, 2)))
    with pytest.raises(FormatError, match="expected row 2 of 999999999999"):
        read_word2vec(tmp_path / "b.gz", binary=True)


def test_other_encodings(write):
    path = write("2 1\ncaf\xe9 1\nth\xe9 2\n".encode("latin-1"))
    kv = KeyedVectors.load_word2vec_format(path, encoding="latin-1")
    assert kv.index_to_key == ["café", "thé"]
    with pytest.raises(FormatError, match=r"row 1: the word 'caf\\\\xe9' is not utf8"):
        KeyedVectors.load_word2vec_format(path)
    kv = KeyedVectors.load_word2vec_format(path, unicode_errors="replace")
    assert kv.index_to_key == ["caf�", "th�"]


def test_a_character_split_between_two_words(write):
    with pytest.raises(FormatError, match="row 1"):
        read_word2vec(write(b"2 1\na\xc3 1\n\xa9b 2\n"))


def test_repeated_words_keep_the_first_vector(write):
    path = write("5 1\na 1\nb 2\na 3\nb 4\nc 5\n")
    with pytest.warns(UserWarning, match=r"2 of 5 rows repeat.*'a' \(row 3\), 'b' \(row 4\)"):
        kv = KeyedVectors.load_word2vec_format(path)
    assert kv.index_to_key == ["a", "b", "c"]
    assert kv.vectors[:, 0].tolist() == [1, 2, 5]


# ------------------------------------------------------------------------------------ bad files


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: .*the file is empty"),
        ("hello\n", "line 1: expected the number of vectors and of dimensions; found 'hello"),
        ("1 2 3\n", "line 1: expected the number"),
        ("-1 2\n", "line 1: expected the number"),
        ("1 x\n", "line 1: expected the number"),
        ("1 0\na\n", "dimensions must be 1 to"),
        ("1 99999999999\na 1\n", "dimensions must be 1 to"),
        ("999999999999 100\na 1\n", "line 1: the header promises 999999999999 vectors"),
        ("4 2\ncat 1 2\ndog 3 4\nx 5 6\n", "line 5: the header promises 4 vectors; .* after 3"),
        ("1 2\ncat 1 2\ndog 3 4\n", "line 3: the header promises 1 vectors; more follow"),
        ("2 2\ncat 1 2\ndog 3\n      ", "line 3: expected a word and 2 numbers.*a word and 1"),
        ("2 2\ncat 1 2\ndog 3 4 5\n", "line 3: expected a word and 2 numbers.*a word and 3"),
        ("2 2\ncat 1 2\nhot dog 3 4\n", "line 3: expected a word and 2 numbers"),
        ("2 2\ncat 1 2\ndog 3  4\n", "line 3: expected a word and 2 numbers"),
        ("2 2\ncat 1 2\ndog\t3\t4\n", "line 3: expected a word and 2 numbers"),
        ("2 2\ncat 1 2\ndog 3 x4\n", "line 3: expected a number; found 'x4'"),
        ("2 2\ncat 1 nan\ndog 3 4\n", "line 2: 'nan' is not a finite number"),
        ("2 2\ncat 1 2\ndog -Inf 4\n", "line 3: '-Inf' is not a finite number"),
        ("2 2\ncat 1 2\ndog 1e39 4\n", "line 3: '1e39' is too large"),
        ("2 2\ncat 1 2\n\ndog 1 4\n", "line 3 is blank"),
        ("1 2\n\ncat 1 2\n", "line 2 is blank"),
    ],
)
def test_bad_text_names_the_line(write, content, message):
    path = write(content)
    with pytest.raises(FormatError, match=message) as caught:
        read_word2vec(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_lines_are_numbered_across_blocks(write, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK", 64)
    lines = [f"w{i} {i} 1" for i in range(100)]
    lines[77] = "w77 1"
    with pytest.raises(FormatError, match="line 79: "):
        read_word2vec(write("100 2\n" + "\n".join(lines) + "\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BINARY[:-1], "byte 20: expected row 2 of 2, a word, a space and 12 bytes; the file ends"),
        (BINARY[:21], "at least 26 bytes; 17 follow"),
        (BINARY[:19] + b"x" * 15, "byte 20: expected row 2 of 2"),
        (BINARY + b"x", "more data follow"),
        (BINARY.replace(b"2 3", b"1 3"), "the header promises 1 vectors of 3 dimensions; more"),
        (BINARY.replace(b"2 3", b"3 3"), "expected row 3 of 3|at least"),
        (b"999999999 300\n" + BINARY, "at least"),
        (b"1 2\ncat " + raw(1, np.nan), r"byte 8: the vector of 'cat' \(row 1\).*not a finite"),
        (b"1 2\ncat " + raw(-np.inf, 1), "not a finite"),
    ],
)
def test_bad_binary_names_the_byte(write, content, message):
    with pytest.raises(FormatError, match=message):
        read_word2vec(write(content), binary=True)


def test_a_binary_word_without_an_end(write, monkeypatch):
    monkeypatch.setattr(word2vec, "MAX_WORD", 1000)
    monkeypatch.setattr(word2vec, "BLOCK", 512)
    with pytest.raises(FormatError, match="no space in"):
        read_word2vec(write(b"2 3\n" + b"x" * 5000), binary=True)


def test_vocabulary_files(write, tmp_path):
    path = write(TEXT)
    vocab = tmp_path / "vocab"
    vocab.write_text("dog 5\ncat 7\nnaïve 1\nother 9\n", encoding="utf-8")
    kv = KeyedVectors.load_word2vec_format(path, fvocab=vocab)
    assert kv.expandos["count"].tolist() == [7, 5, 1]
    for content, message in (("dog 5\ncat x\n", "line 2"), ("dog 5\n\ncat\n", "line 3")):
        vocab.write_text(content)
        with pytest.raises(FormatError, match=f"{message}: expected a word and its count"):
            KeyedVectors.load_word2vec_format(path, fvocab=vocab)
    vocab.write_text("dog 5\n")
    with pytest.raises(FormatError, match=r"the word 'cat' of .* is missing"):
        KeyedVectors.load_word2vec_format(path, fvocab=vocab)


# -------------------------------------------------------------------------------------- fuzzed


@pytest.mark.filterwarnings("ignore:.*repeat an earlier word")
@given(st.data(), st.booleans())
def test_mutations_raise_nothing_but_format_errors(tmp_path_factory, data, binary):
    content = bytearray(BINARY if binary else TEXT.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "swap"])):
            case "flip":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 6))]
                content = content or bytearray(b"1")
            case "insert":
                content[at:at] = data.draw(st.binary(max_size=5))
            case "swap":
                content[at] = ord(data.draw(st.sampled_from("0123456789 \n.e-")))
    path = tmp_path_factory.mktemp("w2v") / "v"
    path.write_bytes(content)
    for read in (
        lambda: read_word2vec(path, binary=binary),
        lambda: KeyedVectors.load(path),
        lambda: KeyedVectors.load_glove_format(path),
    ):
        with contextlib.suppress(FormatError):
            table = read()
            assert np.isfinite(table.vectors).all()
            assert len(table.words) == len(table.vectors)


words_ = st.text(st.characters(blacklist_characters=" \n", blacklist_categories=["Cs"]), max_size=8)


@pytest.mark.parametrize("binary", [True, False])
@given(st.lists(st.tuples(words_, floats, floats), unique_by=lambda row: row[0]))
def test_anything_written_is_read_back(tmp_path_factory, binary, table):
    words = [word for word, _, _ in table]
    vectors = np.array([row[1:] for row in table], dtype=np.float32).reshape(-1, 2)
    path = tmp_path_factory.mktemp("w2v") / "v"
    KeyedVectors(words, vectors).save_word2vec_format(path, binary=binary)
    again = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert again.index_to_key == words
    assert again.vectors.tobytes() == vectors.tobytes()
    start = path.read_bytes()
    if table:
        assert detect_format(start, path) == f"word2vec-{'binary' if binary else 'text'}"


# ------------------------------------------------------------------------------------ writing


@pytest.mark.parametrize("binary", [True, False])
def test_what_cannot_be_written(tmp_path, binary):
    path = tmp_path / "v"
    path.write_text("old")
    for word in ("New York", "a\nb"):
        with pytest.raises(ValueError, match=re.escape(f"{word!r} (row 2) holds")):
            KeyedVectors(["x", word], np.eye(2, dtype=np.float32)).save_word2vec_format(
                path, binary=binary
            )
    bad = np.array([[1, 2], [3, np.nan]], dtype=np.float32)
    with pytest.raises(ValueError, match="the vector of 'b' has a value that is not finite"):
        KeyedVectors(["a", "b"], bad).save_word2vec_format(path, binary=binary)
    with pytest.raises(ValueError, match="prefix"):
        KeyedVectors(["a", "b"], np.eye(2)).save_word2vec_format(path, prefix="a b")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("binary", [True, False])
def test_a_full_disk(binary):
    kv = KeyedVectors([f"w{i}" for i in range(900)], np.ones((900, 30), np.float32))
    with pytest.raises(OSError, match="No space left"):
        kv.save_word2vec_format("/dev/full", binary=binary)


def test_no_warning_without_a_reason(write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        KeyedVectors.load(write(TEXT))


def test_spans_and_offsets_are_checked():
    text = np.frombuffer(b"a 1\n", dtype=np.uint8)
    one = np.zeros((1, 1), np.float32)
    with pytest.raises(ValueError, match="outside the text"):
        _vectors.text_rows(text, np.array([0]), np.array([5]), one, np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="outside the text"):
        _vectors.pack_spans(text, np.array([3]), np.array([2]))
    with pytest.raises(ValueError, match="must not decrease"):
        _vectors.sort_words(text, np.array([3, 1], np.uint64))
    with pytest.raises(ValueError, match="out of range"):
        _vectors.repeats(text, np.array([0, 2], np.uint64), np.array([1], np.uint32))
