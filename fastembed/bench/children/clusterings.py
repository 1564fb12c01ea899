"""The clustering task of each contender: a program that writes a file, which all are judged by.

All of them, ours included, are run as programs, from spawn to exit. The information is computed
here, outside the account, in the same way for all: over the pairs of adjacent words of the whole
text, line breaks ignored.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Any

from fastembed.bench.children.program import run

__all__ = ["clustercat", "fastembed", "wcluster"]

Spec = dict[str, Any]
Figures = dict[str, Any]


def judged(text: str, path: str) -> Figures:
    """Average mutual information of adjacent clusters, and how many there are of how many words."""
    import numpy as np

    import fastembed as fe

    clusters = fe.WordClusters.load(path)
    with fe.Corpus(text).encode(clusters.vocabulary_, workers=1) as encoded:
        if encoded.n_tokens != encoded.n_raw_tokens:
            raise RuntimeError(f"{encoded.n_raw_tokens - encoded.n_tokens} words have no cluster")
        classes = clusters.classes_[encoded.read(0, encoded.n_tokens)].astype(np.int64)
    n = clusters.n_clusters_
    counts = np.bincount(classes[:-1] * n + classes[1:], minlength=n * n).reshape(n, n)
    p = counts / counts.sum()
    expected = np.outer(p.sum(axis=1), p.sum(axis=0))
    there = p > 0
    return {
        "n_clusters": n,
        "n_words": len(clusters.vocabulary_),
        "ami_bits": float((p[there] * np.log2(p[there] / expected[there])).sum()),
    }


def fastembed(spec: Spec) -> Figures:
    """The command line."""
    output = os.path.join(spec["folder"], "clusters.tsv" if "tsv" in spec["options"] else "paths")
    argv = [
        sys.executable, "-m", "fastembed", "brown", spec["path"], "-o", output, "--workers", "1",
        "--clusters", str(spec["n_clusters"]), "--quiet", *spec["options"],
    ]  # fmt: skip
    account = run(argv, lambda _, __: None)
    try:
        return {**account, **judged(spec["path"], output)}
    finally:
        os.unlink(output)


def wcluster(spec: Spec) -> Figures:
    """brown-cluster."""
    folder = tempfile.mkdtemp(dir=spec["folder"])
    argv = [
        spec["binary"], "--text", spec["path"], "--c", str(spec["n_clusters"]), "--threads", "1",
        "--output_dir", folder,
    ]  # fmt: skip
    try:
        account = run(argv, lambda _, __: None)
        return {**account, **judged(spec["path"], os.path.join(folder, "paths"))}
    finally:
        shutil.rmtree(folder)


def clustercat(spec: Spec) -> Figures:
    """clustercat.

    It adds words for the begin and the end of a line, each of which takes a class for itself: it
    gets two classes more, and these words are left out.
    """
    with tempfile.TemporaryDirectory(dir=spec["folder"]) as folder:
        output = os.path.join(folder, "clusters.tsv")
        argv = [
            spec["binary"], "--in", spec["path"], "--out", output, "--threads", "1",
            "--classes", str(spec["n_clusters"] + 2), "--min-count", "1",
            "--tune-cycles", str(spec["passes"]),
        ]  # fmt: skip
        account = run(argv, lambda _, __: None)
        with open(output, encoding="utf-8") as file:
            lines = [line for line in file if line.split("\t")[0] not in ("<s>", "</s>")]
        with open(output, "w", encoding="utf-8") as file:
            file.writelines(lines)
        return {**account, **judged(spec["path"], output)}
