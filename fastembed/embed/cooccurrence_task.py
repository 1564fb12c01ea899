"""From an encoded corpus to compressed sparse rows of counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.core.progress import Progress
from fastembed.embed.count_matrix import Rows
from fastembed.text.encoded import EncodedCorpus

__all__ = ["count_documents", "count_pairs", "window_weights"]


def window_weights(kind: str, window: int) -> tuple[NDArray[np.uint64], int]:
    """Integer weights of the distances 1 .. window, and what they are to be divided by."""
    distance = range(1, window + 1)
    if kind == "flat":
        return np.ones(window, dtype=np.uint64), 1
    if kind == "linear":
        return np.array([window + 1 - d for d in distance], dtype=np.uint64), window
    scale = math.lcm(*distance)
    if scale > 2**32:
        scale = 2**32
    # 1 / d rounded to the nearest multiple of 1 / scale; exact while scale is the lcm
    return np.array([(2 * scale + d) // (2 * d) for d in distance], dtype=np.uint64), scale


def count_pairs(encoded: EncodedCorpus, params: dict[str, Any], report: Progress) -> Rows:
    """Counts of a corpus."""
    from scipy.sparse import coo_array, csr_array

    n = len(encoded.vocabulary)
    ids = encoded.read(0, encoded.n_tokens).astype(np.int64)
    sentence = _sentence_numbers(encoded)
    if params["unit"] == "document":
        found = coo_array((np.ones(len(ids), np.int64), (sentence, ids)),
                          shape=(encoded.n_sentences, n)).tocsr()  # fmt: skip
        found.data[:] = 1
        total, scale = csr_array(found.T @ found), 1
    else:
        weights, scale = window_weights(params["weights"], params["window"])
        total = csr_array((n, n), dtype=np.int64)
        for d, weight in enumerate(weights.tolist(), 1):
            if d >= len(ids):
                break
            same = sentence[d:] == sentence[:-d]
            left, right = ids[:-d][same], ids[d:][same]
            total = (
                total + coo_array((np.full(len(left), weight), (left, right)), shape=(n, n)).tocsr()
            )
        if params["symmetric"]:
            total = csr_array(total + total.T)
    total.sort_indices()
    return Rows(
        total.indptr.astype(np.int64),
        total.indices.astype(np.int32),
        (total.data / scale).astype(np.float32),
        n,
    )


def count_documents(encoded: EncodedCorpus, params: dict[str, Any], report: Progress) -> Rows:
    """Counts of words in each sentence of a corpus."""
    from scipy.sparse import coo_array

    n = len(encoded.vocabulary)
    ids = encoded.read(0, encoded.n_tokens).astype(np.int64)
    sentence = _sentence_numbers(encoded)
    found = coo_array(
        (np.ones(len(ids), np.int64), (sentence, ids)), shape=(encoded.n_sentences, n)
    ).tocsr()
    found.sort_indices()
    return Rows(
        found.indptr.astype(np.int64),
        found.indices.astype(np.int32),
        found.data.astype(np.float32),
        n,
    )


def _sentence_numbers(encoded: EncodedCorpus) -> NDArray[np.int64]:
    offsets = encoded.offsets.astype(np.int64)
    return np.repeat(np.arange(encoded.n_sentences), offsets[1:] - offsets[:-1])
