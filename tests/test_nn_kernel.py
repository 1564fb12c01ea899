"""The kernels of networks against the oracle: sizes, types, instruction sets, threads."""

from __future__ import annotations

import numpy as np
import oracle_nn as oracle
import pytest

from fastembed import nn
from fastembed._native import _kernels
from fastembed.core.errors import TrainingError


@pytest.fixture(params=_kernels.available())
def isa(request):
    before = _kernels.isa()
    yield _kernels.select(request.param)
    _kernels.select(before)


def twin(net, loss):
    """The oracle with the weights of a network of Dense layers."""
    weights = [w.astype(float) for w in net.get_weights()]
    names = [nn.activations.activation_of(layer.activation).name for layer in net.layers]
    layers = [(weights[2 * i], weights[2 * i + 1], name) for i, name in enumerate(names)]
    return oracle.Network(layers, loss)


def data(n, n_in, n_out, seed=0, classes=True):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n_in)).astype(np.float32)
    if not classes:
        return x, rng.random((n, n_out)).astype(np.float32)
    labels = rng.integers(0, n_out, n)
    return x, np.eye(n_out, dtype=np.float32)[labels]


SIZES = [(1, 1, 1, 2), (5, 3, 7, 3), (33, 17, 65, 10), (64, 100, 31, 5), (130, 49, 200, 11)]
OPTIMIZERS = [
    (nn.SGD(learning_rate=0.1), oracle.Optimizer("sgd", rate=0.1)),
    (nn.SGD(learning_rate=0.1, momentum=0.8), oracle.Optimizer("momentum", rate=0.1, m=0.8)),
    (
        nn.SGD(learning_rate=0.1, momentum=0.8, nesterov=True),
        oracle.Optimizer("nesterov", rate=0.1, m=0.8),
    ),
    (nn.AdaGrad(learning_rate=0.05), oracle.Optimizer("adagrad", rate=0.05, start=0.1)),
    (nn.RMSprop(learning_rate=0.01), oracle.Optimizer("rmsprop", rate=0.01)),
    (nn.Adam(learning_rate=0.01), oracle.Optimizer("adam", rate=0.01, q=0.999)),
    (
        nn.AdamW(learning_rate=0.01, weight_decay=0.1),
        oracle.Optimizer("adam", rate=0.01, q=0.999, decay=0.1),
    ),
]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_epoch_equals_the_oracle(isa, size, dtype):
    n, n_in, hidden, n_out = size
    x, y = data(n, n_in, n_out)
    net = nn.Sequential([nn.Dense(hidden, "tanh"), nn.Dense(n_out, "softmax")], dtype=dtype)
    net.compile(nn.SGD(learning_rate=0.1), "categorical_crossentropy", ["accuracy", "mae"])
    net.build(n_in)
    model, optimizer = twin(net, "categorical_crossentropy"), oracle.Optimizer("sgd", rate=0.1)
    batch, losses, right, away = 16, 0.0, 0.0, 0.0
    for at in range(0, n, batch):
        xs, ys = x[at : at + batch], y[at : at + batch]
        loss, gradients = model.gradients(xs, ys)
        p = model.values[-1]
        right += (p.argmax(1) == ys.argmax(1)).sum()
        away += np.abs(p - ys).mean(axis=1).sum()
        losses += loss * len(xs)
        optimizer.step(model.parameters(), gradients)
    history = net.fit(x, y, batch_size=batch, shuffle=False, workers=1).history
    tight = 1e-10 if dtype == "float64" else 2e-5
    assert history["loss"][0] == pytest.approx(losses / n, rel=tight)
    assert history["accuracy"][0] == pytest.approx(right / n)
    assert history["mae"][0] == pytest.approx(away / n, rel=tight)
    for own, expected in zip(net.get_weights(), model.parameters(), strict=True):
        np.testing.assert_allclose(own, expected, rtol=10 * tight, atol=tight)
    np.testing.assert_allclose(net.predict(x), model.forward(x), rtol=10 * tight, atol=tight)


@pytest.mark.parametrize("pair", OPTIMIZERS, ids=lambda p: f"{p[0].name}-{p[1].kind}")
def test_steps_of_an_optimiser_equal_the_oracle(isa, pair):
    ours, theirs = pair
    theirs = oracle.Optimizer(theirs.kind, **theirs.h)
    x, y = data(24, 5, 3, classes=False)
    net = nn.Sequential([nn.Dense(19, "tanh"), nn.Dense(3)], dtype="float64")
    net.compile(ours, "mse").build(5)
    model = twin(net, "mean_squared_error")
    for _ in range(4):
        for at in range(0, 24, 10):
            _, gradients = model.gradients(x[at : at + 10], y[at : at + 10])
            theirs.step(model.parameters(), gradients)
    net.fit(x, y, epochs=4, batch_size=10, shuffle=False)
    for own, expected in zip(net.get_weights(), model.parameters(), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [n for n in nn.ACTIVATIONS if n not in ("prelu", "linear")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_equal_the_oracle(isa, name, dtype):
    z = np.concatenate([np.linspace(-30, 30, 241), [0.0, -0.0, 1e-30, 80.0, -80.0, -200.0]])
    z = z.astype(dtype).reshape(-1, 13)
    net = nn.Sequential([nn.ActivationLayer(name)], dtype=dtype).build(13)
    constant = nn.ACTIVATIONS[name].constant
    expected = oracle.act(name, z.astype(float), constant)
    tight = 1e-12 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(net.predict(z), expected, rtol=tight, atol=tight / 4)
    slope = nn.vjp(net, z, np.ones_like(z)) if name != "softmax" else None
    if slope is not None and dtype == "float64":
        wanted = oracle.act_back(name, z.astype(float), np.ones_like(z), constant)
        np.testing.assert_allclose(slope, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "summed_binary_crossentropy"])
def test_extreme_logits_have_a_finite_loss(isa, loss):
    x = np.array([[200.0], [-200.0], [0.0]], dtype=np.float32)
    y = np.array([0.0, 1.0, 1.0], dtype=np.float32)
    net = nn.Sequential([nn.Dense(1, "sigmoid", kernel_initializer=[[1.0]])]).compile("sgd", loss)
    assert net.evaluate(x, y)["loss"] == pytest.approx((400 + np.log(2)) / 3, rel=1e-6)
    net = nn.Sequential([nn.ActivationLayer("softmax")])
    net.compile("sgd", "sparse_categorical_crossentropy")
    wide = np.array([[1000.0, 0.0], [-1000.0, 0.0]], dtype=np.float32)
    assert net.evaluate(wide, np.array([1, 1]))["loss"] == pytest.approx(500)
    np.testing.assert_allclose(net.predict(wide), [[1, 0], [0, 1]], atol=1e-37)


@pytest.mark.parametrize(("dtype", "tight"), [("float32", 1e-6), ("float64", 1e-14)])
def test_a_small_loss_of_logits_keeps_its_digits(isa, dtype, tight):
    z = np.concatenate([np.linspace(-69, 69, 277), [1e-3, 0.3, -0.7]])  # losses from 1e-30 on
    for y in (0.0, 1.0, 0.5):
        given = z if y == 0.5 else np.where(y == 1, np.abs(z), -np.abs(z))
        net = nn.Sequential([nn.Dense(1, "sigmoid", kernel_initializer=[[1.0]])], dtype=dtype)
        net.compile("sgd", "binary_crossentropy")
        x = given.astype(dtype)
        found = [net.evaluate(x[i : i + 1, None], np.array([y]))["loss"] for i in range(len(x))]
        wide = x.astype(float)
        expected = np.maximum(wide, 0) - wide * y + np.log1p(np.exp(-np.abs(wide)))
        np.testing.assert_allclose(found, expected, rtol=tight, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [nn.SGD, nn.RMSprop, nn.Adam])
def test_weights_updated_block_by_block_are_those_updated_at_once(isa, optimizer, dtype):
    # the first layer has several blocks; a norm that is limited needs all gradients first
    x, y = data(60, 301, 10)
    found = []
    for clipnorm in (None, 1e30):
        layers = [nn.Dense(203, "tanh"), nn.Dense(40, "relu"), nn.Dense(10, "softmax")]
        net = nn.Sequential(layers, dtype=dtype, seed=3)
        net.compile(optimizer(clipnorm=clipnorm), "categorical_crossentropy")
        history = net.fit(x, y, epochs=3, batch_size=32, workers=1).history
        found.append((net.get_weights(), net.states(), history["loss"]))
    tight = 1e-10 if dtype == "float64" else 1e-4
    for one, other in zip(*(f[0] + f[1] for f in found), strict=True):
        np.testing.assert_allclose(one, other, rtol=tight, atol=tight / 10)
    assert found[0][2] == pytest.approx(found[1][2], rel=tight)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_a_loss_that_is_not_finite_leaves_weights_and_state_as_they_were(optimizer):
    x, y = data(32, 20, 3)
    net = nn.Sequential([nn.Dense(30, "relu"), nn.Dense(3)]).compile(optimizer, "mse")
    net.fit(x[:16], y[:16], batch_size=16)
    before = [a.copy() for a in (net.flat_weights(), *net.states())]
    with pytest.raises(TrainingError, match="not finite"):
        net.fit(x * np.float32(1e25), y, batch_size=16)
    for own, old in zip((net.flat_weights(), *net.states()), before, strict=True):
        np.testing.assert_array_equal(own, old)


def test_any_number_of_workers_gives_the_same_bits():
    x, y = data(700, 300, 10)
    found = []
    for workers in (1, 2, 4):
        layers = [nn.Dense(513, "relu"), nn.Dropout(0.2), nn.Dense(10, "softmax")]
        net = nn.Sequential(layers).compile("adam", "categorical_crossentropy")
        history = net.fit(x, y, epochs=2, batch_size=300, workers=workers).history
        found.append((history, net.flat_weights().tobytes(), net.predict(x).tobytes()))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("dtype", ["float64", "uint8", "int16", "bool"])
def test_inputs_of_other_types_mean_the_same_numbers(dtype, tmp_path):
    rng = np.random.default_rng(2)
    x = rng.integers(0, 2 if dtype == "bool" else 200, (30, 9)).astype(dtype)
    y = rng.integers(0, 3, 30)
    mapped = np.memmap(tmp_path / "x", dtype=x.dtype, mode="w+", shape=x.shape)
    mapped[:] = x
    mapped.flush()
    read_only = np.memmap(tmp_path / "x", dtype=x.dtype, mode="r", shape=x.shape)
    results = []
    for given in (x.astype(np.float32), x, np.asfortranarray(x), read_only):
        net = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(3, "softmax")])
        net.compile("sgd", "sparse_categorical_crossentropy").fit(given, y, batch_size=7)
        results.append(net.flat_weights().tobytes())
    assert len(set(results)) == 1


def test_gradients_limited_by_norm_and_by_value():
    x, y = data(12, 4, 2, classes=False)
    for limits in ({"clipnorm": 0.01}, {"clipvalue": 0.003}):
        net = nn.Sequential([nn.Dense(2)], dtype="float64")
        net.compile(nn.SGD(learning_rate=1.0, **limits), "mse").build(4)
        before, model = net.get_weights(), twin(net, "mean_squared_error")
        _, gradients = model.gradients(x, y)
        net.fit(x, y, batch_size=12)
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        for b, a, g in zip(before, net.get_weights(), gradients, strict=True):
            limited = g * 0.01 / norm if "clipnorm" in limits else np.clip(g, -0.003, 0.003)
            np.testing.assert_allclose(b - a, limited, rtol=1e-9, atol=1e-15)


def test_sparse_and_dense_gradients_of_an_embedding_take_the_same_sgd_step():
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 40, (90, 6)).astype(np.int32), rng.integers(0, 4, 90)
    found = []
    for sparse in (True, False):
        layers = [nn.Embedding(40, 20, sparse=sparse), nn.Flatten(), nn.Dense(4, "softmax")]
        net = nn.Sequential(layers).compile("sgd", "sparse_categorical_crossentropy")
        net.fit(x, y, epochs=3, batch_size=8)
        found.append(net.flat_weights().copy())
    np.testing.assert_array_equal(found[0], found[1])


def test_elu_keeps_its_digits_near_zero(isa):
    x = -np.logspace(-30, 2, 4001).astype(np.float32)
    for scale in (1.0, 0.5):
        net = nn.Sequential([nn.ActivationLayer(nn.Activation("elu", 6, scale))]).build(1)
        found = net.predict(np.r_[x, -x, 0.0][:, None])[:, 0].astype(np.float64)
        np.testing.assert_allclose(found[: len(x)], scale * np.expm1(x.astype(float)), rtol=4e-7)
        np.testing.assert_array_equal(found[len(x) :], np.r_[-x, 0.0])


def test_a_small_cross_entropy_keeps_its_digits(isa):
    gaps = np.array([5.0, 12.0, 17.0, 25.0, 40.0])
    logits = np.stack([100 + gaps, np.full(5, 100.0), np.full(5, 99.0)], axis=1).astype(np.float32)
    net = nn.Sequential([nn.ActivationLayer("softmax")]).build(3)
    right = np.log1p(np.exp(-gaps) + np.exp(-gaps - 1))
    for loss, y in (
        ("sparse_categorical_crossentropy", np.zeros((5, 1), np.int64)),
        ("categorical_crossentropy", np.eye(3)[[0] * 5]),
    ):
        net.compile("sgd", loss)
        found = [net.evaluate(logits[i : i + 1], y[i : i + 1])["loss"] for i in range(5)]
        np.testing.assert_allclose(found, right, rtol=1e-6, atol=1e-14)
