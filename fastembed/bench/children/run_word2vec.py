"""The original word2vec C program as a contender: run, timed from outside, its files read.

It reports no times of its own that a wall clock would agree with (it divides by CPU time), so its
progress lines are read as they come: the training rate is the share of the text that passed
between the first and the last of them.
"""

from __future__ import annotations

import os
import re
import tempfile
from typing import Any

from fastembed.bench.children.program import run

Spec = dict[str, Any]
Figures = dict[str, Any]

# "<CR>Alpha: 0.012  Progress: 51.20%  Words/thread/sec: 271.1k"
PROGRESS = re.compile(rb"Progress: ([0-9.]+)%")
WORDS = re.compile(rb"Words in train file: ([0-9]+)")


class Run:
    """One run of the program: its output, the times of its progress, its account."""

    def __init__(self, argv: list[str]) -> None:
        self.progress: list[tuple[float, float]] = []  # seconds since the start, share done
        self.output = b""
        self.account = run(argv, self._chunk)
        words = WORDS.search(self.output)
        if words is None:
            raise RuntimeError(f"word2vec counted no words: {self.output[-200:]!r}")
        self.train_words = int(words[1])

    def _chunk(self, seconds: float, piece: bytes) -> None:
        if not self.progress:  # megabytes of progress lines are not worth keeping
            self.output += piece
        shares = PROGRESS.findall(piece)
        if shares:
            self.progress.append((seconds, float(shares[-1]) / 100))


def read_vocabulary(path: str) -> list[tuple[str, int]]:
    """Words and counts as saved by -save-vocab; </s>, which stands for line ends, left out."""
    pairs = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            word, count = line.rsplit(" ", 1)
            if word != "</s>":
                pairs.append((word, int(count)))
    return pairs


def vocabulary(spec: Spec) -> Figures:
    """The vocabulary pass alone: without -output the program stops after saving the words."""
    with tempfile.TemporaryDirectory() as folder:
        saved = os.path.join(folder, "vocabulary.txt")
        argv = [spec["binary"], "-train", spec["path"], "-save-vocab", saved]
        done = Run([*argv, "-min-count", str(spec["min_count"])])
        pairs = read_vocabulary(saved)
    seconds = done.account["process_s"]
    return {
        **done.account,
        "seconds": seconds,
        "vocabulary": len(pairs),
        "words_per_s": spec["n_words"] / seconds,
        "mb_per_s": spec["n_bytes"] / 1e6 / seconds,
        "pairs": pairs,
    }


def options(params: dict[str, Any]) -> list[str]:
    """Hyper-parameters in the program's spelling."""
    names = {
        "vector_size": "-size",
        "window": "-window",
        "negative": "-negative",
        "hs": "-hs",
        "sample": "-sample",
        "epochs": "-iter",
        "min_count": "-min-count",
        "alpha": "-alpha",
    }
    out = ["-cbow", str(1 - params["sg"])]
    for name, option in names.items():
        out += [option, str(params[name])]
    return out


def train(spec: Spec) -> Figures:
    """The whole program, which always ends with a file of vectors (binary here)."""
    output = spec.get("output") or os.path.join(spec["folder"], "word2vec.bin")
    argv = [spec["binary"], "-train", spec["path"], "-output", output, "-binary", "1"]
    argv += ["-threads", str(spec["workers"]), *options(spec["params"])]
    done = Run(argv)
    figures: Figures = {**done.account, "total_s": done.account["process_s"]}
    if len(done.progress) > 1:
        (first, done_first), (last, done_last) = done.progress[0], done.progress[-1]
        if done_last - done_first > 0.1:
            rate = (done_last - done_first) / (last - first)
            figures["seconds"] = last + max(0.0, 1 - done_last) / rate
            figures["train_s"] = 1 / rate
            figures["train_words_per_s"] = spec["n_words"] * spec["params"]["epochs"] * rate
    with open(output, "rb") as file:
        figures["vocabulary"] = int(file.readline().split()[0]) - 1  # less </s>
    if not spec.get("output"):
        os.unlink(output)
    return figures


TASKS = {"train": train, "vocabulary": vocabulary}
