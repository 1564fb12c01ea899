"""Files of n-gram counts: native and TSV, and what is wrong with them."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from ngram_helpers import as_dicts, same_counts, sentences

from fastembed import FormatError, NgramLM
from fastembed.io.native import read_native, write_native
from fastembed.ngram.counts import NgramCounts, count_ngrams
from fastembed.ngram.smoothing import SMOOTHINGS


@pytest.fixture
def counts(kjv_text):
    return count_ngrams(kjv_text, 4)


@pytest.mark.parametrize("mmap", [True, False])
def test_native_round_trip(counts, tmp_path, mmap):
    counts.save(tmp_path / "counts.fe")
    read = NgramCounts.load(tmp_path / "counts.fe", mmap=mmap)
    same_counts(counts, read)
    assert np.array_equal(counts.appearance, read.appearance)
    assert read.complete
    same_counts(count_ngrams([["a"]], 4).merge(counts), count_ngrams([["a"]], 4).merge(read))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("word_2", lambda a: np.full_like(a, 1 << 30)),
        ("parent_3", lambda a: a[::-1].copy()),
        ("parent_2", lambda a: a + np.uint32(1 << 31)),
        ("count_3", lambda a: a[:-1].copy()),
        ("count_2", lambda a: a.astype(np.int64)),
        ("count_1", lambda a: a - 10**9),
        ("word_4", None),
    ],
)
def test_damaged_native_files(counts, tmp_path, name, change):
    counts.save(tmp_path / "counts.fe")
    native = read_native(tmp_path / "counts.fe", mmap=False)
    arrays = dict(native.arrays)
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    write_native(tmp_path / "bad.fe", arrays, native.metadata)
    with pytest.raises(FormatError, match=r"bad\.fe"):
        NgramCounts.load(tmp_path / "bad.fe")


def without_a_context(counts, path):
    """Native counts in which one trigram lacks its context, and no longer one its suffix."""
    below, level = counts.levels[1], counts.levels[2]
    keep = np.ones(len(below), dtype=bool)
    keep[np.setdiff1d(counts.context(3), level.parent)[0]] = False
    new = np.cumsum(keep, dtype=np.uint32) - np.uint32(1)
    counts.save(path)
    native = read_native(path, mmap=False)
    arrays = {name: a for name, a in native.arrays.items() if not name.endswith("_4")}
    arrays |= {name: arrays[name][keep] for name in ("word_2", "parent_2", "count_2")}
    arrays["parent_3"] = new[level.parent]
    write_native(path, arrays, native.metadata | {"order": 3})


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_native_counts_without_a_context_are_refused(counts, tmp_path, smoothing):
    without_a_context(counts, tmp_path / "bad.fe")
    model = NgramLM(order=3, smoothing=smoothing)
    with pytest.raises(FormatError, match=r"the context '<s> \S+' of the 3-gram '<s>"):
        model.fit(NgramCounts.load(tmp_path / "bad.fe"), heldout=[["in", "the", "beginning"]])


def test_cutting_off_an_ngram_less_often_than_its_suffix_is_refused(tmp_path):
    (tmp_path / "x.tsv").write_text("a\t9\nb\t9\na b\t1\nb b\t1\nb a\t9\nb a b\t5\n")
    counts = NgramCounts.read_tsv(tmp_path / "x.tsv")
    with pytest.raises(FormatError, match="suffix"):
        counts.cut_off([1, 2, 2])


def test_native_files_of_something_else(tmp_path):
    write_native(tmp_path / "x.fe", {"x": np.zeros(3)}, {"kind": "vectors"})
    with pytest.raises(FormatError, match="n-gram counts"):
        NgramCounts.load(tmp_path / "x.fe")


@pytest.mark.parametrize("name", ["counts.tsv", "counts.tsv.gz"])
def test_tsv_round_trip(counts, tmp_path, name):
    plain = tmp_path / "counts.tsv"
    counts.write_tsv(plain)
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(plain.read_bytes()))
    read = NgramCounts.read_tsv(tmp_path / name)
    assert as_dicts(read) == as_dicts(counts)
    assert read.complete
    assert read.appearance is None


@examples(10)
@given(sentences)
def test_tsv_of_any_text(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("tsv") / "counts.tsv"
    counts = count_ngrams(text, 3)
    counts.write_tsv(path)
    lines = path.read_text().splitlines()
    expected = [
        f"{' '.join(ngram)}\t{count}"
        for level in as_dicts(counts)
        for ngram, count in level.items()
    ]
    assert lines == expected
    path.write_text("\r\n".join(reversed(lines)) + "\r\n")
    read = NgramCounts.read_tsv(path)
    assert as_dicts(read) == as_dicts(counts)


def test_tsv_in_small_blocks_and_without_a_last_newline(counts, tmp_path, monkeypatch):
    import fastembed.ngram.counts_io as module

    counts.write_tsv(tmp_path / "counts.tsv")
    text = (tmp_path / "counts.tsv").read_bytes()
    (tmp_path / "counts.tsv").write_bytes(text.rstrip(b"\n"))
    monkeypatch.setattr(module, "BLOCK", 1000)
    assert as_dicts(NgramCounts.read_tsv(tmp_path / "counts.tsv")) == as_dicts(counts)


def test_the_order_of_a_tsv(counts, tmp_path):
    counts.write_tsv(tmp_path / "x.tsv")
    for order in (1, 2, 3, 4, None):
        same_counts(
            NgramCounts.read_tsv(tmp_path / "x.tsv", order),
            NgramCounts.read_tsv(tmp_path / "x.tsv").up_to(order or 4),
        )
    short = count_ngrams([["a"]], 5)
    short.write_tsv(tmp_path / "x.tsv")
    assert NgramCounts.read_tsv(tmp_path / "x.tsv").order == 3
    read = NgramCounts.read_tsv(tmp_path / "x.tsv", order=5)
    assert as_dicts(read) == as_dicts(short)
    assert read.complete
    model = NgramLM(order=5, smoothing="witten_bell").fit(read)
    wanted = NgramLM(order=5, smoothing="witten_bell").fit(short)
    assert model.score_sentence("a a b") == wanted.score_sentence("a a b")
    for order in (0, 8, True, "3"):
        with pytest.raises(ValueError, match="order must be an integer from 1 to 7"):
            NgramCounts.read_tsv(tmp_path / "x.tsv", order)


def test_tsv_with_cut_off_counts_is_not_complete(counts, tmp_path):
    counts.cut_off([1, 2, 2, 2]).write_tsv(tmp_path / "counts.tsv")
    assert not NgramCounts.read_tsv(tmp_path / "counts.tsv").complete


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no 1-grams"),
        ("a\t1\nb 2\n", "line 2: 0 tabs"),
        ("a\t1\n\nb\t2\n", "line 2: 0 tabs"),
        ("a\t1\nb\t2\t3\n", "line 2: 2 tabs"),
        ("a\tb 3\n", "line 1: a space behind the tab"),
        ("a\t1\nb\tx\n", "line 2: no count"),
        ("a\t1\nb\t\n", "line 2: no count"),
        ("a\t-1\n", "line 1: no count"),
        ("a\t1.5\n", "line 1: no count"),
        ("a\t1234567890123456789\n", "line 1: no count"),
        ("\t3\n", "line 1: 0 words"),
        ("a b c d e f g h\t1\n", "line 1: 8 words"),
        ("a\t1\na\xff\t1\n", "line 2: not UTF-8"),
        ("a\t1\na\0b\t1\n", "line 2: not UTF-8"),
        ("a\t1\na\t2\n", "line 2: the unigram 'a' is there twice"),
        ("a\t1\na a\t2\na a\t3\n", "line 3: the 2-gram 'a a' is there twice"),
        ("a\t1\na b\t2\n", "line 2: .* no unigram"),
        ("a\t1\nb\t1\na b a\t2\na a\t1\n", "line 3: the 3-gram 'a b a' has a suffix"),
        ("a\t3\nb\t2\nc\t2\nb c\t2\na b c\t2\n", "line 5: the 3-gram 'a b c' has a context"),
        ("a\t1\na a a\t2\n", "no 2-grams"),
        ("a\t1\na <s>\t2\n", "<s> behind"),
        ("a\t1\n</s> a\t2\n", "</s> before"),
        ("a\t1\na a\t4294967296\n", "2\\*\\*32"),
    ],
)
def test_malformed_tsv(tmp_path, text, problem):
    path = tmp_path / "bad.tsv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError, match=problem) as error:
        NgramCounts.read_tsv(path)
    assert "bad.tsv" in str(error.value)
