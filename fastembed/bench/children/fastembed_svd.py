"""Tasks of `run_fastembed` about the truncated SVD: the matrix for everybody, and ours of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]

LEAST = 1e-4  # %


def make_matrix(spec: Spec) -> Figures:
    """The PPMI matrix of the text, its exact singular values, all as .npy files."""
    import numpy as np

    from fastembed import Cooccurrence, Corpus
    from fastembed._native._sparse import CSR
    from fastembed.core.truncated_svd import truncated_svd
    from fastembed.embed.ppmi import weigh

    counts = Cooccurrence(weights="linear", **spec["counting"]).fit(Corpus(spec["path"]))
    n = len(counts.vocabulary_)
    matrix = weigh(CSR(counts.indptr, counts.indices, counts.data, n))
    exact = truncated_svd(matrix, spec["k"], solver="exact").s
    folder = Path(spec["folder"])
    for name in ("indptr", "indices", "data"):
        np.save(folder / f"{name}.npy", getattr(matrix, name))
    np.save(folder / "exact.npy", exact)
    return {"vocabulary": n, "entries": len(matrix.data)}


def svd(spec: Spec) -> Figures:
    """From the matrix in memory to singular values and both kinds of vectors."""
    import numpy as np
    import scipy.linalg
    import scipy.sparse.linalg  # noqa: F401 (not on the clock)

    from fastembed._native._sparse import CSR
    from fastembed.core.truncated_svd import truncated_svd

    folder = Path(spec["folder"])
    names = ("indptr", "indices", "data")
    indptr, indices, data = (np.load(folder / f"{name}.npy") for name in names)
    start = time.perf_counter()
    matrix = CSR(indptr, indices, data, len(indptr) - 1)
    found = truncated_svd(matrix, spec["k"], workers=spec["workers"], **spec["params"])
    seconds = time.perf_counter() - start
    return {"seconds": seconds, **svd_errors(found.u, found.s, np.load(folder / "exact.npy"))}


def svd_errors(u: Any, s: Any, exact: Any) -> Figures:
    """What is missing of the exact singular values, and how orthonormal the vectors are."""
    import numpy as np

    squares = np.sum(np.square(exact, dtype=np.float64))
    last = 100 * (1 - float(s[-1]) / float(exact[-1]))
    missing = 100 * float(1 - np.sum(np.square(s, dtype=np.float64)) / squares)
    return {
        # below this all are equal: the exact values are rounded, too
        "last_low": max(last, LEAST),
        "squares_low": max(missing, LEAST),
        "excess": max(-last, -missing),
        "overlap": float(np.abs(u.T @ u - np.eye(len(s))).max()),
    }


TASKS = {"make_matrix": make_matrix, "svd": svd}
