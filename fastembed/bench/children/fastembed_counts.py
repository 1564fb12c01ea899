"""fastembed's tasks about co-occurrence counts (see run_fastembed)."""

from __future__ import annotations

import os
import time
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def counts_file(spec: Spec) -> str:
    """Where the counts of the training lie."""
    return os.path.join(spec["folder"], "counts.fe")


def count(spec: Spec) -> Figures:
    """From the text to counts: in memory, or in a file with ``save`` (``keep``: that stays)."""
    from fastembed import Cooccurrence, Corpus

    params, workers = spec["params"], spec["workers"]
    path = counts_file(spec) if spec.get("save") or spec.get("keep") else None
    start = time.perf_counter()
    encoded = Corpus(spec["path"], workers=workers).encode(min_count=params["min_count"])
    middle = time.perf_counter()
    with encoded:
        counts = Cooccurrence(workers=workers, **params).fit(encoded, path=path)
    end = time.perf_counter()
    figures = {
        "seconds": end - start,
        "count_s": end - middle,
        "vocabulary": len(counts.vocabulary_),
        "n_pairs": counts.nnz,
        "sum": counts.total_,
    }
    if path is not None and not spec.get("keep"):
        os.unlink(path)
    return figures


def train(spec: Spec) -> Figures:
    """From the file of counts to vectors in memory, and into a file with ``output``."""
    import numpy as np

    from fastembed import Cooccurrence, GloVe

    start = time.perf_counter()
    counts = Cooccurrence.load(counts_file(spec))
    model = GloVe(workers=spec["workers"], **spec["params"]).fit(counts)
    seconds = time.perf_counter() - start
    if spec.get("output"):
        model.wv.export(spec["output"] + ".txt", "glove")
    n, d = model.wv.vectors.shape
    # two tables with their sums of squares and what is taken out of them, tiles, mapped counts
    matrices = 4 * n * 4 * (d + 17) + 4 * n * 4 * d
    return {
        "seconds": seconds,
        "train_s": model.training_seconds_,
        "pairs_per_s": counts.nnz * model.epochs / model.training_seconds_,
        "n_pairs": counts.nnz,
        "vocabulary": n,
        "loss": model.loss_history_,
        "last_loss": model.loss_history_[-1],
        "matrices_mb": (matrices + (6 + 8) * counts.nnz) / 2**20,
        "finite": bool(np.isfinite(model.wv.vectors).all()),
    }


TASKS = {"count": count, "train_glove": train}
