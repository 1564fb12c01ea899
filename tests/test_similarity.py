"""evaluate/similarity.py against scipy, and files that are not what they should be."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from fastembed import FormatError, KeyedVectors, evaluate
from fastembed.evaluate import bootstrap
from fastembed.evaluate.similarity import _pearson_rows, _spearman_rows


@pytest.fixture
def kv():
    vectors = np.random.default_rng(8).normal(size=(50, 6)).astype(np.float32)
    return KeyedVectors([f"w{i}" for i in range(50)], vectors)


@pytest.fixture
def pairs():
    rng = np.random.default_rng(1)
    return [(f"w{a}", f"W{b}", float(s)) for a, b, s in rng.integers(0, 12, size=(80, 3))]


def test_correlations_are_those_of_scipy(kv, pairs):
    report = evaluate.similarity(kv, pairs, n_bootstrap=100)
    gold = [score for _, _, score in pairs]
    cosines = [kv.similarity(a, b.lower()) for a, b, _ in pairs]
    assert report.spearman[:2] == pytest.approx(tuple(stats.spearmanr(gold, cosines)))
    assert report.pearson[:2] == pytest.approx(tuple(stats.pearsonr(gold, cosines)))
    assert (report.pairs, report.answered, report.oov) == (80, 80, 0)
    for found in (report.spearman, report.pearson):
        low, high = found.interval
        assert low < found.value < high


def test_unknown_words_both_ways(kv, pairs):
    report = evaluate.similarity(kv, [*pairs, ("w1", "x", 9.0), ("y", "z", 8.0)])
    plain = evaluate.similarity(kv, pairs)
    assert (report.pairs, report.answered, report.oov) == (82, 80, 2)
    assert report.spearman == plain.spearman
    gold = [score for _, _, score in pairs] + [9, 8]
    cosines = [kv.similarity(a, b.lower()) for a, b, _ in pairs] + [0, 0]
    expected = stats.spearmanr(gold, cosines)[0]
    assert report.spearman_with_oov.value == pytest.approx(expected)
    assert report.gensim_result()[2] == pytest.approx(100 * 2 / 82)


def test_case_and_restriction(kv):
    pairs = [("W1", "w2", 1.0), ("w3", "w4", 2.0), ("w5", "w40", 3.0)]
    assert evaluate.similarity(kv, pairs).oov == 0
    assert evaluate.similarity(kv, pairs, case_insensitive=False).oov == 1
    assert evaluate.similarity(kv, pairs, restrict_vocab=40).oov == 1


@pytest.mark.parametrize(
    "pairs",
    [
        [("w1", "w2", 3.0)],
        [("x", "y", 3.0), ("w1", "y", 4.0)],
        [("w1", "w2", 3.0), ("w1", "w3", 3.0)],
        [("w1", "w2", 3.0), ("w2", "w1", 4.0)],
    ],
)
def test_where_no_correlation_is_defined(kv, pairs):
    report = evaluate.similarity(kv, pairs)
    assert math.isnan(report.spearman.value)
    data = json.loads(report.to_json())
    assert data["spearman"] == {"value": None, "p_value": None, "interval": None}
    assert "nan" in report.table()


def test_the_report(kv, pairs):
    report = evaluate.similarity(kv, pairs, seed=5)
    data = json.loads(report.to_json())
    assert data["spearman"]["value"] == report.spearman.value
    assert data["seed"] == 5
    assert data["answered"] == 80
    assert report.table().splitlines()[0] == "80 of 80 pairs, 0 with unknown words"
    assert evaluate.similarity(kv, pairs, seed=5) == report
    assert evaluate.similarity(kv, pairs, seed=6).spearman.interval != report.spearman.interval


def test_correlations_of_rows_are_those_of_scipy():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, size=(2, 7, 20)).astype(float)
    x[3] = 1
    for rows, single in (
        (_pearson_rows, stats.pearsonr),
        (_spearman_rows, stats.spearmanr),
    ):
        found = rows(x, y)
        assert math.isnan(found[3])
        for i in (0, 1, 2, 4, 5, 6):
            assert found[i] == pytest.approx(single(x[i], y[i])[0])


def test_blocks_of_samples_do_not_matter(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30))
    whole = bootstrap.of_pairs(_pearson_rows, x, y, 50, 3)
    monkeypatch.setattr(bootstrap, "BLOCK", 100)
    assert bootstrap.of_pairs(_pearson_rows, x, y, 50, 3) == whole
    assert bootstrap.of_pairs(_pearson_rows, x, y, 0, 3) is None


# -------------------------------------------------------------------------------------- files

EXPECTED = [("tiger", "cat", 7.35), ("book", "paper", 7.46)]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("tiger\tcat\t7.35\nbook\tpaper\t7.46\n", {}),
        ("\ufeff# comment\r\n\r\ntiger\tcat\t7.35\r\nbook\tpaper\t7.46", {}),
        ("Word 1\tWord 2\tHuman (mean)\ntiger\tcat\t7.35\nbook\tpaper\t7.46\n", {}),
        ("Word 1,Word 2,Human (mean)\ntiger,cat,7.35\nbook, paper ,7.46\n", {}),
        ("word1;word2;score\ntiger;cat;7.35\nbook;paper;7.46\n", {}),
        ("tiger cat 7.35\nbook   paper 7.46\n", {}),
        ("tiger cat 7.35 6 7\nbook paper 7.46 8 9 10\n", {}),
        ("tiger|cat|7.35\nbook|paper|7.46\n", {"delimiter": "|"}),
    ],
)
def test_reading_pairs(tmp_path, content, options):
    path = tmp_path / "pairs"
    path.write_text(content, encoding="utf-8", newline="")
    assert evaluate.read_pairs(path, **options) == EXPECTED


def test_other_encodings(tmp_path):
    path = tmp_path / "pairs"
    path.write_bytes("café\tthé\t1\n".encode("latin-1"))
    assert evaluate.read_pairs(path, encoding="latin-1") == [("café", "thé", 1.0)]
    with pytest.raises(FormatError, match="line 1: not utf8"):
        evaluate.read_pairs(path)
    with pytest.raises(LookupError):
        evaluate.read_pairs(path, encoding="latin-99")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no word pairs"),
        ("# only a comment\n", "no word pairs"),
        ("word1\tword2\tscore\n", "no word pairs"),
        ("tiger\tcat\n", "line 1: expected two words and a number"),
        ("tiger\tcat\t7.35\nbook\tpaper\n", "line 2: expected two words and a number"),
        ("tiger\tcat\t7.35\nbook\tpaper\tmany\n", "line 2: .*'book.*many'"),
        ("tiger\tcat\t7.35\nbook\tpaper\tnan\n", "line 2"),
        ("tiger\tcat\t7.35\nbook\t\t3\n", "line 2"),
        ("a\tb\tx\nc\td\ty\n", "line 2"),
    ],
)
def test_bad_files_name_the_line(tmp_path, content, message):
    path = tmp_path / "pairs"
    path.write_text(content)
    with pytest.raises(FormatError, match=message):
        evaluate.read_pairs(path)
