"""``fastembed brown`` and ``fastembed clusters``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from test_brown import grammar

import fastembed as fe

COMMAND = [sys.executable, "-m", "fastembed", "brown"]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(" ".join(line) for line in grammar()[0]), encoding="utf-8")
    return path


def test_paths_of_a_text(run_cli, tmp_path, text):
    output = tmp_path / "paths.txt"
    done = run_cli("brown", text, "--clusters", 5, "--min-count", 1, "--workers", 2, "-o", output)
    assert (done.status, done.out) == (0, "")
    assert "merging clusters: 100%" in done.err
    assert "5 clusters of 14 words; average mutual information" in done.err
    expected = fe.BrownClusters(n_clusters=5).fit(text)
    found = fe.WordClusters.load(output)
    assert sorted(found.paths_) == sorted(expected.paths_)
    for word in ("the", "café", "slept"):
        assert found.path(word) == expected.path(word)
    assert os.listdir(tmp_path) == ["paths.txt"]


def test_formats_follow_the_suffix(run_cli, tmp_path, text):
    settings = ("--clusters", 4, "--quiet")
    for name in ("c.tsv", "c.fe", "c.paths"):
        done = run_cli("brown", text, "-o", tmp_path / name, *settings)
        assert (done.status, done.out, done.err) == (0, "", "")
    tsv, native, paths = (fe.WordClusters.load(tmp_path / n) for n in ("c.tsv", "c.fe", "c.paths"))
    assert tsv.classes_.tolist() == native.classes_.tolist() == paths.classes_.tolist()
    assert native.paths_ == paths.paths_
    assert fe.BrownClusters.load(tmp_path / "c.fe").n_clusters == 4
    done = run_cli("brown", text, "-o", "-", *settings)
    assert done.out == (tmp_path / "c.paths").read_text()
    done = run_cli("brown", text, "-o", "-", "--format", "tsv", *settings)
    assert done.out == (tmp_path / "c.tsv").read_text()


def test_exchange_and_figures(run_cli, tmp_path, text):
    output = tmp_path / "c.tsv"
    done = run_cli("brown", text, "--clusters", 5, "--method", "exchange", "--passes", 4,
                   "-o", output, "--json")  # fmt: skip
    assert done.status == 0
    figures = json.loads(done.out)
    assert figures["method"] == "exchange"
    assert figures["clusters"] == 5
    assert figures["words"] == 14
    assert figures["ami_history"] == sorted(figures["ami_history"])
    assert figures["ami_bits"] == figures["ami_history"][-1]
    assert "exchange pass 1/4: 100%" in done.err
    assert "AMI" in done.err
    done = run_cli("brown", text, "--clusters", 5, "--refine", 2, "-o", output, "--json", "-q")
    assert len(json.loads(done.out)["moves"]) in (1, 2)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--clusters", "0"], 2, "n_clusters must be an integer >= 1"),
        (["--clusters", "15"], 1, "n_clusters=15, but there are 14 words to cluster"),
        (["--clusters", "x"], 2, "not an integer"),
        (["--method", "exchange", "--refine", "2"], 2, "--refine is for --method brown"),
        (["--passes", "2"], 2, "--passes is for --method exchange"),
        (["--method", "kmeans"], 2, "kmeans"),
        (["--min-count", "100000"], 1, "min_count"),
        (["-o", "no/such/folder/p"], 1, "no such folder"),
        (["-o", "-", "--json"], 2, "both write to standard output"),
    ],
)
def test_wrong_usage_is_one_line(run_cli, tmp_path, text, arguments, status, message):
    done = run_cli("brown", text, "-o", tmp_path / "p", "-q", *arguments)
    assert done.status == status
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_an_encoded_corpus_is_a_text(run_cli, tmp_path, text):
    assert run_cli("encode", text, "-o", tmp_path / "c.fe", "-q").status == 0
    for source, name in ((text, "a"), (tmp_path / "c.fe", "b")):
        assert run_cli("brown", source, "-o", tmp_path / name, "--clusters", 5, "-q").status == 0
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()
    done = run_cli("brown", tmp_path / "c.fe", "-o", tmp_path / "d", "--min-count", 9, "-q")
    assert done.status == 2
    assert "--min-count cannot change them" in done.err


def test_ctrl_c_saves_and_resume_gives_the_uninterrupted_result(tmp_path):
    rng = np.random.default_rng(1)
    p = 1 / np.arange(1, 6001)
    lines = (rng.choice(6000, size=15, p=p / p.sum()) for _ in range(9000))
    source = tmp_path / "text.txt"
    source.write_text("\n".join(" ".join(f"w{i}" for i in line) for line in lines))
    settings = ["--clusters", "700", "--workers", "1"]

    def arguments(name, *more):
        return [*COMMAND, str(source), "-o", str(tmp_path / name), *settings, *more]

    subprocess.run(arguments("whole", "-q"), check=True, timeout=300)
    # saved after each round, so that there is something to wait for
    often = arguments("broken", "--checkpoint-minutes", "1e-9", "-q")
    process = subprocess.Popen(often, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "broken.checkpoint").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    assert process.wait(timeout=60) == 130
    last = said.strip().splitlines()[-1]
    assert last.startswith("fastembed: error: interrupted in merging clusters")
    assert "broken.checkpoint; the same command with --resume goes on from there" in last
    assert not (tmp_path / "broken").exists()
    again = subprocess.run(arguments("broken"), capture_output=True, text=True, timeout=300)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    subprocess.run(arguments("broken", "--resume", "-q"), check=True, timeout=300)
    assert (tmp_path / "broken").read_bytes() == (tmp_path / "whole").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["broken", "text.txt", "whole"]


# -------------------------------------------------------------------------------- clusters


@pytest.fixture
def paths(tmp_path):
    path = tmp_path / "paths.txt"
    path.write_text("00\tthe\t100\n00\ta\t40\n01\tof\t30\n1\tcat\t7\n")
    return path


def test_clusters_are_shown(run_cli, paths):
    assert run_cli("clusters", paths).out == "00\t2\tthe a\n01\t1\tof\n1\t1\tcat\n"
    assert run_cli("clusters", paths, "--path", "0", "--topn", 1).out == "00\t2\tthe\n01\t1\tof\n"
    assert run_cli("clusters", paths, "a", "cat", "the").out == "00\t2\tthe a\n1\t1\tcat\n"
    assert run_cli("clusters", paths, "--tree").out == "0\n  0  the a\n  1  of\n1  cat\n"
    rows = json.loads(run_cli("clusters", paths, "--json").out)
    assert rows[0] == {"cluster": 0, "size": 2, "path": "00", "words": ["the", "a"]}
    tree = json.loads(run_cli("clusters", paths, "--tree", "--json").out)
    assert tree["children"][1] == {
        "path": "1", "cluster": 2, "size": 1, "count": 7, "words": ["cat"]}  # fmt: skip


def test_flat_clusters_are_shown_by_number(run_cli, tmp_path):
    path = tmp_path / "c.tsv"
    path.write_text("the\t1\t9\na\t1\t5\ncat\t0\t3\n")
    assert run_cli("clusters", path).out == "0\t2\tthe a\n1\t1\tcat\n"
    assert run_cli("clusters", path, "cat").out == "1\t1\tcat\n"
    done = run_cli("clusters", path, "--tree")
    assert done.status == 1
    assert "no tree" in done.err


def test_what_is_not_there(run_cli, paths):
    for arguments, message in (
        (["dog"], "'dog' is not in the vocabulary"),
        (["--path", "11"], "no cluster's path begins with '11'"),
        (["--tree", "cat"], "leave out WORD and --path"),
    ):
        done = run_cli("clusters", paths, *arguments)
        assert done.status in (1, 2)
        assert message in done.err
        assert len(done.err.splitlines()) == 1
