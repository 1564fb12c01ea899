"""Dense networks in plain NumPy, float64: the slow twin of csrc/dense_real.h and csrc/optim.h."""

from __future__ import annotations

import math

import numpy as np

CLIP = 1e-7


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def normal_cdf(z):
    return 0.5 * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))


def act(name, z, c=0.0):
    """Value of an activation."""
    return {
        "linear": lambda: z,
        "binary_step": lambda: (z >= 0).astype(float),
        "sigmoid": lambda: sigmoid(z),
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0),
        "leaky_relu": lambda: np.where(z > 0, z, c * z),
        "elu": lambda: np.where(z > 0, z, c * np.expm1(np.minimum(z, 0))),
        "exponential": lambda: np.exp(z),
        "swish": lambda: z * sigmoid(z),
        "gelu": lambda: z * normal_cdf(z),
        "softmax": lambda: softmax(z),
    }[name]()


def act_back(name, z, d, c=0.0):
    """Gradient by z, given that by the value."""
    s = sigmoid(z)
    slope = {
        "linear": lambda: np.ones_like(z),
        "binary_step": lambda: np.zeros_like(z),
        "sigmoid": lambda: s * (1 - s),
        "tanh": lambda: 1 - np.tanh(z) ** 2,
        "relu": lambda: (z > 0).astype(float),
        "leaky_relu": lambda: np.where(z > 0, 1.0, c),
        "elu": lambda: np.where(z > 0, 1.0, c * np.exp(np.minimum(z, 0))),
        "exponential": lambda: np.exp(z),
        "swish": lambda: s + z * s * (1 - s),
        "gelu": lambda: normal_cdf(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    }
    if name == "softmax":
        p = softmax(z)
        return p * (d - (p * d).sum(axis=-1, keepdims=True))
    return d * slope[name]()


def loss(name, y, p):
    """Loss of each row and its gradient by the outputs."""
    n = p.shape[1]
    q = np.clip(p, CLIP, 1 - CLIP)
    if name == "mean_squared_error":
        return ((p - y) ** 2).mean(axis=1), 2 * (p - y) / n
    if name == "mean_absolute_error":
        return np.abs(p - y).mean(axis=1), np.sign(p - y) / n
    if name in ("binary_crossentropy", "summed_binary_crossentropy"):
        over = n if name == "binary_crossentropy" else 1
        each = -(y * np.log(q) + (1 - y) * np.log(1 - q))
        return each.sum(axis=1) / over, (q - y) / (q * (1 - q)) / over
    if name == "categorical_crossentropy":
        return -(y * np.log(q)).sum(axis=1), -y / q
    raise ValueError(name)


class Network:
    """Dense layers: ``layers`` is a list of (W, b, activation name)."""

    def __init__(self, layers, loss_name):
        self.layers = [
            [np.array(w, dtype=float), np.array(b, dtype=float), a] for w, b, a in layers
        ]
        self.loss_name = loss_name

    def forward(self, x):
        self.zs, self.values = [], [np.asarray(x, dtype=float)]
        for w, b, name in self.layers:
            self.zs.append(self.values[-1] @ w + b)
            self.values.append(act(name, self.zs[-1]))
        return self.values[-1]

    def gradients(self, x, y, weights=None):
        """Mean loss and the gradients of all W and b, layer by layer."""
        p = self.forward(x)
        weights = np.ones(len(p)) if weights is None else np.asarray(weights)
        each, d = loss(self.loss_name, y, p)
        d = d * weights[:, None] / len(p)
        found = []
        for (w, _, name), z, before in zip(
            reversed(self.layers), reversed(self.zs), reversed(self.values[:-1]), strict=True
        ):
            d = act_back(name, z, d)
            found += [d.sum(axis=0), before.T @ d]
            d = d @ w.T
        return float((each * weights).sum() / len(p)), found[::-1]

    def parameters(self):
        return [p for w, b, _ in self.layers for p in (w, b)]


class Optimizer:
    """One of csrc/optim.h's steps, as written there."""

    def __init__(self, kind, **settings):
        self.kind, self.n = kind, 0
        self.h = {"rate": 0.01, "m": 0.9, "q": 0.9, "eps": 1e-7, "decay": 0.0, "start": 0.0}
        self.h |= settings
        self.states = {}

    def step(self, parameters, gradients):
        self.n += 1
        h = self.h
        for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            s, t = self.states.setdefault(i, [np.full_like(p, h["start"]), np.zeros_like(p)])
            p *= 1 - h["rate"] * h["decay"]
            if self.kind == "sgd":
                p -= h["rate"] * g
            elif self.kind in ("momentum", "nesterov"):
                s[...] = h["m"] * s - h["rate"] * g
                p += s if self.kind == "momentum" else h["m"] * s - h["rate"] * g
            elif self.kind == "adagrad":
                s += g * g
                p -= h["rate"] * g / np.sqrt(s + h["eps"])
            elif self.kind == "rmsprop":
                s[...] = h["q"] * s + (1 - h["q"]) * g * g
                p -= h["rate"] * g / np.sqrt(s + h["eps"])
            else:
                s[...] = h["m"] * s + (1 - h["m"]) * g
                t[...] = h["q"] * t + (1 - h["q"]) * g * g
                rate = h["rate"] * math.sqrt(1 - h["q"] ** self.n) / (1 - h["m"] ** self.n)
                p -= rate * s / (np.sqrt(t) + h["eps"])
