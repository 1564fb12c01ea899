"""`MLPClassifier` and `MLPRegressor`, with scikit-learn where it is installed."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fastembed import FormatError, NotFittedError, nn

rng = np.random.default_rng(3)
X = rng.normal(size=(240, 4))
NAMES = np.array(["low", "middle", "high"])
Y = NAMES[(X[:, 0] + X[:, 1] > -0.8).astype(int) + (X[:, 0] * X[:, 1] + X[:, 2] > 0.5)]
TARGETS = np.stack([X[:, 0] * X[:, 1], X[:, 2] - 1], axis=1)
QUICK = {"hidden_layer_sizes": (24,), "learning_rate_init": 0.01, "max_iter": 60, "workers": 1}


def test_classifier_learns_and_has_scikit_learns_attributes():
    model = nn.MLPClassifier(**QUICK).fit(X, Y)
    assert model.classes_.tolist() == ["high", "low", "middle"]
    assert model.score(X, Y) > 0.9
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert (model.classes_[p.argmax(axis=1)] == model.predict(X)).all()
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p, rtol=1e-5)
    assert [w.shape for w in model.coefs_] == [(4, 24), (24, 3)]
    assert [b.shape for b in model.intercepts_] == [(24,), (3,)]
    assert (model.n_layers_, model.n_outputs_, model.out_activation_) == (3, 3, "softmax")
    assert model.n_iter_ == len(model.loss_curve_) <= 60
    assert model.loss_ == model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]
    assert model.n_features_in_ == 4


def test_the_penalty_and_the_step_are_scikit_learns():
    network = pytest.importorskip("sklearn.neural_network")
    settings = {
        "hidden_layer_sizes": (5,), "alpha": 0.7, "batch_size": 240, "solver": "sgd",
        "momentum": 0.0, "learning_rate_init": 0.05, "shuffle": False, "activation": "tanh",
    }  # fmt: skip
    ours = nn.MLPClassifier(max_iter=1, **settings).fit(X, Y)
    theirs = network.MLPClassifier(max_iter=1, random_state=1, **settings)
    with pytest.warns(UserWarning, match="iterations"):
        theirs.fit(X, Y)
    theirs.coefs_ = [w.astype(float) for w in ours.coefs_]
    theirs.intercepts_ = [b.astype(float) for b in ours.intercepts_]
    theirs._optimizer.params = theirs.coefs_ + theirs.intercepts_
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), rtol=2e-5)
    for _ in range(3):
        theirs.partial_fit(X, Y)
        ours.partial_fit(X, Y)
    for a, b in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-6)
    assert ours.loss_curve_[-1] == pytest.approx(theirs.loss_curve_[-1], rel=1e-5)


def test_regressor():
    model = nn.MLPRegressor(**QUICK | {"max_iter": 150}).fit(X, TARGETS)
    assert model.predict(X).shape == (240, 2)
    assert model.score(X, TARGETS) > 0.9
    one = nn.MLPRegressor(**QUICK).fit(X, TARGETS[:, 1])
    assert one.predict(X).shape == (240,)
    metrics = pytest.importorskip("sklearn.metrics")
    assert model.score(X, TARGETS) == pytest.approx(metrics.r2_score(TARGETS, model.predict(X)))


def test_early_stopping_keeps_rows_of_each_class_and_stops():
    model = nn.MLPClassifier(
        early_stopping=True, validation_fraction=0.25, n_iter_no_change=3, tol=0.01,
        **QUICK | {"max_iter": 400},
    ).fit(X, Y)  # fmt: skip
    assert len(model.validation_scores_) == model.n_iter_ < 400
    train, kept = model._kept_aside(np.searchsorted(model.classes_, Y))
    assert sorted([*train, *kept]) == list(range(240))
    assert len(kept) == 60
    assert set(Y[kept]) == set(NAMES)
    best = model.predict(X[kept])
    assert np.mean(best == Y[kept]) == pytest.approx(max(model.validation_scores_), abs=0.011)
    loss = nn.MLPRegressor(early_stopping=True, **QUICK).fit(X, TARGETS)
    assert len(loss.validation_scores_) == loss.n_iter_


def test_the_same_seed_is_the_same_model_and_fit_begins_anew():
    model = nn.MLPClassifier(**QUICK | {"max_iter": 3})
    first = model.fit(X, Y).predict_proba(X)
    assert (model.fit(X, Y).predict_proba(X) == first).all()
    assert model.n_iter_ == 3
    assert (model.set_params(random_state=7).fit(X, Y).predict_proba(X) != first).any()
    state = np.random.RandomState(5)
    assert model.set_params(random_state=state).fit(X, Y).n_iter_ == 3
    model.set_params(warm_start=True).fit(X, Y)
    assert model.n_iter_ == 6


def test_partial_fit():
    model = nn.MLPClassifier(**QUICK)
    with pytest.raises(ValueError, match="classes must be passed"):
        model.partial_fit(X, Y)
    for _ in range(40):
        model.partial_fit(X[:200], Y[:200], classes=NAMES)
    assert model.n_iter_ == 40
    assert model.score(X[200:], Y[200:]) > 0.7
    with pytest.raises(ValueError, match=r"label .*'other'.* in row 1"):
        model.partial_fit(X[:2], ["low", "other"])
    number = nn.MLPRegressor(**QUICK).partial_fit(X, TARGETS).partial_fit(X, TARGETS)
    assert number.n_iter_ == 2


def test_copies_and_files_predict_alike(tmp_path):
    model = nn.MLPClassifier(**QUICK | {"max_iter": 3}).fit(X, Y)
    assert (copy.deepcopy(model).predict_proba(X) == model.predict_proba(X)).all()
    model.save(tmp_path / "m.fe")
    again = nn.MLPClassifier.load(tmp_path / "m.fe")
    assert again.predict(X).tolist() == model.predict(X).tolist()
    assert (again.predict_proba(X) == model.predict_proba(X)).all()
    with pytest.raises(FormatError, match="holds MLPClassifier, not MLPRegressor"):
        nn.MLPRegressor.load(tmp_path / "m.fe")
    data = (tmp_path / "m.fe").read_bytes()
    (tmp_path / "cut.fe").write_bytes(data[: len(data) // 2])
    with pytest.raises(FormatError, match=r"cut\.fe"):
        nn.MLPClassifier.load(tmp_path / "cut.fe")


def test_scikit_learn_clones_searches_and_pipes():
    base = pytest.importorskip("sklearn.base")
    from sklearn.model_selection import GridSearchCV, cross_validate
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = nn.MLPClassifier(**QUICK | {"max_iter": 15})
    assert base.clone(model).get_params() == model.get_params()
    assert base.is_classifier(model)
    assert base.is_regressor(nn.MLPRegressor())
    pipe = make_pipeline(StandardScaler(), model)
    search = GridSearchCV(pipe, {"mlpclassifier__hidden_layer_sizes": [(1,), (24,)]}, cv=3)
    search.fit(X, Y)
    assert search.best_params_ == {"mlpclassifier__hidden_layer_sizes": (24,)}
    assert search.score(X, Y) > 0.75
    found = cross_validate(model, X, Y, cv=3, return_estimator=True)
    assert all(isinstance(e, nn.MLPClassifier) for e in found["estimator"])
    assert cross_validate(nn.MLPRegressor(**QUICK), X, TARGETS, cv=2)["test_score"].mean() > 0.3


APART = {
    "check_estimators_unfitted": "raises our NotFittedError, not scikit-learn's",
    "check_supervised_y_2d": "takes a column of labels without a warning",
    "check_sample_weight_equivalence_on_dense_data": "mini-batches hold other rows",
}


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks_of_estimators(kind):
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    if not hasattr(checks, "estimator_checks_generator"):
        pytest.skip("scikit-learn is older than 1.6")
    model = getattr(nn, kind)(max_iter=50, workers=1)
    found = checks.check_estimator(model, expected_failed_checks=APART, on_skip=None)
    assert sum(check["status"] == "passed" for check in found) > 40


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must hold integers >= 1"),
        ({"activation": "nope"}, "activation must be one of"),
        ({"solver": "lbfgs"}, "solver must be an Optimizer or one of sgd"),
        ({"batch_size": 0}, "batch_size must be 'auto'"),
        ({"alpha": -1}, "alpha must be a number >= 0"),
        ({"random_state": -1}, "random_state must be"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        nn.MLPClassifier(**params).fit(X, Y)


def test_bad_arrays_are_named():
    model = nn.MLPClassifier(**QUICK)
    with pytest.raises(NotFittedError, match="call fit first"):
        model.predict(X)
    with pytest.raises(ValueError, match="one label for each of 240 rows"):
        model.fit(X, Y[:5])
    with pytest.raises(ValueError, match="Unknown label type"):
        model.fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"shape \(rows, features\)"):
        model.fit(X[0], Y)
    with pytest.raises(ValueError, match="must hold numbers"):
        model.fit(Y[:, None], Y)
    with pytest.raises(ValueError, match="0 sample"):
        model.fit(X[:0], Y[:0])
    bad = X.copy()
    bad[7, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN or infinity .*: nan in row 7, column 2"):
        model.fit(bad, Y)
    with pytest.raises(ValueError, match="expecting 4 features"):
        nn.MLPClassifier(**QUICK | {"max_iter": 1}).fit(X, Y).predict(X[:, :3])
    with pytest.raises(TypeError, match="y must hold numbers"):
        nn.MLPRegressor().fit(X, Y)
    with pytest.raises(ValueError, match="target y is None"):
        nn.MLPRegressor().fit(X, None)
    with pytest.raises(ValueError, match="sample_weight is zero"):
        model.fit(X, Y, sample_weight=np.zeros(len(X)))
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"pass X\.toarray\(\)"):
        model.fit(sparse.csr_array(X), Y)
