"""ARPA files: KenLM's and SRILM's dialects, what is written, and what is refused with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from oracle_lm import OracleLM, random_arpa

from fastembed import FormatError, NgramLM
from fastembed.ngram import arpa_lines
from fastembed.ngram.arpa import write_arpa
from fastembed.ngram.arpa_reader import read_arpa

GOLDEN = Path(__file__).parent / "golden" / "lm"
SCORES = json.loads((GOLDEN / "scores.json").read_text())
GOOD = """\
\\data\\
ngram 1=4
ngram 2=3
ngram 3=1

\\1-grams:
-1\t<unk>\t0
-99\t<s>\t-0.5
-0.7\t</s>
-0.4\ta\t-0.25

\\2-grams:
-0.3\t<s> a\t-0.125
-0.2\ta a\t0.5
-0.1\ta </s>

\\3-grams:
-0.05\t<s> a a

\\end\\
"""


def written(model: NgramLM, path: Path) -> str:
    model.save_arpa(path)
    return path.read_text()


@pytest.mark.parametrize("name", ["kenlm", "srilm"])
def test_golden_scores(name):
    model = NgramLM.load(GOLDEN / f"{name}.arpa")
    for golden in SCORES[name]:
        found = model.full_scores(golden["sentence"])
        assert [list(score) for score in found] == golden["full_scores"]
        assert model.score_sentence(golden["sentence"]) == pytest.approx(golden["score"], abs=1e-5)
        assert model.score_sentence(golden["sentence"], bos=False, eos=False) == pytest.approx(
            golden["without_bos_eos"], abs=1e-5
        )


def test_kenlm_reads_what_is_written(tmp_path):
    kenlm = pytest.importorskip("kenlm")
    for name in ("kenlm", "srilm"):
        model = NgramLM.load(GOLDEN / f"{name}.arpa")
        model.save_arpa(tmp_path / "again.arpa")
        theirs = kenlm.Model(str(tmp_path / "again.arpa"))
        for golden in SCORES[name]:
            mine = [tuple(score) for score in model.full_scores(golden["sentence"])]
            assert list(theirs.full_scores(golden["sentence"])) == mine


def test_kenlm_file_comes_back_line_by_line(tmp_path):
    text = (GOLDEN / "kenlm.arpa").read_text()
    again = written(NgramLM.load(GOLDEN / "kenlm.arpa"), tmp_path / "again.arpa")
    assert again.count("\n") == text.count("\n")
    assert sorted(again.split("\n")) == sorted(text.split("\n"))
    assert [line for line in again.split("\n") if line.startswith(("\\", "ngram"))] == [
        line for line in text.split("\n") if line.startswith(("\\", "ngram"))
    ]


def test_srilm_dialect_says_what_was_added():
    model = NgramLM.load(GOLDEN / "srilm.arpa")
    assert model.metadata_["unk_added"] is True
    assert model.metadata_["suffixes_added"] == 1  # "b b" of "a b b"
    assert model.tables_.counts == [5, 9, 3]
    assert model.full_scores("zzz")[0] == (pytest.approx(-100.30103, abs=1e-4), 1, True)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("block", [700, 1 << 24])
def test_every_ngram_and_any_workers(tmp_path, monkeypatch, workers, block):
    monkeypatch.setattr(arpa_lines, "BLOCK", block)
    text = random_arpa(3, 4, 40, 400)
    path = tmp_path / "x.arpa"
    path.write_text(text)
    tables = read_arpa(path, workers=workers).to_backoff()
    oracle = OracleLM.parse(text)
    for k, level in enumerate(tables.levels, 1):
        found = {
            tuple(tables.words[i] for i in tables.ngram(k, row)): row for row in range(len(level))
        }
        assert found.keys() == oracle.levels[k - 1].keys()
        for ngram, (prob, back) in oracle.levels[k - 1].items():
            row = found[ngram]
            assert level.log_prob[row] == np.float32(prob)
            if k < 4:
                assert level.backoff[row] == np.float32(back)
        if k > 1:
            keys = level.parent.astype(np.int64) * len(tables.words) + level.word
            assert (np.diff(keys) > 0).all()


def test_packed_and_piped(tmp_path, run_cli):
    plain = GOOD.encode()
    (tmp_path / "x.arpa.gz").write_bytes(gzip.compress(plain))
    model = NgramLM.load(tmp_path / "x.arpa.gz")
    assert model.tables_.counts == [4, 3, 1]
    model.save_arpa(tmp_path / "y.arpa.gz")
    model.save_arpa(tmp_path / "y.arpa")
    assert gzip.decompress((tmp_path / "y.arpa.gz").read_bytes()) == (
        (tmp_path / "y.arpa").read_bytes()
    )
    (tmp_path / "cut.arpa.gz").write_bytes(gzip.compress(plain)[:-20])
    with pytest.raises(FormatError, match=r"cut\.arpa\.gz.*(cut short|damaged)"):
        NgramLM.load(tmp_path / "cut.arpa.gz")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "some words\n\n" + text,
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\t", "   "),
        lambda text: text.replace(" ", "\t").replace("ngram\t", "ngram "),
        lambda text: text.replace("-0.3\t", "-0.299999999999999999999999\t"),
        lambda text: text.replace("-0.05\t<s> a a\n", "-5e-2\t<s> a a\t0\n"),
        lambda text: text.replace("\\end\\\n", "\\end\\\n\n  \n"),
        lambda text: text.replace("\\end\\\n", "\\end\\"),
        lambda text: text.replace("-0.2\ta a", "\n-0.2\ta a"),
    ],
)
def test_dialects_mean_the_same(tmp_path, change):
    (tmp_path / "good.arpa").write_text(GOOD)
    (tmp_path / "other.arpa").write_bytes(change(GOOD).encode())
    good, other = (read_arpa(tmp_path / f"{name}.arpa") for name in ("good", "other"))
    write_arpa(good.to_backoff(), tmp_path / "1.arpa")
    write_arpa(other.to_backoff(), tmp_path / "2.arpa")
    assert (tmp_path / "1.arpa").read_bytes() == (tmp_path / "2.arpa").read_bytes()


MALFORMED = [
    ("", r"line 1: expected \\data\\"),
    ("no arpa\n", r"line 1: expected \\data\\"),
    (GOOD.replace("ngram 1=4\n", ""), r"line 2: expected 'ngram 1=...'; found 'ngram 2=3'"),
    (GOOD.replace("ngram 2=3", "ngram 2=x"), r"line 3: expected 'ngram 2=...'"),
    (GOOD.replace("ngram 1=4", "ngram 1=5"), r"line 12: the section of 1-grams ends after 4 of "),
    (GOOD.replace("ngram 2=3", "ngram 2=2"), r"line 17: the section of 2-grams ends after 3 of "),
    (GOOD.replace("\\2-grams:", "\\3-grams:"), r"line 12: expected \\2-grams:; found"),
    (GOOD.replace("-0.7\t</s>", "0.7\t</s>"), r"line 9: a log10 probability must be <= 0;"),
    (GOOD.replace("-0.2\ta a", "-0.2x\ta a"), r"line 14: expected a number; found '-0.2x'"),
    (GOOD.replace("-0.2\ta a\t0.5", "-0.2\ta a\tq"), r"line 14: expected a number; found 'q'"),
    (GOOD.replace("-0.2\ta a", "nan\ta a"), r"line 14: 'nan' is not a finite number"),
    (GOOD.replace("-0.1\ta </s>", "-0.1\ta"), r"line 15: expected a log10 probability and 2 words"),
    (GOOD.replace("-0.1\ta </s>", "-0.1\ta a a </s>"), r"line 15: expected a log10 .* 5 fields"),
    (GOOD.replace("-0.1\ta </s>", "-0.1\tb </s>"), r"line 15: the word 'b' is not among"),
    (GOOD.replace("-0.1\ta </s>", "-0.1\ta a"), r"line 15: the 2-gram 'a ...' stands there twice"),
    (GOOD.replace("</s>\n-0.4\ta\t", "</s>\n-0.4\t</s>\t"), r"line 10: the 1-gram '</s>' .* twice"),
    (GOOD.replace("-0.05\t<s> a a", "-0.05\t<unk> a a"), r"line 18: the 3-gram needs its context "
     r"'<unk> a' among the 2-grams"),
    (GOOD.replace("<s> a a", "<s> a a\t-0.5"), r"line 18: .* no back-off weight in the highest"),
    (GOOD.replace("a\t-0.25", "a"), r"line 10: expected a back-off weight of 'a', .* line 14 "),
    (GOOD.replace("<s> a\t-0.125", "<s> a"), r"line 13: expected a back-off weight of '<s> a'"),
    (GOOD.replace("-99\t<s>\t-0.5\n", "").replace("1=4", "1=3"), r"expected <s> among the 1-grams"),
    (GOOD.replace("\\end\\\n", ""), r"line 20: the file is cut short among the 3-grams"),
    (GOOD[: GOOD.index("-0.2\ta")], r"line 14: the file is cut short among the 2-grams"),
    (GOOD[: GOOD.index("\n\\1")], r"line 5: the file ends in its header"),
    (GOOD + "more\n", r"line 21: expected nothing after \\end\\"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MALFORMED)
@pytest.mark.parametrize("block", [64, 1 << 24])
def test_malformed(tmp_path, monkeypatch, text, message, block):
    monkeypatch.setattr(arpa_lines, "BLOCK", block)
    (tmp_path / "bad.arpa").write_text(text)
    with pytest.raises(FormatError, match=rf"bad\.arpa: .*{message}"):
        read_arpa(tmp_path / "bad.arpa")


def test_bytes_that_are_not_utf8(tmp_path):
    (tmp_path / "bad.arpa").write_bytes(GOOD.encode().replace(b"-0.4\ta", b"-0.4\t\xff"))
    with pytest.raises(FormatError, match=r"line 10: not UTF-8 \(byte 0xff\)"):
        read_arpa(tmp_path / "bad.arpa")
    (tmp_path / "bad.arpa").write_bytes(GOOD.encode().replace(b"-0.4\ta", b"-0.4\t\0"))
    with pytest.raises(FormatError, match=r"line 10: a NUL byte"):
        read_arpa(tmp_path / "bad.arpa")


def test_missing_backoff_can_be_zero(tmp_path):
    (tmp_path / "x.arpa").write_text(GOOD.replace("a\t-0.25", "a"))
    model = NgramLM.load(tmp_path / "x.arpa", missing_backoff="zero")
    assert model.full_scores("a zzz")[1].log_prob == pytest.approx(-1.125)
    with pytest.raises(ValueError, match="'error' or 'zero'"):
        NgramLM.load(tmp_path / "x.arpa", missing_backoff="ignore")


def test_what_arpa_cannot_hold(tmp_path):
    tables = read_arpa(GOLDEN / "kenlm.arpa").to_backoff()
    tables.scheme = "uniform"
    with pytest.raises(FormatError, match="does not back off"):
        write_arpa(tables, tmp_path / "x.arpa")
    tables.scheme = "backoff"
    tables.words = type(tables.words).from_words([f"a word{i}" for i in range(len(tables.words))])
    with pytest.raises(FormatError, match="'a word0' has white space"):
        write_arpa(tables, tmp_path / "x.arpa")
    assert not list(tmp_path.iterdir())


def test_unicode_and_long_words(tmp_path):
    long = "ä" * 100_000
    text = (
        GOOD.replace("\ta\t", f"\t{long}\t").replace(" a", f" {long}").replace("\ta ", f"\t{long} ")
    )
    (tmp_path / "x.arpa").write_text(text)
    model = NgramLM.load(tmp_path / "x.arpa")
    assert model.full_scores(f"{long} {long}")[1] == (pytest.approx(-0.05), 3, False)
    assert f"<s> {long}" in written(model, tmp_path / "y.arpa")


@given(st.binary(max_size=12), st.integers(0, len(GOOD)), st.integers(0, 6))
@examples(300)
def test_fuzzed(tmp_path, junk, at, cut):
    """Any damage is a FormatError or a model that works."""
    data = GOOD.encode()
    (tmp_path / "x.arpa").write_bytes(data[:at] + junk + data[at + cut :])
    try:
        model = NgramLM.load(tmp_path / "x.arpa")
    except FormatError:
        return
    assert len(model.full_scores("a a zzz")) == 4
    model.tables_.to_backoff()


@given(st.lists(st.floats(-90, 0, width=32), min_size=4, max_size=4))
def test_numbers_come_back_exactly(tmp_path, numbers):
    text = GOOD
    for name, number in zip(("<unk>", "<s>", "</s>", "a"), numbers, strict=True):
        line = next(x for x in text.split("\n") if f"\t{name}" in x and " " not in x)
        text = text.replace(line, f"{number!r}\t{name}\t{-number!r}")
    (tmp_path / "x.arpa").write_text(text)
    model = NgramLM.load(tmp_path / "x.arpa")
    model.save_arpa(tmp_path / "y.arpa")
    again = NgramLM.load(tmp_path / "y.arpa")
    for tables in (model.tables_, again.tables_):
        assert tables.arrays["log_prob"].tolist() == numbers
        assert tables.arrays["backoff"].tolist() == [-number for number in numbers]
