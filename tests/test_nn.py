"""`Sequential`: training comfort, files, resuming, callbacks, and bad input."""

from __future__ import annotations

import copy
import signal

import numpy as np
import pytest

from fastembed import FormatError, TrainingError, nn
from fastembed.core.progress import Callback
from fastembed.core.rounds import TrainingInterrupted

rng = np.random.default_rng(11)
X = rng.normal(size=(300, 6)).astype(np.float32)
LABELS = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(np.int64) + (X[:, 3] > 1)


def network(seed=1, optimizer="adam", **settings):
    layers = [nn.Dense(16, "relu"), nn.Dropout(0.1), nn.Dense(3, "softmax")]
    net = nn.Sequential(layers, seed=seed, **settings)
    return net.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy", "top_2"])


def test_training_learns_and_history_has_everything(tmp_path):
    net = network()
    history = net.fit(X, LABELS, epochs=30, batch_size=16, validation_split=0.2)
    assert set(history.history) == {
        "loss", "accuracy", "top_2", "val_loss", "val_accuracy", "val_top_2",
    }  # fmt: skip
    assert history.epoch == list(range(30))
    assert history.history["loss"][-1] < 0.6 * history.history["loss"][0]
    assert history.history["val_accuracy"][-1] > 0.75
    assert net.loss_history_ == history.history["loss"]
    assert net.evaluate(X[240:], LABELS[240:])["loss"] == history.history["val_loss"][-1]
    assert net.predict(X).shape == (300, 3)
    np.testing.assert_allclose(net.predict(X).sum(axis=1), 1, rtol=1e-5)
    figure = history.plot(tmp_path / "h.png")
    assert len(figure.axes) == 3
    assert (tmp_path / "h.png").read_bytes()[:4] == b"\x89PNG"


def test_the_same_seed_gives_the_same_network_and_another_does_not():
    found = []
    for seed in (1, 1, 2):
        net = network(seed)
        net.fit(X, LABELS, epochs=2)
        found.append(net.flat_weights().tobytes())
    assert found[0] == found[1] != found[2]


def test_a_batch_larger_than_the_data_is_all_of_them():
    weights = []
    for batch in (300, 10_000):
        net = network()
        net.fit(X, LABELS, epochs=2, batch_size=batch)
        weights.append(net.flat_weights().tobytes())
    assert weights[0] == weights[1]


def test_weights_of_rows_and_of_classes():
    twice = np.concatenate([X, X[:50]]), np.concatenate([LABELS, LABELS[:50]])
    loss = nn.SparseCategoricalCrossentropy(reduction="sum")
    weights = np.ones(300)
    weights[:50] = 2
    found = []
    for x, y, w in ((*twice, None), (X, LABELS, weights)):
        net = nn.Sequential([nn.Dense(3, "softmax")], dtype="float64").compile("sgd", loss)
        found.append(nn.gradients(net, x, y, sample_weight=w)["gradients"]["dense/kernel"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    by_class = {0: 1.0, 1: 3.0, 2: 0.0}
    nets = [network(), network()]
    nets[0].fit(X, LABELS, class_weight=by_class)
    nets[1].fit(X, LABELS, sample_weight=np.array([by_class[int(k)] for k in LABELS]))
    assert nets[0].flat_weights().tobytes() == nets[1].flat_weights().tobytes()


def test_save_and_load_give_the_same_network_that_trains_on_alike(tmp_path):
    net = network()
    net.fit(X, LABELS, epochs=2)
    net.save(tmp_path / "n.fe")
    again = nn.Sequential.load(tmp_path / "n.fe")
    assert again.summary() == net.summary()
    assert again.predict(X).tobytes() == net.predict(X).tobytes()
    assert again.history_.history == net.history_.history
    for each in (net, again):
        each.fit(X, LABELS, epochs=2)
    assert again.flat_weights().tobytes() == net.flat_weights().tobytes()


@pytest.mark.parametrize("name", nn.LAYERS)
def test_every_layer_is_saved_and_loaded(name, tmp_path):
    for i, (params, shape) in enumerate(nn.LAYERS[name].cases):
        net = nn.Sequential([nn.LAYERS[name](**params), nn.Flatten(), nn.Dense(2)])
        if name == "Flatten":
            net = nn.Sequential([nn.Embedding(4, 3), nn.Flatten(), nn.Dense(2)])
            shape = (2,)
        net.compile("sgd", "mse").build(shape)
        net.save(tmp_path / f"{i}.fe")
        again = nn.Sequential.load(tmp_path / f"{i}.fe")
        ids = np.zeros((3, *shape), dtype=np.int32)
        x = ids if net.layers[0].takes_ids else np.ones((3, *shape), dtype=np.float32)
        assert again.predict(x).tobytes() == net.predict(x).tobytes()


def test_files_that_are_cut_or_foreign_are_refused(tmp_path):
    net = network().build(6)
    net.save(tmp_path / "n.fe")
    whole = (tmp_path / "n.fe").read_bytes()
    for cut in (0, 5, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.fe").write_bytes(whole[:cut])
        with pytest.raises(FormatError, match=r"cut\.fe"):
            nn.Sequential.load(tmp_path / "cut.fe")
    damaged = bytearray(whole)
    damaged[-300] ^= 1
    (tmp_path / "bad.fe").write_bytes(damaged)
    with pytest.raises(FormatError):
        nn.Sequential.load(tmp_path / "bad.fe")
    from fastembed.io.native import write_native

    write_native(tmp_path / "other.fe", {"x": X}, {"kind": "Word2Vec"})
    with pytest.raises(FormatError, match="holds Word2Vec, not a network"):
        nn.Sequential.load(tmp_path / "other.fe")


class Press(Callback):
    """Ctrl-C at the end of an epoch, or in the middle of one."""

    def __init__(self, epoch):
        self.epoch, self.seen = epoch, 0

    def on_epoch_begin(self, model):
        self.seen += 1
        if self.seen == self.epoch:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path, optimizer):
    big = np.tile(X, (30, 1)), np.tile(LABELS, 30)
    fit = {"epochs": 4, "batch_size": 32, "validation_data": (X, LABELS)}

    def callbacks():
        return [
            nn.EarlyStopping(patience=50, restore_best_weights=True),
            nn.ReduceLROnPlateau("loss", patience=1, min_delta=0.05, factor=0.5),
        ]

    straight = network(optimizer=optimizer)
    expected = straight.fit(*big, callbacks=callbacks(), **fit).history
    stopped = network(optimizer=optimizer)
    path = tmp_path / "run.fe"
    with pytest.raises(TrainingInterrupted, match="epoch 3 of 4"):
        stopped.fit(*big, callbacks=[*callbacks(), Press(3)], checkpoint=path, **fit)
    again = network(optimizer=optimizer)
    found = again.fit(
        *big, callbacks=[*callbacks(), Callback()], checkpoint=path, resume=True, **fit
    )
    assert found.history == expected
    assert again.flat_weights().tobytes() == straight.flat_weights().tobytes()
    assert again.rate_factor == straight.rate_factor
    with pytest.raises(TrainingError, match=r"another run: .*batch"):
        network(optimizer=optimizer).fit(
            *big, callbacks=[*callbacks(), Callback()], checkpoint=path, resume=True,
            **(fit | {"batch_size": 16}),
        )  # fmt: skip


def test_a_run_that_goes_on_with_another_instruction_set_warns(tmp_path, monkeypatch):
    path = tmp_path / "run.fe"
    with monkeypatch.context() as other:
        other.setattr("fastembed._native._kernels.isa", lambda: "v9")
        with pytest.raises(TrainingInterrupted):
            network().fit(X, LABELS, epochs=3, callbacks=[Press(2)], checkpoint=path)
    with pytest.warns(RuntimeWarning, match=r"saved by instruction set v9.*FASTEMBED_ISA=v9"):
        network().fit(X, LABELS, epochs=3, callbacks=[Callback()], checkpoint=path, resume=True)


def test_early_stopping_restores_the_best_weights():
    class Worse(Callback):
        def on_epoch_end(self, model):
            model.rate_factor = 0.0 if len(model.history_.epoch) < 2 else -1.0

    net = network(optimizer=nn.SGD(learning_rate=0.5))
    stop = nn.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    history = net.fit(
        X, LABELS, epochs=40, validation_data=(X, LABELS), callbacks=[stop, Worse()]
    ).history
    assert stop.stopped_epoch == len(history["loss"]) - 1 < 39
    best = min(history["val_loss"])
    assert net.evaluate(X, LABELS)["loss"] == pytest.approx(best, rel=1e-6)
    with pytest.raises(ValueError, match="watches 'val_f1'"):
        net.fit(X, LABELS, callbacks=[nn.EarlyStopping("val_f1")])


def test_checkpoints_and_logs(tmp_path):
    net = network()
    path = str(tmp_path / "best-{epoch}.fe")
    callbacks = [
        nn.ModelCheckpoint(path, "loss", save_best_only=True),
        nn.CSVLogger(tmp_path / "log.csv"),
    ]
    history = net.fit(X, LABELS, epochs=3, callbacks=callbacks).history
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,accuracy,top_2"
    assert float(lines[3].split(",")[1]) == history["loss"][2]
    saved = nn.Sequential.load(tmp_path / "best-3.fe")
    assert saved.flat_weights().tobytes() == net.flat_weights().tobytes()


def test_schedules_of_the_learning_rate():
    linear = nn.SGD(learning_rate=1.0, schedule="linear", warmup=0.2).rates(0, 10, 10)
    np.testing.assert_allclose(linear[:4], [0, 0.5, 1, 0.875], atol=1e-6)
    cosine = nn.SGD(learning_rate=1.0, schedule="cosine").rates(0, 10, 10)
    assert cosine[5] == pytest.approx(0.5)
    falls = nn.SGD(learning_rate=1.0, schedule="exponential", end_learning_rate=0.01)
    assert falls.rates(5, 1, 10)[0] == pytest.approx(0.1)
    with pytest.raises(ValueError, match="end > 0"):
        nn.SGD(schedule="exponential").rates(0, 3, 3)


def test_a_copy_is_a_network_of_its_own():
    net = network()
    net.fit(X, LABELS)
    again = copy.deepcopy(net)
    assert again.predict(X).tobytes() == net.predict(X).tobytes()
    again.fit(X, LABELS)
    assert again.flat_weights().tobytes() != net.flat_weights().tobytes()


def test_frozen_layers_stay_as_they_are():
    layers = [nn.Dense(8, "tanh", trainable=False), nn.Dense(3, "softmax")]
    net = nn.Sequential(layers).compile("adam", "sparse_categorical_crossentropy").build(6)
    before = net.get_weights()
    net.fit(X, LABELS, epochs=2)
    after = net.get_weights()
    assert all(np.array_equal(b, a) for b, a in zip(before[:2], after[:2], strict=True))
    assert not np.array_equal(before[2], after[2])
    assert "80 of them trained" not in net.summary()
    assert "27 of them trained" in net.summary()


def test_noise_is_of_training_only_and_of_the_seed():
    x = np.ones((1000, 20), dtype=np.float32)
    for layer, mean, zeros in (
        (nn.Dropout(0.25), 1.0, 0.25),
        (nn.MaskingNoise(0.25), 0.75, 0.25),
        (nn.GaussianNoise(0.5), 1.0, 0.0),
    ):
        net = nn.Sequential([layer, nn.Dense(1)]).compile("sgd", "mse")
        y = np.zeros(1000)
        noisy = nn.gradients(net, x, y, trace=True)["values"][net.names()[0]]
        assert noisy.mean() == pytest.approx(mean, abs=0.02)
        assert (noisy == 0).mean() == pytest.approx(zeros, abs=0.02)
        again = nn.gradients(net, x, y, trace=True)["values"][net.names()[0]]
        np.testing.assert_array_equal(noisy, again)
        quiet = nn.gradients(net, x, y, trace=True, training=False)["values"][net.names()[0]]
        np.testing.assert_array_equal(quiet, x)
    net = nn.Sequential([nn.GaussianNoise(2.0), nn.Dense(1)]).compile("sgd", "mse")
    assert nn.gradients(net, x, y, trace=True)["values"]["gaussian_noise"].std() == pytest.approx(
        2.0, rel=0.02
    )


def test_penalties_are_part_of_the_loss():
    layers = [
        nn.Dense(4, "sigmoid", kernel_regularizer=nn.Regularizer(0.01, 0.02)),
        nn.ActivityRegularizer(l1=0.1, kl=0.3, rho=0.2),
        nn.Dense(1),
    ]
    net = nn.Sequential(layers, dtype="float64").compile("sgd", "mse").build(6)
    y = X[:, 0]
    a = nn.gradients(net, X, y, trace=True)["values"]["dense"]
    w = net.parameters()["dense/kernel"]
    r = a.mean(axis=0)
    penalty = 0.01 * np.abs(w).sum() + 0.02 * (w**2).sum() + 0.1 * np.abs(a).sum(axis=1).mean()
    penalty += 0.3 * (0.2 * np.log(0.2 / r) + 0.8 * np.log(0.8 / (1 - r))).sum()
    plain = ((net.predict(X)[:, 0] - y) ** 2).mean()
    assert nn.gradients(net, X, y)["loss"] == pytest.approx(plain + penalty, rel=1e-9)


BAD_INPUT = [
    (lambda: network().fit(X[:, :0], LABELS), ValueError, "rows without numbers"),
    (lambda: network().fit(X[:0], LABELS[:0]), ValueError, "X has no rows"),
    (lambda: network().build(6).fit(X[:, :5], LABELS), ValueError, r"\(rows, 6\).*\(300, 5\)"),
    (lambda: network().fit(X, LABELS[:10]), ValueError, "X has 300 rows and y has 10 rows"),
    (lambda: network().fit(X, LABELS + 1), ValueError, "label 3 in row .*'dense_1' has 3 outputs"),
    (lambda: network().fit(X, LABELS.astype(float)), TypeError, "integer labels.*float64"),
    (lambda: network().fit(X, np.eye(3)[LABELS]), ValueError, "One-hot rows are for"),
    (lambda: network().fit(X.astype(complex), LABELS), TypeError, "real numbers.*complex"),
    (lambda: network().fit(np.full_like(X, np.nan), LABELS), ValueError, "nan in row .*column 0"),
    (
        lambda: network().fit(X.astype(np.float64) * 1e300, LABELS),
        ValueError,
        "row .*, more than float32 holds",
    ),
    (lambda: network().fit(X, LABELS, epochs=0), ValueError, "epochs must be"),
    (lambda: network().fit(X, LABELS, batch_size=0), ValueError, "batch_size must be"),
    (lambda: network().fit(X, LABELS, validation_split=1.0), ValueError, "validation_split"),
    (lambda: network().fit(X, LABELS, sample_weight=-LABELS - 1), ValueError, "numbers >= 0"),
    (lambda: network().fit(X, LABELS, class_weight={0: 1, 1: 1}), ValueError, "class 2"),
    (lambda: nn.Sequential([nn.Dense(2)]).fit(X, LABELS), ValueError, "compile"),
    (lambda: nn.Sequential([]).build(3), ValueError, "needs layers"),
    (lambda: nn.Sequential([nn.Dense(0)]).build(3), ValueError, "'dense': units"),
    (lambda: nn.Sequential([nn.Dense(2, "rlu")]).build(3), ValueError, "one of linear"),
    (lambda: nn.Sequential([nn.Dense(2)]).build((4, 4)), ValueError, "'dense'.*Flatten"),
    (lambda: network().compile("adm", "mse"), ValueError, "one of sgd"),
    (lambda: network().compile("sgd", "msee"), ValueError, "one of mean_absolute_error"),
    (lambda: nn.SGD(learning_rate=-1), ValueError, "learning_rate"),
    (lambda: nn.Dropout(1.0) and nn.Sequential([nn.Dropout(1.0)]).build(3), ValueError, "rate"),
    (
        lambda: nn.Sequential([nn.Dense(2, kernel_initializer=np.ones((3, 3)))]).build(3),
        ValueError,
        r"'dense': kernel_initializer has shape \(3, 3\) and must have \(3, 2\)",
    ),
]


@pytest.mark.parametrize("case", BAD_INPUT, ids=lambda case: case[2])
def test_bad_input_is_named(case):
    call, error, message = case
    with pytest.raises(error, match=message):
        call()


def test_an_id_out_of_range_is_named_with_its_row():
    ids = np.zeros((20, 3), dtype=np.int32)
    ids[7, 1] = 9
    net = nn.Sequential([nn.Embedding(9, 2), nn.Flatten(), nn.Dense(1)]).compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"id 9 in row 7 .* ids 0 \.\. 8"):
        net.fit(ids, np.zeros(20))
    with pytest.raises(TypeError, match="integer ids"):
        net.fit(ids.astype(float), np.zeros(20))


def test_a_loss_that_diverges_names_epoch_and_batch():
    net = nn.Sequential([nn.Dense(8), nn.Dense(1)]).compile(nn.SGD(learning_rate=1e6), "mse")
    with pytest.raises(TrainingError, match=r"epoch \d+, mini-batch \d+ of 10"):
        net.fit(X, X[:, 0], epochs=50)
    assert np.isfinite(net.flat_weights()).all()


def test_rows_in_pairs_stay_together():
    x = np.repeat(np.arange(40, dtype=np.float32), 2)[:, None]
    x[1::2] *= -1
    net = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(1)]).compile("adam", "pairwise_margin")
    history = net.fit(x, epochs=60, batch_size=10).history
    assert history["loss"][-1] < 0.2 < history["loss"][0]
    with pytest.raises(ValueError, match="pairs"):
        net.fit(x[:5])


def test_a_variational_layer_adds_the_divergence():
    net = nn.Sequential([nn.Dense(4), nn.GaussianSampling(beta=0.7)], dtype="float64")
    net.compile("sgd", nn.SummedSquaredError()).build(6)
    y = np.zeros((300, 2))
    found = nn.gradients(net, X, y, trace=True, training=False)
    mu, v = np.split(found["values"]["dense"], 2, axis=1)
    kl = 0.5 * (mu**2 + np.exp(v) - 1 - v).sum(axis=1)
    assert found["loss"] == pytest.approx(((mu**2).sum(axis=1) + 0.7 * kl).mean(), rel=1e-9)


def test_each_table_of_a_concatenation_has_its_own_limit_of_ids():
    words, shapes = nn.Embedding(1000, 3, columns=(0, 2)), nn.Embedding(4, 2, columns=(2, 4))
    net = nn.Sequential([nn.Concatenate([words, shapes]), nn.Dense(2)]).compile("sgd", "mse")
    x = np.array([[999, 5, 3, 0], [0, 998, 0, 3]], dtype=np.int32)
    tables = net.build(4).parameters()
    a, b = (t for name, t in tables.items() if name.endswith("table"))
    rows = np.concatenate([a[x[:, :2]].reshape(2, -1), b[x[:, 2:]].reshape(2, -1)], axis=1)
    w, bias = tables["dense/kernel"], tables["dense/bias"]
    np.testing.assert_allclose(net.predict(x), rows @ w + bias, rtol=1e-5, atol=1e-6)
    assert nn.gradcheck(net, x, np.ones((2, 2))).ok
    for column, value, limit in ((0, 1000, 999), (3, 4, 3), (2, -1, 3)):
        bad = x.copy()
        bad[1, column] = value
        message = rf"id {value} in row 1 \(column {column}\) is out of range: .* 0 \.\. {limit}"
        with pytest.raises(ValueError, match=message):
            net.predict(bad)
        with pytest.raises(ValueError, match=message):
            net.fit(bad, np.ones((2, 2)), shuffle=False)


@pytest.mark.parametrize("name", sorted(nn.optimizers.OPTIMIZERS))
def test_an_optimiser_takes_its_rate_without_a_name(name):
    kind = nn.optimizers.OPTIMIZERS[name]
    assert kind(0.25) == kind(learning_rate=0.25) != kind()
    with pytest.raises(TypeError, match="positional"):
        kind(0.25, "linear")
