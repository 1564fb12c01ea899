"""text/vocabulary.py: order, limits, merging, files."""

from __future__ import annotations

import gzip

import numpy as np
import oracle_text
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed import Vocabulary
from fastembed.core.errors import FormatError, VocabularyError
from fastembed.text.wordlist import WordList

words = st.text(st.characters(exclude_characters="\t\n\r", codec="utf-8"), min_size=1, max_size=5)
tables = st.dictionaries(words, st.integers(0, 5), min_size=1)


def pairs(vocabulary):
    return list(zip(vocabulary, vocabulary.counts.tolist(), strict=True))


def test_order_is_count_then_bytes():
    # U+FF5E sorts before U+10000 by code point and by UTF-8 bytes, not by UTF-16
    vocabulary = Vocabulary.from_counts({"b": 1, "a": 1, "\U00010000": 1, "～": 1, "z": 9, "": 4})
    assert vocabulary.words.to_list() == ["z", "a", "b", "～", "\U00010000"]


@given(
    tables,
    st.integers(0, 4),
    st.none() | st.integers(1, 4),
    st.lists(words, max_size=2, unique=True),
)
def test_from_counts_and_truncate_against_the_oracle(counts, min_count, max_vocab, specials):
    sentences = [[word] * count for word, count in counts.items()]
    everything = (
        Vocabulary.from_counts(counts, specials=specials) if set(counts) - set(specials) else None
    )
    if everything is None:
        with pytest.raises(VocabularyError):
            Vocabulary.from_counts(counts, specials=specials)
        return
    ordinary = [(w, c) for w, c in pairs(everything) if w not in specials]
    assert ordinary == sorted(
        ((w, c) for w, c in counts.items() if w not in specials),
        key=lambda p: (-p[1], p[0].encode()),
    )
    expected = oracle_text.vocabulary(sentences, max(min_count, 1), max_vocab, specials)
    if len(expected) == len(specials):
        with pytest.raises(VocabularyError, match="no word occurs"):
            everything.truncate(max(min_count, 1), max_vocab)
    else:
        assert pairs(everything.truncate(max(min_count, 1), max_vocab)) == expected


@pytest.mark.parametrize("n", [1, 2, 255, 256, 3000])
def test_words_are_sorted_by_bytes_equal_ones_by_index(n):
    """Many that share their first eight bytes, are each other's beginning, or are the same."""
    rng = np.random.default_rng(n)
    stems = ["", "a", "ab", "abcdefgh", "abcdefghi", "abcdefg\u00e9", "\U0001f600\U0001f600x"]
    draws = zip(*rng.integers(0, (7, 7, 90), size=(n, 3)).T.tolist(), strict=True)
    words = [stems[i] + "z" * j + (str(tail) if tail > 4 else "") for i, j, tail in draws]
    expected = sorted(range(n), key=lambda i: (words[i].encode(), i))
    assert WordList.from_words(words).sorted_order().tolist() == expected


def test_counts_of_any_size_are_in_order():
    """Counts that 16 bits hold and those that they do not."""
    counts = [65534, 65535, 65536, 2**40, 65535, 1, 2**40 + 1, 65536, 1, 65534]
    words = [f"w{i}" for i in range(len(counts))]
    found = Vocabulary.from_counts(dict(zip(words, counts, strict=True)))
    expected = sorted(range(len(counts)), key=lambda i: (-counts[i], words[i]))
    assert list(found.words) == [words[i] for i in expected]
    assert found.counts.tolist() == [counts[i] for i in expected]


def test_lookups():
    vocabulary = Vocabulary(["<unk>", "the", "café"], [0, 3, 2], specials=["<unk>"], n_raw_tokens=9)
    assert len(vocabulary) == 3
    assert "café" in vocabulary
    assert "cafe" not in vocabulary
    assert 3 not in vocabulary
    assert vocabulary["café"] == vocabulary.id_of("café") == 2
    assert vocabulary.word_of(1) == "the"
    assert vocabulary.get("x") is None
    assert vocabulary.get("x", -1) == -1
    assert vocabulary.n_raw_tokens == 9
    with pytest.raises(KeyError, match="'x' is not in the vocabulary"):
        vocabulary["x"]
    with pytest.raises(IndexError):
        vocabulary.word_of(3)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="counts must be 2 numbers"):
        Vocabulary(["a", "b"], [1])
    with pytest.raises(ValueError, match="counts must be"):
        Vocabulary(["a", "b"], [1, -1])
    with pytest.raises(VocabularyError, match="word 1 of the vocabulary is empty"):
        Vocabulary(["a", ""], [1, 1])
    with pytest.raises(VocabularyError, match="'b' is in the vocabulary twice"):
        Vocabulary(["a", "b", "b"], [3, 2, 1])
    for use in (lambda: Vocabulary(["<s>"], [0], specials="<s>"),
                lambda: Vocabulary.from_counts({"a": 1}, specials="<s>")):  # fmt: skip
        with pytest.raises(TypeError, match="must be a list of words; got the string '<s>'"):
            use()
    with pytest.raises(VocabularyError, match="the specials <s> must be the first"):
        Vocabulary(["a", "<s>"], [1, 1], specials=["<s>"])
    vocabulary = Vocabulary(["a"], [1])
    with pytest.raises(ValueError, match="min_count must be >= 0; got -1"):
        vocabulary.truncate(-1)
    with pytest.raises(ValueError, match="max_vocab must be >= 1 or None; got 0"):
        vocabulary.truncate(max_vocab=0)


def test_an_empty_result_names_min_count_and_the_top_counts():
    vocabulary = Vocabulary.from_counts({"the": 7, "a": 4, "of": 2, "x": 1})
    with pytest.raises(VocabularyError, match=r"min_count=8 .*'the' \(7\), 'a' \(4\), 'of' \(2\)"):
        vocabulary.truncate(min_count=8)
    with pytest.raises(VocabularyError, match="there are no words"):
        Vocabulary.from_counts({})


def test_a_given_order_is_kept():
    vocabulary = Vocabulary(["rare", "often"], [1, 5])
    assert vocabulary.truncate(min_count=1, max_vocab=1).words.to_list() == ["rare"]


def test_a_word_twice_is_found_before_a_scan():
    words = WordList.from_words(["a", "b", "a"])  # as a file may hold them
    with pytest.raises(VocabularyError, match="'a' is in the vocabulary twice"):
        Vocabulary(words, [1, 1, 1]).table()


@given(tables, tables)
def test_merge_adds_counts(left, right):
    merged = Vocabulary.from_counts(left).merge(Vocabulary.from_counts(right))
    total = {word: left.get(word, 0) + right.get(word, 0) for word in {*left, *right}}
    assert merged == Vocabulary.from_counts(total)
    assert merged.n_raw_tokens == sum(total.values())


def test_merge_keeps_specials_first():
    left = Vocabulary(["<unk>", "a"], [5, 9], specials=["<unk>"])
    right = Vocabulary(["<s>", "<unk>", "b"], [2, 1, 30], specials=["<s>", "<unk>"])
    assert pairs(left.merge(right)) == [("<unk>", 6), ("<s>", 2), ("b", 30), ("a", 9)]


def test_fingerprint():
    base = Vocabulary(["a", "bc"], [2, 1])
    assert base.fingerprint() == Vocabulary(["a", "bc"], [2, 1]).fingerprint()
    others = [
        Vocabulary(["ab", "c"], [2, 1]),
        Vocabulary(["a", "bc"], [2, 2]),
        Vocabulary(["bc", "a"], [2, 1]),
        Vocabulary(["a", "bc"], [2, 1], specials=["a"]),
    ]
    assert len({v.fingerprint() for v in (base, *others)}) == 5


@given(tables)
def test_save_and_load(tmp_path_factory, counts):
    path = tmp_path_factory.mktemp("v") / "v.tsv"
    vocabulary = Vocabulary.from_counts(counts)
    vocabulary.save(path)
    assert path.read_bytes() == "".join(f"{w}\t{c}\n" for w, c in pairs(vocabulary)).encode()
    assert Vocabulary.load(path) == vocabulary


def test_load_reads_packed_files_and_crlf(tmp_path):
    path = tmp_path / "v.tsv.gz"
    path.write_bytes(gzip.compress(b"<unk>\t0\r\na b\t3\r\n"))
    vocabulary = Vocabulary.load(path, specials=["<unk>"])
    assert pairs(vocabulary) == [("<unk>", 0), ("a b", 3)]


@pytest.mark.parametrize("text", ["\n\na\t3\n \t\r\nb\t1\n\n", "\na\n\nb\n \n"])
def test_load_passes_over_blank_lines(tmp_path, text):
    (tmp_path / "v.tsv").write_text(text)
    counts = [3, 1] if "3" in text else [0, 0]
    vocabulary = Vocabulary.load(tmp_path / "v.tsv", plain=True)
    assert pairs(vocabulary) == list(zip("ab", counts, strict=True))


@pytest.mark.parametrize("word", ["a\tb", "a\nb", "a\rb"])
def test_save_refuses_what_the_format_cannot_hold(tmp_path, word):
    with pytest.raises(VocabularyError, match="tab or a line break"):
        Vocabulary([word], [1]).save(tmp_path / "v.tsv")
    assert not (tmp_path / "v.tsv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no words"),
        (b"a\t1\nb\n", r"line 2: expected word<TAB>count; got b'b\\n'"),
        (b"a\tx\n", "line 1: expected"),
        (b"a\t-1\n", "line 1: expected"),
        (b"a\t1\t2\n", "line 1: expected"),
        (b"\t1\n", "line 1: expected"),
        (b"a\t1\n\n\nb\n", "line 4: expected"),
        (b"\n \n", "no words"),
        (b"a\t99999999999999999999\n", "line 1: expected"),
        (b"a\t1\n\xff\t1\n", "line 2: .*not UTF-8"),
        (b"a\t1\nb\t1\na\t2\n", "line 3: 'a' was there before"),
        ("a\t\u0663\n".encode(), "line 1: expected"),
    ],
)
def test_load_names_the_line(tmp_path, text, message):
    path = tmp_path / "v.tsv"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=message) as caught:
        Vocabulary.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60))
def test_load_of_anything_is_a_vocabulary_or_a_format_error(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("v") / "v.tsv"
    path.write_bytes(text)
    try:
        vocabulary = Vocabulary.load(path)
    except FormatError:
        return
    assert len(vocabulary) == text.count(b"\n") + (not text.endswith(b"\n"))
    assert np.all(vocabulary.counts >= 0)
