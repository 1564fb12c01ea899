"""``fastembed pmi``: collocations, pairs, topics, wrong usage."""

from __future__ import annotations

import json

import pytest

import fastembed as fe
from fastembed.evaluate import pmi, topic_coherence


@pytest.fixture
def lines(tmp_path):
    def write(name, *content):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in content), encoding="utf-8")
        return path

    return write


def test_collocations(run_cli, kjv_text):
    done = run_cli("pmi", kjv_text, "-n", 5, "-q")
    assert (done.status, done.err) == (0, "")
    rows = [line.split("\t") for line in done.out.splitlines()]
    expected = fe.evaluate.top_collocations(kjv_text, topn=5)
    assert [tuple(row[:2]) for row in rows] == [pair.words for pair in expected]
    assert [row[2] for row in rows] == [f"{pair.score:.4f}" for pair in expected]
    assert [float(x) for row in rows for x in row[3:]] == [x for pair in expected for x in pair[2:]]


def test_collocations_of_a_word_as_json(run_cli, kjv_text, tmp_path):
    options = ["--word", "Egypt", "--measure", "npmi", "--topn", 3, "--min-count", 4]
    done = run_cli("pmi", kjv_text, *options, "--window", 4, "--json")
    assert done.status == 0
    found = json.loads(done.out)
    expected = pmi.Associations.of(kjv_text, near="window", window=4).top(
        "npmi", min_count=4, topn=3, word="Egypt"
    )
    assert [(row["first"], row["second"]) for row in found["pairs"]] == [x.words for x in expected]
    assert found["ordered"] is False
    # the same from counts that were made before
    fe.Cooccurrence(window=4, weights="flat", min_count=1).fit(kjv_text, path=tmp_path / "c.fe")
    again = run_cli("pmi", tmp_path / "c.fe", *options, "--json", "-q")
    assert json.loads(again.out) == found


def test_pairs(run_cli, lines):
    text = lines("text.txt", "naïve cats chase mice", "naïve mice flee", "cats chase dogs")
    pairs = lines("pairs.txt", "cats chase", "", "cats\tdogs", "naïve dogs")
    done = run_cli("pmi", text, "--pairs", pairs, "--window", 1, "-q")
    assert (done.status, done.err) == (0, "")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[:2] for row in rows] == [["cats", "chase"], ["cats", "dogs"], ["naïve", "dogs"]]
    assert rows[0][2:] == ["1.2224", "2", "3", "4"]
    assert rows[2][2] == "-inf"
    as_json = run_cli("pmi", text, "--pairs", "-", "--json", "-q", stdin=pairs.read_bytes())
    assert json.loads(as_json.out)["pairs"][2]["score"] is None


def test_coherence(run_cli, kjv_text, lines):
    topics = lines("topics.txt", "God heaven earth", "son father brother")
    done = run_cli("pmi", kjv_text, "--coherence", topics, "-q")
    assert (done.status, done.err) == (0, "")
    expected = topic_coherence([["God", "heaven", "earth"], ["son", "father", "brother"]], kjv_text)
    assert done.out.splitlines() == [
        f"1\t{expected.scores[0]:.4f}\tGod heaven earth",
        f"2\t{expected.scores[1]:.4f}\tson father brother",
        f"mean\t{expected.mean:.4f}",
    ]
    umass = run_cli("pmi", kjv_text, "--coherence", topics, "--measure", "umass", "--json", "-q")
    found = json.loads(umass.out)
    assert found["measure"] == "umass"
    assert found["n_windows"] == 3000
    assert found["topics"][1] == ["son", "father", "brother"]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--pairs", "{pairs}", "--coherence", "{pairs}"], 2, "not both"),
        (["--pairs", "{pairs}", "--top", "3"], 2, "--top"),
        (["--measure", "umass"], 2, "goes with --coherence"),
        (["--coherence", "{pairs}", "--measure", "llr"], 2, "npmi or umass, not llr"),
        (["--coherence", "{pairs}", "--near", "bigram"], 2, "--near"),
        (["--near", "bigram", "--window", "3"], 2, "--window goes with --near window"),
        (["--window", "0"], 2, "1 or more"),
        (["--memory", "lots"], 2, "memory must be bytes"),
        (["--word", "zebra"], 1, "'zebra' is not in the vocabulary"),
        (["--pairs", "{unknown}"], 1, "'zebra' is not in the vocabulary"),
        (["--pairs", "{three}"], 1, "line 2: expected two words; found 'c d e'"),
        (["--pairs", "{bytes}"], 1, "line 1: not UTF-8"),
        (["--pairs", "{empty}"], 1, "no words in this file"),
        (["--coherence", "{twice}"], 1, "line 1: expected two or more different words"),
        (["--pairs", "missing.txt"], 1, "No such file"),
    ],
)
def test_wrong_usage_is_one_line(run_cli, lines, tmp_path, options, status, message):
    text = lines("text.txt", "a b a b", "c d")
    files = {
        "pairs": lines("pairs.txt", "a b"),
        "unknown": lines("unknown.txt", "a b", "a zebra"),
        "three": lines("three.txt", "a b", "c d e"),
        "empty": lines("empty.txt", " "),
        "twice": lines("twice.txt", "a b a"),
        "bytes": tmp_path / "bytes.txt",
    }
    files["bytes"].write_bytes(b"a \xff\n")
    done = run_cli("pmi", text, "-q", *(option.format(**files) for option in options))
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_counts_have_been_made(run_cli, lines, tmp_path):
    text = lines("text.txt", "a b a b", "c d")
    fe.Cooccurrence(min_count=1).fit(text, path=tmp_path / "counts.fe")
    done = run_cli("pmi", tmp_path / "counts.fe", "--near", "bigram", "-q")
    assert done.status == 2
    assert "--near cannot change them" in done.err
    both = run_cli("pmi", "-", "--pairs", "-")
    assert both.status == 2
    assert "standard input" in both.err
