"""scikit-learn as a contender: its randomised SVD of the same matrix, its dense networks."""

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


def mnist(spec: Spec) -> Figures:
    """784-512-10 on MNIST; Adam, for it has no RMSprop."""
    import nn_data  # type: ignore[import-not-found]
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    def make(x: Any, y: Any, epochs: int, seed: int, workers: int) -> Any:
        net = MLPClassifier((512,), batch_size=128, max_iter=epochs, random_state=seed, alpha=0.0)

        def train() -> None:
            with threadpool_limits(workers):
                net.fit(x, y)

        return train, net.predict

    figures: Figures = nn_data.run_mnist(spec, make)
    return figures


def small_network(spec: Spec) -> Figures:
    """Steps where overhead decides."""
    import nn_data
    from sklearn.neural_network import MLPClassifier

    def make(x: Any, y: Any, hidden: int, batch: int) -> Any:
        net = MLPClassifier(
            (hidden,), solver="sgd", learning_rate_init=0.01, momentum=0.0, batch_size=batch,
            max_iter=1, random_state=1, alpha=0.0, warm_start=True, tol=0.0,
        )  # fmt: skip

        def train(epochs: int) -> float:
            net.set_params(max_iter=epochs)
            net.fit(x, y)
            return float(net.loss_)

        return train

    figures: Figures = nn_data.run_small(spec, make)
    return figures


TASKS = {"mnist": mnist, "small_network": small_network, "svd": svd, "versions": versions}
