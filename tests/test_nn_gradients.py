"""Every layer, activation and loss of the registries has its gradient checked, in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastembed import nn
from fastembed.nn.losses import loss_of

CASES = [
    pytest.param(cls, params, shape, id=f"{name}-{i}")
    for name, cls in nn.LAYERS.items()
    for i, (params, shape) in enumerate(cls.cases)
]


def test_every_layer_has_a_case():
    assert all(cls.cases for cls in nn.LAYERS.values())


@pytest.mark.parametrize(("cls", "params", "shape"), CASES)
def test_gradient_of_a_layer(cls, params, shape):
    rng = np.random.default_rng(7)
    ids = cls.takes_ids
    activation = params.get("activation")
    body = [] if ids or len(shape) > 1 else [nn.Dense(shape[0], "sigmoid")]
    if cls is nn.Flatten:
        body = [nn.Embedding(5, shape[1])]
        ids, shape = True, shape[:1]
    net = nn.Sequential([*body, cls(**params), nn.Flatten(), nn.Dense(3)], seed=4)
    net.compile("sgd", "mse")
    x = rng.integers(0, 5, (6, *shape)) if ids else rng.normal(size=(6, *shape))
    y = rng.normal(size=(6, 3))
    # binary_step has slope 0 and jumps: away from its jumps both derivatives are 0
    assert nn.gradcheck(net, x, y).max_error < (1e-6 if activation != "gelu" else 1e-5)


TARGETS = {
    "labels": lambda rng, n: rng.integers(0, n, 7),
    "any": lambda rng, n: rng.normal(size=(7, n)),
    "unit": lambda rng, n: rng.random((7, n)),
    "binary": lambda rng, n: rng.integers(0, 2, (7, n)).astype(float),
    "simplex": lambda rng, n: rng.dirichlet(np.ones(n), 7),
}


@pytest.mark.parametrize("name", nn.LOSSES)
@pytest.mark.parametrize("activation", ["linear", "sigmoid", "softmax"])
@pytest.mark.parametrize("settings", [{}, {"reduction": "sum", "scale": 0.5}], ids=str)
def test_gradient_of_a_loss(name, activation, settings):
    loss = loss_of({"name": name, **settings})
    if loss.domain != "any" and activation == "linear":
        if not hasattr(loss, "from_logits"):
            pytest.skip("takes probabilities")
        loss = loss_of({"name": name, **settings, "from_logits": True})
    rng = np.random.default_rng(3)
    n, rows = (1, 8) if loss.group > 1 else (4, 7)
    net = nn.Sequential([nn.Dense(5, "tanh"), nn.Dense(n, activation)]).compile("sgd", loss)
    y = TARGETS["labels" if loss.labels else loss.targets](rng, n)
    x = rng.normal(size=(rows, 3))
    weights = rng.random(rows)
    if loss.group > 1:
        y, weights = None, None
    check = nn.gradcheck(net, x, y, sample_weight=weights)
    assert check.ok, check


def test_a_folded_activation_has_the_gradient_of_the_plain_one():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5, 4)), rng.integers(0, 3, 5)
    net = nn.Sequential([nn.Dense(3, "softmax")]).compile("sgd", "sparse_categorical_crossentropy")
    fused, plain = nn.gradients(net, x, y), nn.gradients(net, x, y, trace=True)
    assert fused["loss"] == pytest.approx(plain["loss"], rel=1e-12)
    for name, g in fused["gradients"].items():
        np.testing.assert_allclose(g, plain["gradients"][name], rtol=1e-9, atol=1e-14)


def test_a_wrong_gradient_is_found():
    # relu at 0: the derivative is 0, central differences straddle the kink
    net = nn.Sequential([nn.Dense(1, "relu", kernel_initializer=[[1.0]])]).compile("sgd", "mse")
    assert not nn.gradcheck(net, [[0.0]], [[1.0]]).ok


def test_jacobians_and_products_with_them():
    def f(x):
        return [2 * x[0] + x[1], np.pi * x[1], -x[0] / x[1]]

    exact = [[2, 1], [0, np.pi], [-0.5, 0.75]]
    np.testing.assert_allclose(nn.jacobian(f, [3.0, 2.0]), exact, atol=1e-8)
    rng = np.random.default_rng(0)
    net = nn.Sequential([nn.Dense(6, "gelu"), nn.Dense(3, "softmax")], dtype="float64").build(4)
    x = rng.normal(size=4)
    own = nn.jacobian(net, x)
    assert own.shape == (3, 4)
    numeric = nn.jacobian(lambda p: net.predict(p[None])[0], x)
    np.testing.assert_allclose(own, numeric, atol=1e-8)
    v = rng.normal(size=(1, 3))
    np.testing.assert_allclose(nn.vjp(net, x[None], v), v @ own, rtol=1e-12)


@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    names=st.lists(st.sampled_from(["tanh", "swish", "gelu", "sigmoid", "elu"]), min_size=3),
    rows=st.integers(1, 6),
    seed=st.integers(0, 100),
)
@settings(max_examples=40)
def test_gradient_of_any_stack(sizes, names, rows, seed):
    rng = np.random.default_rng(seed)
    layers = [nn.Dense(n, name) for n, name in zip(sizes[1:], names, strict=False)]
    net = nn.Sequential([*layers, nn.LayerNorm(), nn.Dense(2, "softmax")], seed=seed)
    net.compile("adam", "sparse_categorical_crossentropy")
    x = rng.normal(size=(rows, sizes[0]))
    # a row of one number is normalised to 0: nothing flows back
    assert nn.gradcheck(net, x, rng.integers(0, 2, rows), tolerance=1e-4, samples=20).ok
