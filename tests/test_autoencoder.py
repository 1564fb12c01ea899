"""Autoencoders: gradients of each kind, the bound beside NumPy, files, pictures, bad input."""

from __future__ import annotations

import copy
import gzip
import math
import signal

import numpy as np
import pytest

import fastembed as fe
from fastembed import nn
from fastembed._native import _nn_draws
from fastembed.core.errors import FormatError, NotFittedError, TrainingError
from fastembed.core.progress import Callback
from fastembed.core.rounds import TrainingInterrupted
from fastembed.io.idx import read_idx
from fastembed.nn.vae import POSTERIOR, SAMPLES

RNG = np.random.default_rng(5)
UNIT = RNG.random((60, 7))
# small networks: threads would only wait for each other
BASE = {"code_size": 3, "hidden": (5,), "activation": "tanh", "epochs": 3, "batch_size": 16}
BASE["workers"] = 1
KINDS = [
    (fe.Autoencoder, {}),
    (fe.Autoencoder, {"hidden": ()}),
    (fe.Autoencoder, {"hidden": (6, 4), "activation": "gelu"}),
    (fe.Autoencoder, {"decoder_hidden": (), "decoder": "bernoulli"}),
    (fe.Autoencoder, {"noise": "gaussian", "noise_level": 0.2}),
    (fe.Autoencoder, {"noise": "masking"}),
    (fe.Autoencoder, {"l1": 0.1}),
    (fe.Autoencoder, {"kl": 0.3, "rho": 0.2, "code_activation": "sigmoid"}),
    (fe.Autoencoder, {"l1": 0.1, "kl": 0.3, "code_activation": "sigmoid", "noise": "masking"}),
    (fe.VariationalAutoencoder, {}),
    (fe.VariationalAutoencoder, {"decoder": "bernoulli", "hidden": (6, 4)}),
    (fe.VariationalAutoencoder, {"decoder_std": 0.3, "beta": 0.5}),
]
IDS = [f"{cls.__name__}-{'-'.join(own) or 'plain'}" for cls, own in KINDS]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.mark.parametrize(("cls", "own"), KINDS, ids=IDS)
def test_gradients(cls, own):
    model = cls(**(BASE | own)).build(7)
    found = nn.gradcheck(model.network_, UNIT, UNIT)
    assert found.ok, found.errors


@pytest.mark.parametrize(("cls", "own"), KINDS, ids=IDS)
def test_training_files_and_parts(cls, own, tmp_path):
    model = cls(**(BASE | own | {"epochs": 30, "learning_rate": 0.02}))
    assert model.fit(UNIT) is model
    assert len(model.loss_history_) == 30
    assert model.loss_history_[-1] < model.loss_history_[0]
    codes = model.transform(UNIT)
    assert codes.shape == (60, 3)
    np.testing.assert_array_equal(codes, model.encode(UNIT))
    np.testing.assert_array_equal(model.decode(codes), model.reconstruct(UNIT))
    np.testing.assert_allclose(model.reconstruct(UNIT), model.network_.predict(UNIT), rtol=1e-6)
    assert model.score(UNIT) == -model.reconstruction_loss(UNIT)
    # parts are on the weights of the whole
    model.network_.flat_weights()[:] *= 0.5
    after = model.reconstruct(UNIT)
    np.testing.assert_allclose(after, model.network_.predict(UNIT), rtol=1e-6)
    model.save(tmp_path / "model.fe")
    again = cls.load(tmp_path / "model.fe")
    same = {"decoder_hidden": 0}
    assert again.saved_params() | same == model.saved_params() | same
    assert again.history_.history == model.history_.history
    np.testing.assert_array_equal(again.reconstruct(UNIT), after)


@pytest.mark.parametrize("cls", [fe.Autoencoder, fe.VariationalAutoencoder])
def test_results_do_not_depend_on_workers(cls):
    found = [
        cls(**BASE | {"decoder": "bernoulli", "workers": w}).fit(UNIT).reconstruct(UNIT).tobytes()
        for w in (1, 2, 4)
    ]
    assert len(set(found)) == 1


def oracle_terms(x, m, v, output, std):
    """KL and minus log-likelihood (without a Gaussian's constant) of each row, in float64."""
    kl = 0.5 * (m**2 + np.exp(v) - 1 - v).sum(axis=1)
    if std is None:
        return kl, -(x * np.log(output) + (1 - x) * np.log(1 - output)).sum(axis=1)
    return kl, 0.5 * ((x - output) ** 2).sum(axis=1) / std**2


@pytest.mark.parametrize("std", [None, 1.0, 0.3])
def test_bound_and_its_gradients_are_those_of_numpy(std):
    kind = {"decoder": "bernoulli"} if std is None else {"decoder_std": std}
    model = fe.VariationalAutoencoder(
        code_size=2, hidden=(), beta=0.7, dtype="float64", **kind
    ).build(7)
    w = {name: np.array(value) for name, value in model.network_.parameters().items()}
    found = nn.gradients(model.network_, UNIT, UNIT, trace=True)
    code = UNIT @ w["code/kernel"] + w["code/bias"]
    m, v = code[:, :2], code[:, 2:]
    z = found["values"]["sampling"]
    e = (z - m) / np.exp(v / 2)
    assert abs(e.mean()) < 0.3
    assert 0.7 < e.std() < 1.3
    a = z @ w["output/kernel"] + w["output/bias"]
    output = sigmoid(a) if std is None else a
    kl, minus = oracle_terms(UNIT, m, v, output, std)
    assert found["loss"] == pytest.approx((minus + 0.7 * kl).mean(), rel=1e-12)
    d_a = (output - UNIT) / (1 if std is None else std**2) / len(UNIT)
    d_z = d_a @ w["output/kernel"].T
    d_m = d_z + 0.7 * m / len(UNIT)
    d_v = d_z * e * np.exp(v / 2) / 2 + 0.7 * (np.exp(v) - 1) / 2 / len(UNIT)
    for name, expected in (
        ("output/kernel", z.T @ d_a),
        ("code/kernel", UNIT.T @ np.hstack([d_m, d_v])),
        ("code/bias", np.hstack([d_m, d_v]).sum(axis=0)),
    ):
        np.testing.assert_allclose(found["gradients"][name], expected, rtol=1e-9, atol=1e-12)
    # elbo: the same draws, of a stream of their own
    likelihood = 0.0
    for i in range(3):
        noise = _nn_draws.fill(m.size, True, 4, POSTERIOR + i * (1 << 20)).reshape(m.shape)
        a = (m + np.exp(v / 2) * noise) @ w["output/kernel"] + w["output/bias"]
        output = sigmoid(a) if std is None else a
        likelihood -= oracle_terms(UNIT, m, v, output, std)[1].mean() / 3
    if std is not None:
        likelihood -= 7 / 2 * math.log(2 * math.pi * std**2)
    bound = model.elbo(UNIT, samples=3, seed=4)
    assert bound.kl == pytest.approx(kl.mean(), rel=1e-12)
    assert bound.log_likelihood == pytest.approx(likelihood, rel=1e-10)
    assert bound.value == bound.log_likelihood - bound.kl


def test_bound_is_below_the_likelihood_of_a_linear_gaussian_model():
    # x = a z + N(0, std^2) has the marginal N(0, a a^T + std^2 I), and a posterior in closed form
    rng = np.random.default_rng(3)
    a, std = np.array([[1.0, -2.0, 0.5]]), 0.7
    x = rng.normal(size=(400, 1)) @ a + std * rng.normal(size=(400, 3))
    model = fe.VariationalAutoencoder(code_size=1, hidden=(), decoder_std=std, dtype="float64")
    w = model.build(3).network_.parameters()
    precision = 1 + (a**2).sum() / std**2
    w["code/kernel"][:] = np.hstack([a.T / std**2 / precision, np.zeros((3, 1))])
    w["code/bias"][:] = [0, -math.log(precision)]
    w["output/kernel"][:], w["output/bias"][:] = a, 0
    covariance = a.T @ a + std**2 * np.eye(3)
    quadratic = np.einsum("ij,jk,ik->i", x, np.linalg.inv(covariance), x)
    exact = -0.5 * (quadratic + np.linalg.slogdet(2 * math.pi * covariance)[1]).mean()
    # with the true posterior the bound is the likelihood
    assert model.elbo(x, samples=200).value == pytest.approx(exact, abs=0.01)
    w["code/bias"][0] = 0.5
    assert model.elbo(x, samples=200).value < exact - 0.05


def test_samples():
    model = fe.VariationalAutoencoder(**BASE, decoder="bernoulli").fit(UNIT.reshape(60, 7, 1))
    x = model.sample(5, seed=3)
    assert x.shape == (5, 7, 1)
    assert ((x > 0) & (x < 1)).all()
    z = _nn_draws.fill(15, True, 3, SAMPLES).reshape(5, 3)
    np.testing.assert_array_equal(model.inverse_transform(z), x)
    # products of fewer rows may round otherwise
    np.testing.assert_allclose(model.sample(2, seed=3), x[:2], rtol=1e-6)
    assert not np.array_equal(model.sample(5, seed=4), x)
    mean, std = model.encode(UNIT, return_std=True)
    assert mean.shape == std.shape == (60, 3)
    assert (std > 0).all()


def test_linear_codes_span_the_principal_components():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 12)) + 0.1 * rng.normal(size=(400, 12)) + 1
    model = fe.Autoencoder(
        code_size=3,
        hidden=(),
        epochs=150,
        batch_size=50,
        learning_rate=0.1,
        schedule="cosine",
        workers=1,
    ).fit(x)
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    best = (singular[3:] ** 2).sum() / x.size
    assert best * 0.999 < model.reconstruction_loss(x) < best * 1.03


def test_denoising_removes_noise():
    rng = np.random.default_rng(2)
    clean = (rng.normal(size=(500, 2)) @ rng.normal(size=(2, 20))).astype(np.float32)
    masked = clean * (rng.random(clean.shape) > 0.3)
    options = {"code_size": 10, "hidden": (), "epochs": 60, "learning_rate": 0.01, "batch_size": 50}
    options["workers"] = 1
    errors = [
        float(((fe.Autoencoder(**options, noise=noise).fit(clean).reconstruct(masked) - clean) ** 2)
              .mean())
        for noise in (None, "masking")
    ]  # fmt: skip
    assert errors[1] < 0.7 * errors[0]


def test_penalties_make_codes_sparse():
    options = BASE | {"epochs": 80, "learning_rate": 0.02, "code_size": 4}
    plain = fe.Autoencoder(**options).fit(UNIT)
    l1 = fe.Autoencoder(**options, l1=0.05).fit(UNIT)
    assert np.abs(l1.transform(UNIT)).mean() < 0.3 * np.abs(plain.transform(UNIT)).mean()
    kl = fe.Autoencoder(**options, kl=0.5, rho=0.1, code_activation="sigmoid").fit(UNIT)
    np.testing.assert_allclose(kl.transform(UNIT).mean(axis=0), 0.1, atol=0.03)


def test_validation_callbacks_and_resuming(tmp_path):
    options = BASE | {"epochs": 6}
    straight = fe.Autoencoder(**options).fit(UNIT, validation_data=UNIT[:10])
    assert len(straight.history_.history["val_loss"]) == 6
    stop = nn.EarlyStopping("val_loss", patience=1, restore_best_weights=True, min_delta=10)
    model = fe.Autoencoder(**options).fit(UNIT, validation_split=0.2, callbacks=[stop])
    assert len(model.history_.epoch) < 6

    class Press(Callback):
        def on_epoch_begin(self, model):
            if len(model.history_.epoch) == 3:
                signal.raise_signal(signal.SIGINT)

    path = tmp_path / "run.fe"
    with pytest.raises(TrainingInterrupted, match="epoch 4 of 6"):
        fe.Autoencoder(**options).fit(
            UNIT, validation_data=UNIT[:10], callbacks=[Press()], checkpoint=path
        )
    again = fe.Autoencoder(**options).fit(
        UNIT, validation_data=UNIT[:10], callbacks=[Callback()], checkpoint=path, resume=True
    )
    np.testing.assert_array_equal(again.reconstruct(UNIT), straight.reconstruct(UNIT))
    assert again.history_.history == straight.history_.history


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    x = RNG.random((8, 4, 6))
    model = fe.VariationalAutoencoder(**BASE, decoder="bernoulli").fit(x)
    model.plot_reconstructions(x, tmp_path / "a.png", n=3)
    model.plot_samples(tmp_path / "b.png", n=3, lines=2)
    for name in ("a.png", "b.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    model.plot_samples(shape=(6, 4))
    with pytest.raises(ValueError, match="height \\* width = 24"):
        model.plot_samples(shape=(5, 5))


def test_copies_are_apart():
    model = fe.VariationalAutoencoder(**BASE).fit(UNIT)
    other = copy.deepcopy(model)
    before = model.reconstruct(UNIT)
    np.testing.assert_array_equal(other.reconstruct(UNIT), before)
    other.network_.flat_weights()[:] *= 2
    assert not np.array_equal(other.reconstruct(UNIT), before)
    np.testing.assert_array_equal(model.reconstruct(UNIT), before)
    assert copy.deepcopy(fe.Autoencoder(code_size=7)).code_size == 7


def test_scikit_learn_knows_them():
    base = pytest.importorskip("sklearn.base")
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    model = fe.VariationalAutoencoder(**BASE | {"decoder": "bernoulli", "beta": 2.0})
    assert base.clone(model).get_params() == model.get_params()
    codes = make_pipeline(MinMaxScaler(clip=True), model).fit_transform(5 * UNIT)
    assert codes.shape == (60, 3)
    search = GridSearchCV(fe.Autoencoder(**BASE), {"code_size": [1, 3]}, cv=2).fit(UNIT)
    assert search.best_params_["code_size"] in (1, 3)


# ------------------------------------------------------------------------------------ bad input


def fitted():
    return fe.Autoencoder(**BASE).fit(UNIT)


BAD = [
    (lambda: fe.Autoencoder(code_size=0).fit(UNIT), ValueError, "code_size must be .* >= 1"),
    (lambda: fe.Autoencoder(hidden="3").fit(UNIT), TypeError, "hidden must be a sequence"),
    (lambda: fe.Autoencoder(hidden=(3, 0)).fit(UNIT), ValueError, "hidden must hold"),
    (lambda: fe.Autoencoder(decoder="softmax").fit(UNIT), ValueError, "'gaussian', 'bernoulli'"),
    (lambda: fe.Autoencoder(noise="salt").fit(UNIT), ValueError, "'gaussian', 'masking'"),
    (lambda: fe.Autoencoder(noise="masking", noise_level=1).fit(UNIT), ValueError, "< 1"),
    (lambda: fe.Autoencoder(kl=0.1).fit(UNIT), ValueError, "code_activation='sigmoid'"),
    (lambda: fe.Autoencoder(activation="rlu").fit(UNIT), ValueError, "one of linear"),
    (lambda: fe.Autoencoder(optimizer="adm").fit(UNIT), ValueError, "'adam', 'adamw'"),
    (lambda: fe.Autoencoder(decoder="bernoulli").fit(UNIT * 255), ValueError, "X / 255"),
    (lambda: fe.VariationalAutoencoder(beta=-1).fit(UNIT), ValueError, "beta must be"),
    (lambda: fe.VariationalAutoencoder(decoder_std=0).fit(UNIT), ValueError, "> 0"),
    (lambda: fe.Autoencoder().fit(UNIT[:0]), ValueError, "X has no rows"),
    (lambda: fe.Autoencoder().fit([[1, 2], [3]]), ValueError, "rows of different lengths"),
    (lambda: fe.Autoencoder().fit(UNIT[:, :0]), ValueError, "rows without numbers"),
    (lambda: fe.Autoencoder().fit(UNIT[0]), ValueError, "shape"),
    (lambda: fe.Autoencoder().fit(np.full((3, 2), np.nan)), ValueError, "X holds nan in row"),
    (lambda: fe.Autoencoder().fit(UNIT.astype(complex)), TypeError, "complex"),
    (lambda: fitted().transform(UNIT[:, :5]), ValueError, r"\(n, 7\), as in fit"),
    (lambda: fitted().inverse_transform(UNIT), ValueError, r"codes must have shape \(n, 3\)"),
    (lambda: fitted().fit(UNIT, validation_data=UNIT[:, :4]), ValueError, "as in fit"),
    (lambda: fe.Autoencoder().transform(UNIT), NotFittedError, "call fit"),
    (lambda: fe.VariationalAutoencoder().sample(3), NotFittedError, "call fit"),
    (lambda: fe.VariationalAutoencoder().build(7).sample(0), ValueError, "n must be"),
    (lambda: fe.VariationalAutoencoder().build(7).sample(2, seed=-1), ValueError, "seed must"),
    (lambda: fe.VariationalAutoencoder().build(7).elbo(UNIT, seed=-1), ValueError, "seed must"),
    (lambda: nn.compress_vectors(some_vectors(), 4, batch_size=0), ValueError, "batch_size must"),
    (lambda: nn.compress_vectors(some_vectors(), 4, hidden="a"), TypeError, "hidden must be"),
    (lambda: fe.VariationalAutoencoder().build(7).elbo(UNIT, samples=0), ValueError, "samples"),
    (
        lambda: fe.Autoencoder(optimizer="sgd", learning_rate=1e30, epochs=9).fit(UNIT),
        TrainingError,
        "epoch",
    ),
    (lambda: nn.part(fitted().network_, 2, 1), ValueError, "first < stop"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[2])
def test_bad_input_is_named(case):
    call, error, message = case
    with pytest.raises(error, match=message):
        call()


def test_damaged_and_foreign_files(tmp_path):
    path = tmp_path / "model.fe"
    fitted().save(path)
    with pytest.raises(FormatError, match="holds Autoencoder, not a VariationalAutoencoder"):
        fe.VariationalAutoencoder.load(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FormatError):
        fe.Autoencoder.load(path)
    path.write_bytes(data.replace(b"code_size", b"code_sise"))
    with pytest.raises(FormatError):
        fe.Autoencoder.load(path)


# ------------------------------------------------------------------------------------ idx files


def test_idx(tmp_path):
    x = np.arange(24, dtype=">i4").reshape(2, 3, 4)
    head = bytes([0, 0, 0x0C, 3]) + np.array(x.shape, ">u4").tobytes()
    for name, pack in (("x.idx", bytes), ("x.idx.gz", gzip.compress)):
        path = tmp_path / name
        path.write_bytes(pack(head + x.tobytes()))
        found = read_idx(path)
        np.testing.assert_array_equal(found, x)
        assert found.dtype == np.int32
        for bad in (b"", head[:9], b"\x01" + head[1:], head + x.tobytes()[:-1]):
            path.write_bytes(pack(bad))
            with pytest.raises(FormatError, match=name):
                read_idx(path)
        path.write_bytes(pack(head + x.tobytes() + b"1"))
        with pytest.raises(FormatError, match="has more"):
            read_idx(path)


# --------------------------------------------------------------------------------- word vectors


def some_vectors(n=150, d=12, rank=4):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d)) + 0.02 * rng.normal(size=(n, d))
    return fe.KeyedVectors(
        [f"w{i}" for i in range(n)], x.astype(np.float32), counts=np.arange(n, 0, -1)
    )


@pytest.mark.parametrize("own", [{}, {"hidden": (16,)}, {"normalize": False}], ids=str)
def test_compressed_vectors_keep_inner_products(own):
    old = some_vectors()
    new = nn.compress_vectors(
        old, 4, epochs=150, batch_size=16, learning_rate=0.01, workers=1, **own
    )
    assert new.vectors.shape == (150, 4)
    assert new.vectors.dtype == np.float32
    assert new.index_to_key == old.index_to_key
    assert new.get_vecattr("w3", "count") == 147
    assert new.metadata["compression"]["kept"] > 0.97

    def cosines(kv):
        x = kv.vectors / np.linalg.norm(kv.vectors, axis=1, keepdims=True)
        return x @ x.T

    assert np.abs(cosines(old) - cosines(new)).mean() < 0.05
    for bad, error in ((12, ValueError), (0, ValueError), (2.5, TypeError)):
        with pytest.raises(error, match="dimensions"):
            nn.compress_vectors(old, bad)


def test_the_command_compresses(run_cli, tmp_path):
    old, new = tmp_path / "old.fe", tmp_path / "new.bin"
    some_vectors().save(old)
    result = run_cli("compress", str(old), "-d", "4", "-o", str(new), "-q",
                     "--hidden", "8", "--workers", "1")  # fmt: skip
    assert (result.status, result.out) == (0, "")
    assert "150 words, 12 -> 4 dimensions" in result.err
    assert "converged" not in result.err
    assert fe.KeyedVectors.load(new).vectors.shape == (150, 4)
    assert run_cli("compress", str(old), "-d", "12", "-o", str(new), "-q").status == 2
    assert run_cli("compress", str(old), "-d", "4", "-o", "x.unknown").status == 2
    assert run_cli("compress", str(old), "-d", "4", "-o", "x.fe", "--hidden", "a").status == 2


def test_compression_of_few_words_is_that_of_principal_components():
    for n, d, k in ((60, 12, 4), (300, 30, 10)):
        kv = some_vectors(n, d, d)
        about = nn.compress_vectors(kv, k, workers=1).metadata["compression"]
        x = kv.vectors / np.linalg.norm(kv.vectors, axis=1, keepdims=True)
        squares = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
        best = squares[:k].sum() / squares.sum()
        assert about["best"] == pytest.approx(best, rel=1e-5)
        assert best - 0.003 < about["kept"] < best + 1e-6


def test_compression_that_has_not_converged_says_so():
    with pytest.warns(UserWarning, match=r"principal components keep .* has not converged"):
        nn.compress_vectors(some_vectors(), 4, epochs=2, workers=1)
    with pytest.raises(TrainingError, match="diverge"):
        nn.compress_vectors(some_vectors(), 4, epochs=9, learning_rate=1e9, workers=1)
    with pytest.raises(TrainingError, match=r"training has diverged: .* and that of zeros"):
        nn.compress_vectors(some_vectors(), 4, epochs=9, learning_rate=10, workers=1)
    one = fe.KeyedVectors(["a", "b"], np.ones((2, 5), np.float32))
    assert nn.compress_vectors(one, 2, epochs=1, workers=1).metadata["compression"]["kept"] == 1


@pytest.mark.filterwarnings("ignore:.*has not converged")
def test_an_interrupted_compression_goes_on(tmp_path, run_cli, monkeypatch):
    kv, path = some_vectors(), tmp_path / "run.fe"
    straight = nn.compress_vectors(kv, 4, epochs=6, batch_size=16, workers=1)
    begin = nn.training.TrainingTask.run

    def press(self, epoch, first, count):
        if epoch == 3:
            signal.raise_signal(signal.SIGINT)
        return begin(self, epoch, first, count)

    monkeypatch.setattr(nn.training.TrainingTask, "run", press)
    with pytest.raises(TrainingInterrupted, match=r"run\.fe"):
        nn.compress_vectors(kv, 4, epochs=6, batch_size=16, workers=1, checkpoint=path)
    kv.save(tmp_path / "old.fe")
    command = ["compress", str(tmp_path / "old.fe"), "-d", "4", "-o", str(tmp_path / "new.fe"),
               "--epochs", "6", "-q"]  # fmt: skip
    stopped = run_cli(*command)
    assert stopped.status == 130
    assert "--resume" in stopped.err
    monkeypatch.undo()
    again = nn.compress_vectors(
        kv, 4, epochs=6, batch_size=16, workers=1, checkpoint=path, resume=True
    )
    np.testing.assert_array_equal(again.vectors, straight.vectors)
    # of a run that has ended the result, at once
    ended = nn.compress_vectors(
        kv, 4, epochs=6, batch_size=16, workers=1, checkpoint=path, resume=True
    )
    np.testing.assert_array_equal(ended.vectors, straight.vectors)
    assert run_cli(*command).status == 1
    assert run_cli(*command, "--resume").status == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.fe", "old.fe", "run.fe"]
    whole = nn.compress_vectors(kv, 4, epochs=6)
    np.testing.assert_array_equal(fe.KeyedVectors.load(tmp_path / "new.fe").vectors, whole.vectors)
