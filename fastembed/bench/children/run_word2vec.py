"""The original word2vec C program as a contender: run, timed from outside, its files read.

It reports no times of its own that a wall clock would agree with (it divides by CPU time), so its
progress lines are read as they come: the training rate is the share of the text that passed
between the first and the last of them. Python 3.9 suffices.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any

Spec = dict[str, Any]
Figures = dict[str, Any]

# "<CR>Alpha: 0.012  Progress: 51.20%  Words/thread/sec: 271.1k"
PROGRESS = re.compile(rb"Progress: ([0-9.]+)%")
WORDS = re.compile(rb"Words in train file: ([0-9]+)")


class Run:
    """One run of the program: its output, the times of its progress, its account."""

    def __init__(self, argv: list[str]) -> None:
        self.progress: list[tuple[float, float]] = []  # seconds since the start, share done
        start = time.perf_counter()
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert process.stdout is not None
        self.output = b"".join(self._chunks(process.stdout, start))
        _, status, usage = os.wait4(process.pid, 0)
        self.account = {
            "process_s": time.perf_counter() - start,
            "user_s": usage.ru_utime,
            "system_s": usage.ru_stime,
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024,
        }
        if status != 0:
            raise RuntimeError(f"word2vec failed: {self.output[-200:]!r}")
        words = WORDS.search(self.output)
        if words is None:
            raise RuntimeError(f"word2vec counted no words: {self.output[-200:]!r}")
        self.train_words = int(words[1])

    def _chunks(self, pipe: IO[bytes], start: float) -> Iterator[bytes]:
        while True:
            chunk = os.read(pipe.fileno(), 1 << 16)
            if not chunk:
                return
            if not self.progress:  # megabytes of progress lines are not worth keeping
                yield chunk
            shares = PROGRESS.findall(chunk)
            if shares:
                self.progress.append((time.perf_counter() - start, float(shares[-1]) / 100))


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
        run = Run([*argv, "-min-count", str(spec["min_count"])])
        pairs = read_vocabulary(saved)
    seconds = run.account["process_s"]
    return {
        **run.account,
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
    run = Run(argv)
    figures: Figures = {**run.account, "total_s": run.account["process_s"]}
    if len(run.progress) > 1:
        (first, done_first), (last, done_last) = run.progress[0], run.progress[-1]
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
