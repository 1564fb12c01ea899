"""Ctrl-C and ``--resume`` of each command that trains in epochs: nothing lost, nothing changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import fastembed as fe

# enough epochs that the key is pressed long before the end
RUNS = {
    "word2vec": [
        "train", "word2vec", "text.txt",
        "--vector-size", "100", "--epochs", "150", "--workers", "1", "--alpha", "0.01",
    ],
    "glove": ["train", "glove", "counts.fe", "--vector-size", "100", "--epochs", "250"],
}  # fmt: skip


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A folder with a text and its counts."""
    folder = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(1)
    p = 1 / np.arange(1, 301)
    words = rng.choice([f"w{i}" for i in range(300)], size=(2000, 20), p=p / p.sum())
    (folder / "text.txt").write_text("\n".join(map(" ".join, words)))
    fe.Cooccurrence().fit(folder / "text.txt", path=folder / "counts.fe")
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_ctrl_c_saves_and_resume_gives_the_uninterrupted_result(tmp_path, sources, name):
    command = [sys.executable, "-m", "fastembed", *RUNS[name], "-o"]

    def run(output, *more):
        done = subprocess.run(
            [*command, tmp_path / output, "--quiet", *more],
            cwd=sources, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return (tmp_path / output).read_bytes()

    whole = run("whole.bin")
    process = subprocess.Popen(
        [*command, tmp_path / "broken.bin"], cwd=sources, stderr=subprocess.PIPE, text=True
    )
    # wait for the first epoch's line: training has begun
    for line in process.stderr:
        if line.startswith("epoch"):
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=60) == 130
    last = rest.strip().splitlines()[-1]
    assert last.startswith("fastembed: error: interrupted in epoch")
    assert "broken.bin.checkpoint; the same command with --resume goes on from there" in last
    assert sorted(os.listdir(tmp_path)) == ["broken.bin.checkpoint", "whole.bin"]
    assert run("broken.bin", "--resume") == whole
    assert sorted(os.listdir(tmp_path)) == ["broken.bin", "whole.bin"]
