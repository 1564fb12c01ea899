"""Stanford GloVe's C programs as a contender: run as its demo script does, timed from outside.

vocab_count, cooccur and shuffle make the counts, glove trains. The time of the training is that
from the line after which its threads start to the line of the last iteration.
"""

from __future__ import annotations

import os
import re
from typing import Any

from fastembed.bench.children.program import run

Spec = dict[str, Any]
Figures = dict[str, Any]

COST = re.compile(rb"iter: (\d+), cost: ([0-9.infa-]+)")
BEGUN = re.compile(rb"alpha: ")
MEMORY = "4.0"  # GB, the programs' default and their demo's


def files(spec: Spec) -> dict[str, str]:
    """Where the counts lie."""
    names = {"vocabulary": "glove-vocab.txt", "counts": "glove.bin", "shuffled": "glove.shuf.bin"}
    return {key: os.path.join(spec["folder"], name) for key, name in names.items()}


def count(spec: Spec) -> Figures:
    """Words, counts, shuffled counts: three programs; ``keep`` leaves their files."""
    import numpy as np

    where, programs = files(spec), spec["programs"]
    params, common = spec["params"], ["-verbose", "0"]
    steps = (
        (["vocab_count", "-min-count", params["min_count"]], spec["path"], where["vocabulary"]),
        (
            ["cooccur", "-window-size", params["window"], "-vocab-file", where["vocabulary"],
             "-memory", MEMORY],
            spec["path"],
            where["counts"],
        ),
        (["shuffle", "-memory", MEMORY, "-seed", 1], where["counts"], where["shuffled"]),
    )  # fmt: skip
    accounts = []
    for (name, *options), source, target in steps:
        argv = [programs[name], *map(str, options), *common]
        accounts.append(
            run(argv, lambda _, __: None, stdin=source, stdout=target, cwd=spec["folder"])
        )
    total = {key: sum(account[key] for account in accounts) for key in accounts[0]}
    record = np.dtype([("i", "<i4"), ("j", "<i4"), ("x", "<f8")])
    counts = np.memmap(where["shuffled"], dtype=record, mode="r")
    with open(where["vocabulary"], "rb") as words:
        vocabulary = sum(1 for _ in words)
    figures = {
        **total,
        "peak_mb": max(account["peak_mb"] for account in accounts),
        "seconds": total["process_s"],
        "count_s": accounts[1]["process_s"] + accounts[2]["process_s"],
        "vocabulary": vocabulary,
        "n_pairs": len(counts),
        "sum": float(counts["x"].sum()),
    }
    if not spec.get("keep"):
        for path in where.values():
            os.unlink(path)
    return figures


def train(spec: Spec) -> Figures:
    """The program that trains, on counts that ``count`` left; it always writes a text file."""
    where, params = files(spec), spec["params"]
    output = spec.get("output") or os.path.join(spec["folder"], "glove-vectors")
    options = {
        "-input-file": where["shuffled"], "-vocab-file": where["vocabulary"],
        "-save-file": output, "-threads": spec["workers"], "-vector-size": params["vector_size"],
        "-iter": params["epochs"], "-x-max": params["x_max"], "-alpha": params["alpha"],
        "-eta": params["eta"], "-seed": params["seed"], "-binary": 0, "-model": 2,
    }  # fmt: skip
    argv = [spec["programs"]["glove"], *(str(x) for option in options.items() for x in option)]
    begun, text = 0.0, b""
    iterations: list[float] = []

    def watch(seconds: float, piece: bytes) -> None:
        nonlocal begun, text
        text += piece
        if not begun and BEGUN.search(text):
            begun = seconds
        iterations.extend([seconds] * (len(COST.findall(text)) - len(iterations)))

    account = run(argv, watch)
    if len(iterations) != params["epochs"]:
        raise RuntimeError(f"glove made {len(iterations)} iterations: {text[-200:]!r}")
    with open(output + ".txt", "rb") as vectors:
        vocabulary = sum(1 for _ in vectors) - 1  # less <unk>
    if not spec.get("output"):
        os.unlink(output + ".txt")
    pairs = os.path.getsize(where["shuffled"]) // 16
    train_s = iterations[-1] - begun
    return {
        **account,
        "seconds": iterations[-1],
        "train_s": train_s,
        "pairs_per_s": pairs * params["epochs"] / train_s,
        "n_pairs": pairs,
        "vocabulary": vocabulary,
        "loss": [float(cost) for _, cost in COST.findall(text)],
        "last_loss": float(COST.findall(text)[-1][1]),
    }


TASKS = {"count": count, "train_glove": train}
