"""Worked examples of textbooks and lecture notes, with their numbers as recomputed in float64."""

from __future__ import annotations

import numpy as np
import pytest

from fastembed import nn

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)


def dense(w, b, activation=None):
    """A Dense layer from W as notes write it, (outputs, inputs)."""
    return nn.Dense(
        len(b), activation, kernel_initializer=np.array(w, dtype=float).T, bias_initializer=b
    )


def close(found, expected, digits=8):
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.51 * 10**-digits)


# Softmax and the Iris example: two inputs, two ReLU units, three classes ---------------------


def iris(loss="categorical_crossentropy", **settings):
    layers = [
        dense([[0.1, -0.2], [0.4, 0.6]], [0.2, -0.3], "relu"),
        dense([[0.3, -0.3], [0.2, 0.1], [0.3, -0.2]], [-0.1, -0.5, -0.4], "softmax"),
    ]
    net = nn.Sequential(layers, dtype="float64")
    return net.compile(nn.SGD(learning_rate=0.5), nn.losses.loss_of({"name": loss, **settings}))


X, Y = np.array([[1.8, 0.5]]), np.array([[1.0, 0.0, 0.0]])


def test_softmax():
    net = nn.Sequential([nn.ActivationLayer("softmax")], dtype="float64").build(3)
    close(net.predict([[2.0, 1.0, 0.1]])[0], [0.65900114, 0.24243297, 0.09856589])


def test_iris_forward():
    found = nn.gradients(iris(), X, Y, trace=True)
    values = found["values"]
    close(values["dense/z"][0], [0.28, 0.72])
    close(values["dense"][0], [0.28, 0.72])
    close(values["dense_1/z"][0], [-0.232, -0.372, -0.460])
    close(values["dense_1"][0], [0.3751666, 0.3261542, 0.2986792], 7)
    assert found["loss"] == pytest.approx(0.9803851, abs=5e-8)


def test_iris_backward():
    found = nn.gradients(iris(), X, Y, trace=True)
    g, d = found["gradients"], found["value_gradients"]
    delta = [-0.62483340, 0.32615417, 0.29867923]
    close(d["dense_1/z"][0], delta)
    close(g["dense_1/bias"], delta)
    close(
        g["dense_1/kernel"].T,
        [[-0.17495335, -0.44988005], [0.09132317, 0.23483100], [0.08363018, 0.21504905]],
    )
    close(d["dense"][0], [-0.03261542, 0.16032959])
    close(g["dense/bias"], [-0.03261542, 0.16032959])
    close(g["dense/kernel"].T, [[-0.05870775, -0.01630771], [0.28859327, 0.08016480]])


def test_iris_step():
    net = iris()
    assert net.fit(X, Y).history["loss"][0] == pytest.approx(0.9803851, abs=5e-8)
    w1, b1, w2, b2 = net.get_weights()
    close(
        w2.T,
        [[0.38747668, -0.07505998], [0.15433842, -0.01741550], [0.25818491, -0.30752452]],
    )
    close(b2, [0.21241670, -0.66307709, -0.54933962])
    close(w1.T, [[0.12935388, -0.19184615], [0.25570337, 0.55991760]])
    close(b1, [0.21630771, -0.38016480])
    assert net.evaluate(X, Y)["loss"] == pytest.approx(0.5888753, abs=5e-8)
    close(net.predict(X)[0], [0.55495108, 0.21741157, 0.22763735])


def test_iris_with_only_the_last_kernel_learned():
    net = iris().build(2)
    grads = nn.gradients(net, X, Y)["gradients"]
    net.parameters()["dense_1/kernel"][...] -= 0.5 * grads["dense_1/kernel"]
    assert net.evaluate(X, Y)["loss"] == pytest.approx(0.8148943, abs=5e-8)
    close(net.predict(X)[0, 0], 0.4426861, 7)


def test_iris_with_the_cross_entropy_that_counts_negatives():
    found = nn.gradients(iris("summed_binary_crossentropy"), X, Y, trace=True)
    assert found["loss"] == pytest.approx(1.7299289, abs=5e-8)
    d, g = found["value_gradients"], found["gradients"]
    close(d["dense_1"][0], [-2.6654825, 1.4840190, 1.4258811], 6)
    close(d["dense_1/z"][0], [-0.96619750, 0.51340546, 0.45279204], 7)
    close(
        g["dense_1/kernel"].T,
        [[-0.27053530, -0.69566220], [0.14375353, 0.36965193], [0.12678177, 0.32601027]],
        7,
    )
    close(g["dense/kernel"].T, [[-0.09241298, -0.02567027], [0.45115450, 0.12532069]], 7)
    close(g["dense/bias"], [-0.05134055, 0.25064139], 7)


def test_the_jacobian_of_softmax_has_entries_off_the_diagonal():
    net = nn.Sequential([nn.ActivationLayer("softmax")], dtype="float64").build(3)
    own = nn.jacobian(net, [-0.232, -0.372, -0.460])
    close(np.diag(own), [0.2344166, 0.2197776, 0.2094700], 6)
    close([own[0, 1], own[0, 2], own[1, 2]], [-0.1223622, -0.1120545, -0.0974155], 6)


# XOR with two ReLU units, loss 1/2 (y - p)^2 summed over the mini-batch ----------------------


def xor(w1, b1, w2, b2):
    loss = nn.MeanSquaredError(scale=0.5, reduction="sum")
    layers = [dense(w1, b1, "relu"), dense([w2], [b2])]
    return nn.Sequential(layers, dtype="float64").compile("sgd", loss)


def test_xor_solved_by_hand():
    net = xor([[1, 1], [1, 1]], [0, -1], [1, -2], 0).build(2)
    assert net.predict(XOR)[:, 0].tolist() == [0, 1, 1, 0]


def test_xor_gradients_with_a_unit_exactly_at_zero():
    net = xor([[0.5, -0.3], [0.8, 0.2]], [0.1, -0.2], [1.5, -0.7], 0.05)
    found = nn.gradients(net, XOR, [0.0, 1.0, 1.0, 0.0], trace=True)
    close(found["values"]["dense_1"][:, 0], [0.2, 0.05, 0.53, -0.06])
    assert found["loss"] == pytest.approx(0.5835)
    g = found["gradients"]
    close(g["dense/kernel"].T, [[-0.795, -0.09], [0.371, 0.042]])
    close(g["dense/bias"], [-0.495, 0.371])
    close(g["dense_1/kernel"][:, 0], [-0.28, -0.33])
    close(g["dense_1/bias"], [-1.28])


def test_jacobian_of_a_composition():
    def g(x):
        return np.array([x[0] + 2 * x[1], x[1], -x[0] + 3])

    def f(x):
        return x[0] - 2 * x[1] + x[2] / 4

    point = np.array([0.3, -0.8])
    close(nn.jacobian(lambda x: f(g(x)), point), [[0.75, 0]], 6)
    close(nn.jacobian(g, point), [[1, 2], [0, 1], [-1, 0]], 6)
    close(nn.jacobian(f, g(point)), [[1, -2, 0.25]], 6)
    close(nn.jacobian(lambda x: [x[0] + x[1] * x[2], x[0] ** 2 + 3 * x[1]], [1.0, 2.0, 3.0]),
          [[1, 3, 2], [2, 3, 0]], 6)  # fmt: skip


# Hard thresholds, 1 where z >= 0 ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("w", "b", "wo", "bo", "points"),
    [
        (
            [[1], [1]], [-1, -3], [-1, 2], 0.5,
            {0: (0.5, 1), 2: (-0.5, 0), 3: (1.5, 1)},
        ),
        (
            [[1], [1]], [-2, -4], [1, -2], -0.5,
            {0: (-0.5, 0), 1: (-0.5, 0), 3: (0.5, 1), 5: (-1.5, 0), 3.5: (0.5, 1)},
        ),
        (
            [[1, 0], [0, 1], [1, 1]], [0, 0, -1], [1, 1, -1], -1.5,
            {
                (0, 0): (0.5, 1), (0.25, 0.25): (0.5, 1), (0.49, 0.5): (0.5, 1),
                (0.5, 0.5): (-0.5, 0), (1, 0): (-0.5, 0), (2, 2): (-0.5, 0),
                (-0.1, 0.5): (-0.5, 0), (-1, -1): (-1.5, 0), (2, -0.5): (-1.5, 0),
            },
        ),
    ],
)  # fmt: skip
def test_threshold_units(w, b, wo, bo, points):
    x = np.array([np.atleast_1d(point) for point in points], dtype=float)
    hidden = nn.Sequential([dense(w, b, "binary_step"), dense([wo], [bo])], dtype="float64")
    whole = nn.Sequential(
        [dense(w, b, "binary_step"), dense([wo], [bo], "binary_step")], dtype="float64"
    )
    width = x.shape[1]
    assert hidden.build(width).predict(x)[:, 0].tolist() == [z for z, _ in points.values()]
    assert whole.build(width).predict(x)[:, 0].tolist() == [out for _, out in points.values()]


@pytest.mark.parametrize(
    ("y", "z", "loss", "slope"),
    [
        (0, 2, 2.1269280, 0.8807971),
        (1, 2, 0.1269280, -0.1192029),
        (0, -1, 0.3132617, 0.2689414),
        (1, -1, 1.3132617, -0.7310586),
    ],
)
def test_binary_cross_entropy_of_logits(y, z, loss, slope):
    net = nn.Sequential([dense([[1.0]], [0.0], "sigmoid")], dtype="float64")
    net.compile("sgd", "binary_crossentropy")
    found = nn.gradients(net, [[float(z)]], [float(y)])
    assert found["loss"] == pytest.approx(loss, abs=5e-8)
    assert found["gradients"]["dense/bias"][0] == pytest.approx(slope, abs=5e-8)


def test_softmax_of_three_rows_is_by_row():
    net = nn.Sequential([nn.ActivationLayer("softmax")], dtype="float64").build(3)
    z = [[1.0, 2, 3], [1, 1, 1], [0, 0, 5]]
    expected = [[0.0900, 0.2447, 0.6652], [0.3333] * 3, [0.0066, 0.0066, 0.9867]]
    close(net.predict(z), expected, 4)
