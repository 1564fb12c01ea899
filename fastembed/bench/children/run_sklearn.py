"""scikit-learn as a contender: its randomised SVD of the same matrix."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def versions(spec: Spec) -> Figures:
    """What would run."""
    import platform

    import numpy
    import scipy
    import sklearn

    return {
        "version": sklearn.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
    }


def svd(spec: Spec) -> Figures:
    """From the matrix in memory to singular values and both kinds of vectors."""
    import numpy as np

    # beside this file; the peer's Python need not have fastembed
    from fastembed_svd import svd_errors  # type: ignore[import-not-found]
    from scipy.sparse import csr_array
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    folder = Path(spec["folder"])
    indptr, indices, data = (
        np.load(folder / f"{name}.npy") for name in ("indptr", "indices", "data")
    )
    n = len(indptr) - 1
    matrix = csr_array((data, indices, indptr.astype(np.int32)), shape=(n, n))
    # the sparse products have one thread, the dense ones as many as ours
    with threadpool_limits(spec["workers"]):
        start = time.perf_counter()
        u, s, _ = randomized_svd(matrix, spec["k"], random_state=1, **spec["params"])
        seconds = time.perf_counter() - start
    return {"seconds": seconds, **svd_errors(u, s, np.load(folder / "exact.npy"))}


TASKS = {"svd": svd, "versions": versions}
