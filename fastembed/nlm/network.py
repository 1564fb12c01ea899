"""The arrays of a neural language model, and the native network made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _nlm, _word2vec
from fastembed.core.memory import aligned_zeros
from fastembed.core.threads import resolve_workers
from fastembed.ngram.tables import BOS_ID, EOS_ID
from fastembed.nlm.classes import class_arrays

__all__ = ["LAYERS", "OPTIMIZERS", "Shape", "initial_arrays", "make_net", "state_arrays"]

LAYERS = ("embed", "hidden", "out", "classes")  # as csrc/nlm_job.h calls them
OUTPUTS = ("softmax", "class_factored", "nce", "sampled")  # the order of nlm_job.h's enum
# kind in csrc/optim.h, arrays of state, momentum, rho, epsilon
OPTIMIZERS = {
    "sgd": (0, 0, 0.0, 0.0, 0.0),
    "momentum": (1, 1, 0.9, 0.0, 0.0),
    "adagrad": (3, 1, 0.0, 0.0, 1e-10),
    "adam": (5, 2, 0.9, 0.999, 1e-8),
}
# Products of a mini-batch with this many rows of the output layer are worked on while they lie in
# the second-level cache; the exponentials of all are kept where they take no more than this.
BLOCK_NUMBERS, KEPT_BYTES = 1 << 18, 48 << 20
NOISE_PLACES = 1 << 22
NEVER = -1e4  # a bias with which a word has probability 0
SMALL = 10_000_000


class Shape:
    """Sizes that follow from the hyper-parameters and the number of words."""

    def __init__(self, params: dict[str, Any], n_words: int) -> None:
        factored = params["output_layer"] == "class_factored"
        noisy = params["output_layer"] in ("nce", "sampled")
        self.n_words, self.dim = n_words, params["vector_size"]
        self.skipgram = params["architecture"] == "skipgram"
        self.n = 1 if self.skipgram else params["context"]
        self.window = params["context"] if self.skipgram else 0
        self.tanh = params["architecture"] == "bengio"
        self.hidden = 0
        if self.tanh:
            self.hidden = params["hidden"]
        elif params["architecture"] == "log_bilinear" and params["combine"] == "position":
            self.hidden = self.dim
        self.direct = self.tanh and params["direct"]
        context = self.n * self.dim
        self.features = self.hidden + (context if self.direct or not self.hidden else 0)
        self.tied = params["tied"]
        self.batch = params["batch_size"]
        # a skip-gram mini-batch is some places and all their pairs
        self.places = max(1, self.batch // (2 * self.window)) if self.window else self.batch
        self.room = max(self.batch, self.places * 2 * self.window)
        # multiplications of a mini-batch, about; too few for several threads to meet so often
        rows = params["samples"] if noisy else 2 * n_words**0.5 if factored else n_words
        inner = self.hidden * context if self.hidden else 0
        self.small = 3 * self.room * (rows * self.features + inner) < SMALL
        if self.tied and self.features != self.dim:
            raise ValueError(
                f"tied=True needs an output layer that sees vector_size={self.dim} numbers, and it "
                f"sees {self.features}: with architecture='bengio' set hidden={self.dim} and "
                "direct=False; with 'log_bilinear', combine='position'"
            )
        if self.tied and params["output_layer"] != "softmax":
            raise ValueError(
                "tied=True is for output_layer='softmax' only: the other output layers step, or "
                "order, the rows of their table otherwise than those of the context's"
            )


def initial_arrays(
    shape: Shape, counts: NDArray[np.int64], class_of: NDArray[np.int64] | None, seed: int
) -> dict[str, NDArray[Any]]:
    """Weights uniform in +-sqrt(3 / inputs); biases of the output: logarithms of frequencies.

    That of ``<s>`` makes its probability 0, and as no gradient reaches a word that is improbable
    and never the answer, it stays so.
    """
    n, context = shape.n_words, shape.n * shape.dim
    layers = {"embed": (n, shape.dim), "out": (n, shape.features)}
    if shape.hidden:
        layers["hidden"] = (shape.hidden, context)
    if class_of is not None:
        layers["classes"] = (int(class_of.max()) + 1, shape.features)
    if shape.tied:
        del layers["out"]
    arrays: dict[str, NDArray[Any]] = {}
    for name, (rows, columns) in layers.items():
        arrays[name] = aligned_zeros((rows, columns))
        # the variance of a sum of `inputs` products is that of one input
        scale = {"embed": 0.5, "hidden": (3 / context) ** 0.5}.get(
            name, 0.5 * (3 / shape.features) ** 0.5
        )
        _nlm.uniform(arrays[name].reshape(-1), scale, seed, LAYERS.index(name))
        if name != "embed":
            arrays[name + "_bias"] = aligned_zeros((rows,))
    if shape.tied:
        arrays["out_bias"] = aligned_zeros((n,))
    mass: NDArray[np.float64] = np.maximum(counts, 0.5)
    mass[BOS_ID] = 0.0
    if class_of is None:
        arrays["out_bias"][:] = _log_share(mass)
    else:
        own: NDArray[Any] = np.bincount(class_of, weights=mass)
        arrays["classes_bias"][:] = _log_share(own)
        log_in_class = np.log(np.maximum(mass, 0.5) / np.maximum(own, 0.5)[class_of])
        log_in_class[BOS_ID] = NEVER if own[class_of[BOS_ID]] > 0 else 0.0
        arrays["out_bias"][:] = log_in_class[np.argsort(class_of, kind="stable")]
    return arrays


def _log_share(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of parts of a whole, `NEVER` of nothing."""
    share = mass / mass.sum()
    return np.log(share, out=np.full(len(share), NEVER), where=share > 0)


def state_arrays(
    arrays: dict[str, NDArray[Any]], params: dict[str, Any]
) -> dict[str, NDArray[Any]]:
    """What the optimiser remembers of each number, zero at first.

    Of rows that do not have a gradient in every step also the step of their last one.
    """
    slots = OPTIMIZERS[params["optimizer"]][1]
    names = [n for layer in LAYERS for n in (layer, layer + "_bias") if n in arrays]
    state = {
        name + "_state": aligned_zeros((slots, *arrays[name].shape), arrays[name].dtype)
        for name in names
        if slots
    }
    sparse = [] if params["tied"] else ["embed"]
    if params["output_layer"] != "softmax":
        sparse.append("out")
    return state | {name + "_seen": np.zeros(len(arrays[name]), np.uint32) for name in sparse}


def noise_arrays(
    counts: NDArray[np.int64], params: dict[str, Any], dtype: Any = np.float32
) -> dict[str, NDArray[Any]]:
    """The pool that noise words are read from, and log(k q(w)) of every word."""
    weights = np.maximum(counts, 0.5) ** params["ns_exponent"]
    weights[BOS_ID] = 0.0
    size = min(NOISE_PLACES, 1 << (max(8 * len(counts), 1 << 16) - 1).bit_length())
    pool = _word2vec.noise_pools(weights, 1, size, params["seed"])[0]
    share = np.maximum(weights, weights[weights > 0].min()) / weights.sum()
    return {
        "noise": np.ascontiguousarray(pool),
        "log_noise": np.log(params["samples"] * share).astype(dtype),
    }


def make_net(
    arrays: dict[str, NDArray[Any]],
    shape: Shape,
    params: dict[str, Any],
    *,
    class_of: NDArray[np.int64] | None = None,
    counts: NDArray[np.int64] | None = None,
    batch: int | None = None,
    kept_bytes: int = KEPT_BYTES,
    block: int | None = None,
    workers: int | None = 1,
) -> _nlm.Net:
    """The native network over these arrays, which it trains in place.

    ``counts`` is needed to train with noise words; without it the network scores only.
    """
    given = dict(arrays)
    if shape.tied:
        given["out"] = given["embed"]
        if "embed_state" in given:
            given["out_state"] = given["embed_state"]
    if class_of is not None:
        given |= class_arrays(class_of)
    sampled = params["output_layer"] in ("nce", "sampled")
    if sampled and counts is not None:
        given |= noise_arrays(counts, params, arrays["embed"].dtype)
    kind, _, momentum, rho, epsilon = OPTIMIZERS[params["optimizer"]]
    room = shape.room if batch is None else batch
    if block is None:
        block = max(64, min(2048, BLOCK_NUMBERS // room // 16 * 16))
    settings = {
        "output": OUTPUTS.index(params["output_layer"]), "tanh": shape.tanh, "direct": shape.direct,
        "tied": shape.tied, "n": shape.n, "window": shape.window, "dim": shape.dim,
        "hidden": shape.hidden, "features": shape.features, "bos": BOS_ID, "eos": EOS_ID,
        "seed": params["seed"], "batch": room, "block": block, "kept_bytes": kept_bytes,
        "dropout": params["dropout"], "samples": params["samples"] if sampled else 0,
        "optim": {
            "kind": kind, "momentum": momentum, "rho": rho, "epsilon": epsilon,
            "decay": params["weight_decay"],
        },
    }  # fmt: skip
    return _nlm.Net(given, settings, resolve_workers(workers))
