"""What `fe.nn` refuses, and when: targets, weights, callbacks, runs that diverge."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from fastembed import TrainingError, nn
from fastembed.core.progress import Callback
from fastembed.core.rounds import TrainingInterrupted

rng = np.random.default_rng(5)
X = rng.normal(size=(40, 3)).astype(np.float32)
LABELS = rng.integers(0, 3, 40)
BINARY = (X[:, 0] > 0).astype(np.float32)


def one(loss, activation=None, **settings):
    net = nn.Sequential([nn.Dense(1, activation)], **settings)
    return net.compile(nn.SGD(learning_rate=0.1), loss)


def three(loss="sparse_categorical_crossentropy", metrics=()):
    net = nn.Sequential([nn.Dense(4, "relu"), nn.Dense(3, "softmax")])
    return net.compile("adam", loss, metrics)


def changed(array, at, value):
    other = np.array(array, dtype=np.float64)
    other[at] = value
    return other


# ---------------------------------------------------------------------------------- first values

EXPLICIT = [
    nn.Dense(2, kernel_initializer=np.ones((3, 2)), bias_initializer=np.array([1.0, -1.0])),
    nn.Dense(2, kernel_initializer=[[1.0, 2.0]] * 3, bias_initializer=(0.5, 0.25)),
    nn.Dense(2, bias_initializer=0.5),
    nn.PReLU(np.array([0.1, -0.2, 0.3])),
    nn.PReLU((0.1, -0.2, 0.3)),
    nn.PReLU(np.float32(0.5)),
    nn.PReLU("ones"),
    nn.Dense(2, nn.Activation("leaky_relu", 5, np.float32(0.25))),
    nn.Dense(np.int64(2), kernel_regularizer=nn.Regularizer(np.float32(0.5))),
]


@pytest.mark.parametrize("layer", EXPLICIT, ids=lambda layer: str(layer)[:60])
def test_explicit_first_values_are_used_and_saved(layer, tmp_path):
    net = nn.Sequential([layer, nn.Dense(1)]).build(3)
    net.save(tmp_path / "n.fe")
    again = nn.Sequential.load(tmp_path / "n.fe")
    assert again.predict(X).tobytes() == net.predict(X).tobytes()
    own = getattr(layer, "alpha_initializer", "")
    if not isinstance(own, str):
        np.testing.assert_allclose(net.get_weights()[0], np.broadcast_to(own, 3), rtol=1e-6)


def test_tables_and_columns_that_are_arrays_are_saved(tmp_path):
    columns, table = np.array([1, 3]), np.arange(8.0).reshape(4, 2)
    net = nn.Sequential([nn.Embedding(4, 2, columns, initializer=table), nn.Flatten()]).build(3)
    net.save(tmp_path / "n.fe")
    again = nn.Sequential.load(tmp_path / "n.fe")
    assert again.predict([[0, 1, 2]]).tolist() == [[2, 3, 4, 5]]


@pytest.mark.parametrize("constant", [-0.1, np.nan, np.inf])
@pytest.mark.parametrize(("name", "code"), [("leaky_relu", 5), ("elu", 6)])
def test_a_slope_that_the_value_does_not_tell_is_refused(name, code, constant):
    with pytest.raises(ValueError, match=f"activation {name}: constant must be .* >= 0"):
        nn.Activation(name, code, constant)


def test_slopes_of_zero_are_right():
    for name, code in (("leaky_relu", 5), ("elu", 6)):
        net = nn.Sequential([nn.Dense(4, nn.Activation(name, code, 0.0)), nn.Dense(1)])
        assert nn.gradcheck(net.compile("sgd", "mse"), X, BINARY).max_error < 1e-6


# --------------------------------------------------------------------------------------- targets

TARGETS = [
    ("binary_crossentropy", "sigmoid", changed(BINARY, 7, 2.0), r"0 \.\. 1.*row 7 is \[2\.\]"),
    ("binary_crossentropy", "sigmoid", changed(BINARY, 3, -1.0), r"row 3 is \[-1\.\]"),
    (nn.BinaryCrossentropy(from_logits=True), None, changed(BINARY, 3, 1.5), "row 3"),
    ("hinge", None, changed(BINARY, 9, 0.5), "-1 and 1, or 0 and 1; row 9"),
    ("hinge", None, changed(BINARY, 9, 2), "row 9"),
    ("hinge", None, changed(BINARY, 9, -1), "holds -1, 0 and 1"),
    ("mse", None, changed(BINARY, 4, np.nan), "y holds nan in row 4, column 0"),
    ("mse", None, changed(BINARY, 4, 1e300), r"y holds 1e\+300 in row 4.*more than float32"),
]


@pytest.mark.parametrize(("loss", "activation", "y", "message"), TARGETS, ids=lambda v: str(v)[:30])
@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_targets_outside_of_the_domain_name_the_row(method, loss, activation, y, message):
    net = one(loss, activation).build(3)
    before = net.get_weights()
    # whatever way of printing numbers somebody else has set
    with np.printoptions(precision=2, floatmode="fixed"), pytest.raises(ValueError, match=message):
        getattr(net, method)(X, y)
    assert all((a == b).all() for a, b in zip(net.get_weights(), before, strict=True))


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "kl_divergence"])
def test_targets_that_are_no_distribution_are_refused(loss):
    whole = np.eye(3)[LABELS]
    three(loss).fit(X, whole.astype(np.float16) / np.float16(3) * np.float16(3))
    for bad, message in (
        (changed(whole, (11, slice(None)), [1, 1, 0]), "row 11 .* sum 2"),
        (changed(whole, (11, slice(None)), 0), "row 11 .* sum 0"),
        (changed(whole, (11, slice(None)), [1.5, -0.5, 0]), "row 11 is"),
    ):
        with pytest.raises(ValueError, match=message):
            three(loss).fit(X, bad)


def test_hinge_takes_both_forms_of_labels():
    nets = [one("hinge"), one("hinge")]
    nets[0].fit(X, BINARY)
    nets[1].fit(X, 2 * BINARY - 1)
    assert nets[0].flat_weights().tobytes() == nets[1].flat_weights().tobytes()


# --------------------------------------------------------------------------------- class weights


def test_class_weights_go_by_label():
    signs = 2 * BINARY - 1
    nets = [one("hinge"), one("hinge")]
    nets[0].fit(X, signs, class_weight={-1: 3.0, np.int64(1): 0.5, 7: 9.0})
    nets[1].fit(X, signs, sample_weight=np.where(signs < 0, 3.0, 0.5))
    assert nets[0].flat_weights().tobytes() == nets[1].flat_weights().tobytes()
    with pytest.raises(ValueError, match="no weight for class -1"):
        one("hinge").fit(X, signs, class_weight={0: 1.0, 1: 1.0})
    by_label = {0: 1.0, 1: 2.0, 2: 0.5, -1: 4.0, 10**15: 1.0}
    nets = [three(), three("categorical_crossentropy")]
    nets[0].fit(X, LABELS, class_weight=by_label)
    nets[1].fit(X, np.eye(3)[LABELS], class_weight=by_label)
    assert nets[0].flat_weights().tobytes() == nets[1].flat_weights().tobytes()


@pytest.mark.parametrize(
    ("y", "weights", "error", "message"),
    [
        (BINARY, {"a": 1}, TypeError, "integer labels; got the key 'a'"),
        (BINARY, {0: 1, 1: -2}, ValueError, "numbers >= 0"),
        (changed(BINARY, 6, 0.5), {0: 1, 1: 1}, ValueError, "not an integer in row 6"),
    ],
)
def test_class_weights_that_do_not_fit(y, weights, error, message):
    with pytest.raises(error, match=message):
        one("mse").fit(X, y, class_weight=weights)


def test_several_classes_a_row_have_no_class_weight():
    net = nn.Sequential([nn.Dense(2, "sigmoid")]).compile("sgd", "binary_crossentropy")
    with pytest.raises(ValueError, match="several largest targets in row 0"):
        net.fit(X, np.ones((40, 2)), class_weight={0: 1, 1: 1})


# ------------------------------------------------------------------------------------- divergence


def test_a_finite_loss_that_has_diverged_stops_the_run():
    net = nn.Sequential([nn.Dense(8, "tanh"), nn.Dense(1)]).compile(
        nn.Adam(learning_rate=1e7), "mse"
    )
    with pytest.raises(TrainingError, match=r"diverges: .* epoch 1, .* mini-batch \d+ of 40"):
        net.fit(X, X[:, 0], batch_size=1, epochs=3)


def test_weights_that_are_not_finite_stop_the_run():
    # the loss is that of before the step: finite
    net = nn.Sequential([nn.Dense(1)]).compile(nn.SGD(learning_rate=1e38), "mse")
    with pytest.raises(
        TrainingError, match=r"'dense/.*' are not finite after epoch 1, mini-batch 1"
    ):
        net.fit(X, 100 * X[:, 0], batch_size=40)


def test_sound_runs_go_on():
    # begins at the solution: the loss is 0, then that of rounding; and targets of any size
    for size in (1e-12, 1.0, 1e12):
        w = np.array([[1.0], [2.0], [3.0]])
        y = (X.astype(np.float64) @ w) * size
        net = nn.Sequential([nn.Dense(1, kernel_initializer=w * size)], dtype="float64")
        net.compile(nn.SGD(learning_rate=0.05), "mse").fit(X, y, epochs=3, batch_size=4)
    net = nn.Sequential([nn.Dense(1, kernel_initializer="zeros")]).compile("adam", "mse")
    net.fit(X, np.zeros(40), epochs=2)
    # first mini-batch nearly right, the next ones not
    x = np.ones((40, 1), dtype=np.float32)
    y = np.r_[np.full(4, 1.0 + 1e-6), np.full(36, 1000.0)]
    net = nn.Sequential([nn.Dense(1, kernel_initializer=[[1.0]])])
    net.compile(nn.SGD(learning_rate=1e-3), "mse").fit(x, y, batch_size=4, shuffle=False)


# ---------------------------------------------------------------------------------------- penalties


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_evaluation_has_the_penalties_of_training(reduction):
    layers = [
        nn.Embedding(6, 2, regularizer="l2"),
        nn.Flatten(),
        nn.Dense(3, "tanh", kernel_regularizer=nn.Regularizer(0.1, 0.2)),
        nn.ActivityRegularizer(l1=0.3),
        nn.Dense(1),
    ]
    ids = rng.integers(0, 4, (40, 2))
    loss = nn.MeanSquaredError(reduction=reduction)
    net = nn.Sequential(layers, dtype="float64").compile(nn.SGD(learning_rate=1e-300), loss)
    trained = net.fit(ids, BINARY, batch_size=40, validation_data=(ids, BINARY)).history
    assert trained["val_loss"][0] == pytest.approx(trained["loss"][0], rel=1e-12)
    for batch in (40, 7):
        found = net.evaluate(ids, BINARY, batch_size=batch)["loss"]
        assert found == pytest.approx(trained["loss"][0], rel=1e-12)
    layers[2].kernel_regularizer = None
    plain = nn.Sequential(layers, dtype="float64").compile("sgd", loss).build(2)
    plain.flat_weights()[:] = net.flat_weights()
    w = net.parameters()["dense/kernel"]
    own = (0.1 * np.abs(w).sum() + 0.2 * (w**2).sum()) / (40 if reduction == "sum" else 1)
    assert found - plain.evaluate(ids, BINARY)["loss"] == pytest.approx(own, rel=1e-9)


# ------------------------------------------------------------------------------ before any work


def test_bad_numbers_are_found_before_anything_is_learned():
    bad, ids = X.copy(), np.zeros((40, 2), dtype=np.int64)
    bad[37, 1], ids[37, 1] = np.inf, 5
    net = three().build(3)
    before = net.flat_weights().copy()
    with pytest.raises(ValueError, match="X holds inf in row 37, column 1"):
        net.fit(bad, LABELS, batch_size=1)
    with pytest.raises(ValueError, match="validation_data: X holds inf in row 37, column 1"):
        net.fit(X, LABELS, validation_data=(bad, LABELS))
    with pytest.raises(ValueError, match="validation_data: y: label 3 in row"):
        net.fit(X, LABELS, validation_data=(X, LABELS + 1))
    assert (net.flat_weights() == before).all()
    table = nn.Sequential([nn.Embedding(5, 2), nn.Flatten(), nn.Dense(1)]).compile("sgd", "mse")
    before = table.build(2).flat_weights().copy()
    with pytest.raises(ValueError, match=r"id 5 in row 37 \(column 1\)"):
        table.fit(ids, BINARY, batch_size=1)
    assert (table.flat_weights() == before).all()


def test_callbacks_and_files_are_judged_at_the_beginning(tmp_path):
    net = three().build(3)
    before = net.flat_weights().copy()
    for callback in (
        nn.EarlyStopping(),
        nn.ReduceLROnPlateau("val_loss"),
        nn.ModelCheckpoint(tmp_path / "m.fe", save_best_only=True),
    ):
        with pytest.raises(ValueError, match="watches 'val_loss'; there is loss; val_"):
            net.fit(X, LABELS, callbacks=[callback])
    with pytest.raises(ValueError, match=r"watches 'acc'; there is loss, val_loss$"):
        net.fit(X, LABELS, callbacks=[nn.EarlyStopping("acc")], validation_split=0.5)
    missing = tmp_path / "missing" / "m.fe"
    for how in (
        {"checkpoint": missing},
        {"callbacks": [nn.ModelCheckpoint(missing)]},
        {"callbacks": [nn.CSVLogger(missing)]},
    ):
        with pytest.raises(FileNotFoundError, match="missing"):
            net.fit(X, LABELS, **how)
    assert (net.flat_weights() == before).all()

    class Own(Callback):
        def on_epoch_end(self, model):
            model.history_.append({"val_f1": 1.0})

    net.fit(X, LABELS, callbacks=[Own(), nn.EarlyStopping("val_f1")])


COUNTS = [
    (lambda: three().fit([[1, 2], [3]], [0, 1]), "X has rows of different lengths"),
    (lambda: three().fit(np.ma.masked_less(X, 0), LABELS), "X has masked values"),
    (lambda: three().fit(X, LABELS, validation_split="a"), "validation_split must be a number"),
    (lambda: three().fit(X, LABELS, validation_data=X), r"validation_data must be \(X, y\)"),
    (lambda: three().fit(X, LABELS, checkpoint_seconds=-1), "checkpoint_seconds must be"),
    (lambda: nn.Sequential([nn.Dense(2.5)]).build(3), "'dense': units must be .* got 2.5"),
    (lambda: nn.Sequential([nn.Embedding(3.5, 2)]).build(3), "'embedding': input_dim must be"),
    (lambda: nn.Sequential([nn.Dropout("a")]).build(3), "'dropout': rate must be a number"),
    (lambda: nn.Sequential([nn.GaussianNoise(np.inf)]).build(3), "'gaussian_noise': stddev"),
    (lambda: nn.Sequential([nn.Dense(2, ["relu"])]).build(3), "activation must be one of"),
    (lambda: nn.Sequential([nn.Dense(2)]).build(2.5), "input_shape must hold integers"),
    (lambda: nn.Sequential([]).compile("sgd", "mse", ["f1"]), "metrics must be among .* got 'f1'"),
    (lambda: nn.Sequential([]).compile("sgd", "mse", ["top_0"]), "metrics must be among"),
    (lambda: nn.MeanSquaredError(scale=np.inf), "scale must be a number > 0"),
    (lambda: nn.EarlyStopping(patience=-1), "patience must be an integer >= 0"),
    (lambda: nn.ReduceLROnPlateau(min_delta=np.nan), "min_delta must be a number"),
    (lambda: one("binary_crossentropy").fit(X, BINARY), "takes probabilities .* end with sigmoid"),
    (lambda: one("kl_divergence").fit(X, BINARY), "end with softmax$"),
    (
        lambda: one(nn.BinaryCrossentropy(from_logits=True), "sigmoid").fit(X, BINARY),
        "leave one of the two out",
    ),
    (lambda: three().fit(X, LABELS, epochs=True), "epochs must be an integer >= 1; got True"),
    (lambda: three().fit(X, LABELS, batch_size=True), "batch_size must be .* got True"),
    (lambda: three().fit(X, LABELS, batch_size=2.0), "batch_size must be .* got 2.0"),
    (lambda: three().fit(X, LABELS, seed=-1), "seed must be an integer >= 0; got -1"),
    (lambda: nn.Sequential([], seed=-1), "seed must be an integer >= 0; got -1"),
    (lambda: three().build(3).evaluate(X, LABELS, batch_size=0), "batch_size must be"),
    (lambda: three().build(3).predict(X, batch_size=0), "batch_size must be"),
    (lambda: three().build(3).predict(X[:, :2]), r"\(rows, 3\), as layer 'dense' was built"),
    (lambda: nn.Sequential([nn.Dense(2, bias_initializer=[0, np.nan])]).build(3), r"nan at \(1,\)"),
    (lambda: nn.vjp(nn.Sequential([nn.Embedding(3, 2)]).build(1), [[1]], [[1, 1]]), "'embedding'"),
    (lambda: nn.jacobian(three().build(3), [1.0, 2.0]), r"shape \(3,\), the network's; got \(2,\)"),
    (lambda: nn.SGD(schedule="exponential"), "end > 0"),
    (lambda: nn.SGD(schedule="exponential", learning_rate=0, end_learning_rate=1), "start > 0"),
]


@pytest.mark.parametrize("case", COUNTS, ids=lambda case: case[1])
def test_errors_say_what_and_where(case):
    call, message = case
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: three().fit(None, LABELS),
        lambda: three().fit(3.0, LABELS),
        lambda: three().fit(X, LABELS, sample_weight=["a"] * 40),
        lambda: three().fit(X, LABELS, callbacks=[nn.EarlyStopping]),
        lambda: nn.Sequential([]).compile("sgd", "mse", "accuracy"),
        lambda: nn.Sequential([nn.Dense(2, bias_initializer=None)]).build(3),
    ],
)
def test_arguments_of_another_type(call):
    with pytest.raises(TypeError, match="must"):
        call()


def test_a_sparse_matrix_is_named():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"pass X\.toarray"):
        three().fit(sparse.csr_matrix(X), LABELS)


def test_one_callback_needs_no_list():
    stop = nn.EarlyStopping("loss", patience=1, min_delta=9.0)
    assert len(three().fit(X, LABELS, epochs=9, callbacks=stop).epoch) == 2


def test_integers_of_numpy_are_integers():
    net = three()
    net.fit(X, LABELS, epochs=np.int64(2), batch_size=np.int32(8), seed=np.uint8(3))
    assert net.history_.epoch == [0, 1]


def test_a_run_goes_on_with_its_own_callbacks_only(tmp_path):
    class Press(Callback):
        def on_epoch_begin(self, model):
            if len(model.history_.epoch) == 1:
                signal.raise_signal(signal.SIGINT)

    path, fit = tmp_path / "run.fe", {"epochs": 3, "checkpoint": tmp_path / "run.fe"}
    with pytest.raises(TrainingInterrupted):
        three().fit(X, LABELS, callbacks=[nn.EarlyStopping("loss", patience=9), Press()], **fit)
    with pytest.raises(TrainingError, match=r"had the callbacks EarlyStopping .* got none"):
        three().fit(X, LABELS, resume=True, **fit)
    assert path.exists()
    # those without a memory need not be the same
    three().fit(X, LABELS, callbacks=[nn.EarlyStopping("loss", patience=9)], resume=True, **fit)


# ------------------------------------------------------------------------ layers changed later


def test_a_layer_that_is_frozen_later_stays_as_it_is():
    net = three().build(3)
    net.fit(X, LABELS)
    net.layers[0].trainable = False
    before = net.get_weights()
    net.fit(X, LABELS)
    after = net.get_weights()
    assert all((b == a).all() for b, a in zip(before[:2], after[:2], strict=True))
    assert (before[2] != after[2]).any()
    assert net.summary().endswith("31 parameters, 15 of them trained")
    assert set(nn.gradients(net, X, LABELS)["gradients"]) == {"dense_1/kernel", "dense_1/bias"}
    assert set(nn.gradcheck(net, X, LABELS).errors) == {"dense_1/kernel", "dense_1/bias"}
    net.layers[0].trainable = True
    net.fit(X, LABELS)
    assert (net.get_weights()[0] != after[0]).any()


def test_a_penalty_that_is_changed_later_counts():
    net = one("mse").build(3)
    plain = net.evaluate(X, BINARY)["loss"]
    net.layers[0].kernel_regularizer = nn.Regularizer(l1=2.0)
    own = 2 * np.abs(net.parameters()["dense/kernel"]).sum()
    assert net.evaluate(X, BINARY)["loss"] == pytest.approx(plain + own, rel=1e-6)


# ------------------------------------------------------------------------------ what is reported


def test_gradcheck_finds_a_small_wrong_gradient_beside_a_large_one():
    # the second unit is at its kink: differences straddle it, with a millionth of the largest slope
    layers = [
        nn.Dense(2, "relu", kernel_initializer=[[1.0, 0.0]]),
        nn.Dense(1, kernel_initializer=[[1.0], [1e-9]]),
    ]
    net = nn.Sequential(layers).compile("sgd", "mse")
    found = nn.gradcheck(net, [[1000.0]], [[999.0]])
    assert found.floor < 1e-2
    assert not found.ok


@pytest.mark.parametrize("metric", ["accuracy", "binary_accuracy"])
@pytest.mark.parametrize("low", [-1, 0])
def test_binary_accuracy_of_scores_is_by_their_sign(metric, low):
    x = np.array([[-2.0], [-0.2], [0.2], [2.0]])
    y = np.array([low, low, 1, 1])
    net = nn.Sequential([nn.Dense(1, kernel_initializer="ones")])
    assert net.compile("sgd", "hinge", [metric]).evaluate(x, y)[metric] == 1.0
    logits = nn.BinaryCrossentropy(from_logits=True)
    assert net.compile("sgd", logits, [metric]).evaluate(x, y.clip(0))[metric] == 1.0
    chosen = nn.Metric("above_one", nn.METRICS["binary_accuracy"].code, threshold=1.0)
    assert net.compile("sgd", "hinge", [chosen]).evaluate(x, y)["above_one"] == 0.75


def test_large_integers_are_exact_in_float64():
    net = nn.Sequential([nn.Dense(1, kernel_initializer="ones")], dtype="float64").build(1)
    assert net.predict([[2**24 + 1]])[0, 0] == 2**24 + 1
    assert net.compile("sgd", "mae").evaluate([[0]], [2**53 - 1])["loss"] == 2**53 - 1


def test_many_quick_epochs_are_few_lines(capsys):
    three().fit(X, LABELS, epochs=300, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) < 30
    assert lines[0].startswith("epoch 1/300: 100%")
    assert lines[-1].startswith("epoch 300/300: 100%")
