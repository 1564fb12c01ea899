"""Interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from fastembed.core.params import Opt, Params
from fastembed.ngram.counts import BOS_ID, EOS_ID, UNK_ID, NgramCounts
from fastembed.ngram.tables import BackoffTables, Level

__all__ = ["ModifiedKneserNey"]


@dataclass(kw_only=True)
class ModifiedKneserNey(Params):
    """Interpolated modified Kneser-Ney."""

    kenlm_compatible: Annotated[bool, Opt("reproduce lmplz of KenLM")] = False

    def estimate(
        self,
        counts: NgramCounts,
        *,
        workers: int | None = None,
        heldout: Any = None,
        progress: Any = None,
    ) -> BackoffTables:
        contexts = counts.contexts()
        v = len(counts.vocabulary)
        lower = np.full(v, 1 / (v - 1))
        probs, backoffs, discounts = [], [], []
        for k, level in enumerate(counts.levels, 1):
            if k < counts.order:
                up = counts.levels[k]
                a = np.bincount(up.parent, minlength=len(level))
                a = np.where(level.word == BOS_ID, level.count if k > 1 else 0, a)
            else:
                a = level.count.copy()
                if k == 1:
                    a[BOS_ID] = 0
            n = np.bincount(np.minimum(a, 5), minlength=6)
            if min(n[1:4]) == 0:
                raise ValueError("too little data for the discounts of modified Kneser-Ney")
            y = n[1] / (n[1] + 2 * n[2])
            d = np.array([0] + [j - (j + 1) * y * n[j + 1] / n[j] for j in (1, 2, 3)])
            discounts.append(d[1:].tolist())
            context = contexts[k - 1] if k > 1 else np.zeros(len(level), dtype=np.int64)
            size = len(counts.levels[k - 2]) if k > 1 else 1
            off = d[np.minimum(a, 3)]
            total = np.bincount(context, weights=a, minlength=size)
            gamma = np.bincount(context, weights=off, minlength=size)
            used = total > 0
            gamma = np.where(used, gamma / np.where(used, total, 1), 1.0)
            if k > 1:
                backoffs.append(gamma)
            parent = level.parent if k > 1 else np.arange(v)
            p = (a - off) / total[context] + gamma[context] * lower[parent]
            if k == 1:
                p[BOS_ID] = 1.0
            probs.append(p)
            lower = p
        levels = []
        for k, level in enumerate(counts.levels, 1):
            back = backoffs[k - 1] if k < counts.order else np.ones(0)
            levels.append(
                Level(
                    level.word,
                    level.parent,
                    np.log10(probs[k - 1]).astype(np.float32),
                    np.log10(back).astype(np.float32),
                )
            )
        meta = {"smoothing": "modified_kneser_ney", "discounts": discounts}
        return BackoffTables(
            counts.vocabulary.words, levels, UNK_ID, BOS_ID, EOS_ID, "backoff", meta
        )
