"""text/tokenizer.py and the kernels under it (csrc/utf8.h, scan.h, hash.h) against plain Python."""

from __future__ import annotations

import functools
import sys
from collections import Counter

import numpy as np
import oracle_text
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastembed._native import _kernels, _text
from fastembed._native._words import NO_ID, WordTable, take_words
from fastembed.core.errors import CorpusError
from fastembed.text.tokenizer import load_tokenizer, make_fold, normalize, tokenize
from fastembed.text.wordlist import WordList

ISAS = _kernels.available()
# characters where something happens: cases, marks, all widths, white space of either kind
TRICKY = "aZé.,-$«»—…İIıßẞΣσς𐐀𐐨€中\u00a0\u2028\u3000\u0085𝔸🙂\U000e0041\U0010ffff \t\v\f\r"
tricky_text = st.text(st.sampled_from(TRICKY) | st.characters(codec="utf-8"), max_size=200)
foldings = st.tuples(st.booleans(), st.sampled_from(["keep", "split", "drop"]))


@pytest.fixture(params=ISAS)
def isa(request):
    """Each instruction set in turn."""
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def scan(data: bytes, fold=None, table=None, learn=True):
    """Ids, line ends and the bad byte of some text, which is placed with rubbish around it."""
    table = WordTable() if table is None else table
    text = np.frombuffer(b"xyz" + data + b"\xff\n" * _text.PADDING, dtype=np.uint8)
    ids = np.full(len(data) + 8, 7, dtype=np.uint32)
    scratch = np.empty(3 * (len(data) + _text.PADDING), dtype=np.uint8)
    n, n_lines, bad = _text.scan(
        table, text, 3, 3 + len(data), ids[: len(data)], learn=learn, fold=fold, scratch=scratch
    )
    assert (ids[len(data) :] == 7).all()
    return table, ids[:n], n_lines, bad - 3 if bad >= 0 else -1


def words_of(table):
    blob, offsets, counts = table.export()
    return WordList(blob, offsets).to_list(), counts.tolist()


# ---------------------------------------------------------------------------------- scanning


def check_scan(data: bytes, lowercase=False, punctuation="keep"):
    """A block of text against the oracle."""
    table, ids, n_lines, bad = scan(data, make_fold(lowercase, punctuation))
    assert bad == -1
    words, counts = words_of(table)
    stream = [None if i == _text.LINE_END else words[i] for i in ids.tolist()]
    folded = oracle_text.fold(data.decode(), lowercase, punctuation).encode()
    expected = []
    for i, line in enumerate(folded.split(b"\n")):
        expected += [None] * (i > 0) + [
            word.decode() for word in oracle_text.SPACE.split(line) if word
        ]
    assert stream == expected
    assert n_lines == expected.count(None)
    seen = Counter(stream)
    assert counts == [seen[word] for word in words]


@given(st.lists(st.sampled_from(["a", "bc", " ", "\n", "\r\n", "word", "x" * 17, "é"]), min_size=1))
@example(["a"] * 64)
@example(["a"] * 128 + [" "])
@example(["\n"] * 65)
@example(["a", "\n"] * 600)
def test_scan_finds_words_and_lines(pieces):
    check_scan("".join(pieces).encode())


@pytest.mark.parametrize(
    "size", [1, 15, 16, 17, 31, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 5000]
)
def test_scan_of_every_size(isa, size):
    rng = np.random.default_rng(size)
    for alphabet in (b"a", b"a ", b"ab \n", b"abcdefghijklmnop \n\t", b"\n"):
        check_scan(bytes(rng.choice(np.frombuffer(alphabet, np.uint8), size)))


def test_scan_of_long_text(isa):
    rng = np.random.default_rng(1)
    words = [f"w{i}é" * (1 + i % 4) for i in range(3000)]
    text = "".join(
        f"{words[i]}{' .,'[i % 3]}{chr(10) * (i % 7 == 0)}"
        for i in rng.integers(0, 3000, 20_000).tolist()
    )
    for lowercase, punctuation in ((False, "keep"), (True, "split"), (True, "drop")):
        check_scan(text.encode(), lowercase, punctuation)


@given(tricky_text.filter(lambda text: text and "\0" not in text), foldings)
def test_scan_folds_as_python_does(text, folding):
    check_scan(text.encode(), *folding)


def test_a_word_of_two_megabytes(isa):
    word = b"x" * 2_000_000
    check_scan(word)
    check_scan(b"a " + word + b" b " + word[1:] + b"\n" + word)


def test_words_that_differ_late_or_in_length_only():
    words = ["x" * n for n in range(1, 40)] + ["y" + "x" * n for n in range(30)]
    words += ["x" * 30 + c + "x" * 30 for c in "abc"]
    table, ids, _, _ = scan(" ".join(words).encode())
    assert ids.tolist() == list(range(len(words)))
    assert words_of(table)[0] == words


def test_scan_with_a_table_that_is_only_read():
    table, _, _, _ = scan(b"a b c")
    before = table.export()
    _, ids, n_lines, _ = scan(b"c d\na", table=table, learn=False)
    assert ids.tolist() == [2, _text.UNKNOWN, _text.LINE_END, 0]
    assert n_lines == 1
    assert all((x == y).all() for x, y in zip(before, table.export(), strict=True))
    with pytest.raises(ValueError, match="table with words"):
        scan(b"a", table=WordTable(), learn=False)


# ---------------------------------------------------------------------------------- bad bytes


def check_bad(data: bytes):
    try:
        oracle_text.decode(data)
        expected = -1
    except oracle_text.BadTextError as error:
        expected = error.args[0]
    table, ids, _, bad = scan(data)
    assert bad == expected
    if bad >= 0:
        assert len(ids) == len(table) == 0


@given(st.lists(st.binary(min_size=1, max_size=4) | tricky_text.map(str.encode)).map(b"".join))
@example(b"\xed\xa0\x80")  # a surrogate
@example(b"\xc0\x80")  # overlong
@example(b"\xf4\x90\x80\x80")  # beyond U+10FFFF
@example(b"a" * 63 + "é".encode())
@example(b"a" * 63 + b"\xc3")
@example(b"a" * 64 + b"\0")
def test_bad_bytes_are_found_where_python_finds_them(data):
    if data:
        check_bad(data)


def test_every_sequence_of_two_bytes_and_every_lead(isa):
    for lead in range(256):
        for second in (0x00, 0x20, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF):
            for tail in (b"", b" ", b"\x80", b"\x80\x80", b"\x80\x80\x80"):
                check_bad(bytes([lead, second]) + tail)
                check_bad(b" " * 62 + bytes([lead, second]) + tail + b" " * 70)


# ---------------------------------------------------------------------------------- folding


@functools.cache
def every_character(lowercase, punctuation):
    codes = (c for c in range(1, sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF)
    text = "".join(map(chr, codes))
    return text, oracle_text.fold(text, lowercase, punctuation)


@pytest.mark.parametrize("punctuation", ["keep", "split", "drop"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_every_character_of_unicode(isa, lowercase, punctuation):
    text, expected = every_character(lowercase, punctuation)
    assert normalize(text, lowercase=lowercase, punctuation=punctuation) == expected


@given(tricky_text, foldings)
def test_normalize_and_tokenize(text, folding):
    options = {"lowercase": folding[0], "punctuation": folding[1]}
    folded = oracle_text.fold(text, *folding)
    assert normalize(text, **options) == folded
    assert tokenize(text, **options) == [
        word.decode() for word in oracle_text.SPACE.split(folded.encode()) if word
    ]


def test_no_break_space_is_part_of_a_word():
    assert tokenize("a\u00a0b c\u2028d") == ["a\u00a0b", "c\u2028d"]


def test_punctuation_must_be_known():
    with pytest.raises(ValueError, match="punctuation must be one of 'keep', 'split', 'drop'"):
        normalize("x", punctuation="remove")


# ---------------------------------------------------------------------------------- words


@given(st.lists(st.text(min_size=1, max_size=40)), st.lists(st.text(max_size=40)))
def test_table_against_a_dictionary(added, asked):
    table, ids, expected = WordTable(), {}, []
    for word in added:
        expected.append(ids.setdefault(word, len(ids)))
    words = WordList.from_words(added)
    counts = np.arange(len(added), dtype=np.int64)
    assert table.add(words.blob, words.offsets, counts).tolist() == expected
    assert len(table) == len(ids)
    assert words_of(table)[0] == list(ids)
    assert sum(words_of(table)[1]) == counts.sum()
    wanted = WordList.from_words(asked)
    found = table.find(wanted.blob, wanted.offsets)
    assert found.tolist() == [ids.get(word, NO_ID) for word in asked]


def test_table_grows():
    table = WordTable()
    words = WordList.from_words(str(i) * (1 + i % 5) for i in range(50_000))
    ids = table.add(words.blob, words.offsets, np.ones(50_000, dtype=np.int64))
    assert len(np.unique(ids)) == len(set(words)) == len(table)
    assert (table.find(words.blob, words.offsets) == ids).all()


def test_table_checks_what_it_is_given():
    table = WordTable()
    words = WordList.from_words(["a", ""])
    with pytest.raises(ValueError, match="invalid argument"):
        table.add(words.blob, words.offsets, np.ones(2, dtype=np.int64))
    with pytest.raises(ValueError, match="one count for each word"):
        table.add(words.blob, words.offsets, np.ones(3, dtype=np.int64))
    with pytest.raises(ValueError, match="must not decrease"):
        table.find(words.blob, np.array([1, 0, 1], dtype=np.uint64))
    with pytest.raises(ValueError, match="do not fit"):
        table.find(words.blob, np.array([0, 9], dtype=np.uint64))


def test_take_words():
    words = WordList.from_words(["a", "bcd", "ef"])
    blob, offsets = take_words(words.blob, words.offsets, np.array([2, 0, 2], dtype=np.uint32))
    assert WordList(blob, offsets).to_list() == ["ef", "a", "ef"]
    with pytest.raises(ValueError, match="not there"):
        take_words(words.blob, words.offsets, np.array([3], dtype=np.uint32))


def test_native_calls_check_their_arguments():
    table, text, ids = WordTable(), np.zeros(100, np.uint8), np.zeros(50, np.uint32)
    with pytest.raises(ValueError, match="padded"):
        _text.scan(table, text, 0, 50, ids)
    with pytest.raises(ValueError, match="as long as the text"):
        _text.scan(table, text, 0, 30, ids[:20])
    fold = make_fold(True, "keep")
    with pytest.raises(ValueError, match="scratch"):
        _text.scan(table, text, 0, 30, ids, fold=fold)
    with pytest.raises(ValueError, match="ids is too short"):
        _text.scan_tokens(table, text, np.array([60], dtype=np.uint64), ids)
    with pytest.raises(ValueError, match="invalid argument"):
        _text.remap(np.array([5], np.uint32), np.zeros(3, np.uint32), 0, 0)
    with pytest.raises(ValueError, match="invalid argument"):
        _text.remap(np.array([_text.LINE_END], np.uint32), None, 0, 0)


# ---------------------------------------------------------------------------------- tokenizers


def test_load_tokenizer(tmp_path):
    assert load_tokenizer(None) is None
    assert load_tokenizer(str.split) is str.split
    with pytest.raises(TypeError, match="tokenizer must be None, a callable"):
        load_tokenizer(3)
    with pytest.raises(FileNotFoundError):
        load_tokenizer(tmp_path / "none.json")


def test_tokenizers_file(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    path = tmp_path / "t.json"
    model = tokenizers.models.WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.CharDelimiterSplit("-")
    tokenizer.save(str(path))
    assert load_tokenizer(path)("a-b-c") == ["a", "b", "[UNK]"]
    path.write_text("{}")
    with pytest.raises(CorpusError, match=r"t\.json: not a tokenizers JSON file"):
        load_tokenizer(path)


def test_tokenizers_file_names_its_extra(tmp_path, monkeypatch):
    path = tmp_path / "t.json"
    path.write_text("{}")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(CorpusError, match=r"pip install 'fastembed-trainer\[tokenizers\]'"):
        load_tokenizer(path)
