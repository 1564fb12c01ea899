"""Data and clocks of the topic ``nn``, the same for every contender; NumPy suffices."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]

FILES = {
    "x": "train-images-idx3-ubyte",
    "y": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def mnist_arrays(spec: Spec) -> Figures:
    """The four IDX files, packed or not, as .npy: rows of float32 in [0, 1], labels as int64.

    Asked of fastembed, whose reader it is; the peers read the .npy.
    """
    import numpy as np

    from fastembed.io.idx import read_idx

    for name, file in FILES.items():
        path = Path(spec["mnist"]) / file
        values = read_idx(path if path.exists() else path.with_name(file + ".gz"))
        array: Any = values.astype(np.int64)
        if name.startswith("x"):
            array = values.reshape(-1, 784).astype(np.float32) / np.float32(255)
        np.save(Path(spec["folder"]) / f"mnist-{name}.npy", array)
    return {}


def clocked(train: Callable[[], Any], epochs: int) -> Figures:
    """Seconds and CPU seconds an epoch of a training."""
    start, start_cpu = time.perf_counter(), time.process_time()
    train()
    return {
        "epoch_s": (time.perf_counter() - start) / epochs,
        "epoch_cpu_s": (time.process_time() - start_cpu) / epochs,
        "epochs": epochs,
    }


def run_mnist(
    spec: Spec, make: Callable[..., tuple[Callable[[], Any], Callable[[Any], Any]]]
) -> Figures:
    """Train and test once a seed.

    ``make(x, y, epochs, seed, workers)`` gives a function that trains for all epochs, which alone
    is on the clock, and one from test images to labels.
    """
    import numpy as np

    load = {name: np.load(Path(spec["folder"]) / f"mnist-{name}.npy") for name in FILES}
    runs, right = [], []
    for seed in spec["seeds"]:
        train, label = make(load["x"], load["y"], spec["epochs"], seed, spec["workers"])
        runs.append(clocked(train, spec["epochs"]))
        right.append(float((np.asarray(label(load["x_test"])) == load["y_test"]).mean()))
    n = len(spec["seeds"])
    return {
        "epoch_cpu_s": sum(run["epoch_cpu_s"] for run in runs) / n,
        "epoch_s": sum(run["epoch_s"] for run in runs) / n,
        "accuracy": sum(right) / n,
        "accuracies": right,
        "epochs": spec["epochs"],
    }


def run_small(spec: Spec, make: Callable[..., Callable[[int], float]]) -> Figures:
    """Steps of a small network for about ``seconds``, after some to warm up.

    ``make(x, y, hidden, batch)`` gives a function that trains for epochs and gives the loss.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    batch, steps = spec["batch"], 500
    x = rng.normal(size=(steps * batch, 16)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0).astype(np.int64)
    train = make(x, y, spec["hidden"], batch)
    first = train(1)
    start, start_cpu, done, epochs = time.perf_counter(), time.process_time(), 0, 1
    while time.perf_counter() - start < spec["seconds"]:
        last = train(epochs)
        done += epochs * steps
        epochs = min(2 * epochs, 1000)
    return {
        "step_us": 1e6 * (time.perf_counter() - start) / done,
        "step_cpu_us": 1e6 * (time.process_time() - start_cpu) / done,
        "steps": done,
        "first_loss": first,
        "last_loss": last,
    }
