"""`MLPClassifier` and `MLPRegressor`: networks as scikit-learn's estimators. See docs/nn.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.nn.losses import MeanSquaredError
from fastembed.nn.mlp_base import MLP

__all__ = ["MLPClassifier", "MLPRegressor"]


@dataclass(kw_only=True)
class MLPClassifier(MLP):
    """A network with softmax over classes, as scikit-learn's estimator.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Units of each hidden layer.
    activation : str
        "identity", "logistic", "tanh", "relu", or any other of `ACTIVATIONS`.
    solver : str or Optimizer
        A name of `OPTIMIZERS`, with ``learning_rate_init``, ``momentum``, ``beta_1`` and so on of
        this class; or an optimiser with its own.
    alpha : float
        Adds alpha / 2 times the sum of squared weights, divided by the rows of a mini-batch.
    early_stopping : bool
        Keep ``validation_fraction`` of the rows, in proportion to the classes, to stop when their
        accuracy has not risen by ``tol`` in ``n_iter_no_change`` epochs, and return to the best
        weights. Without it the training loss is watched.
    random_state : int, RandomState or None
        None is 1: the same result each time.

    The others as in scikit-learn.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    network_ : Sequential
    coefs_, intercepts_ : list of ndarray
    loss_curve_, validation_scores_ : list of float
        By epoch.
    n_iter_ : int
        Epochs.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> model = MLPClassifier(hidden_layer_sizes=(8,), learning_rate_init=0.1)
    >>> model.fit(X, ["even", "odd", "odd", "even"]).predict(X).tolist()
    ['even', 'odd', 'odd', 'even']
    """

    _estimator_type: ClassVar[str | None] = "classifier"
    _score_name: ClassVar[str] = "accuracy"

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train.

        Parameters
        ----------
        X : array_like, shape (n, features)
        y : array_like, shape (n,)
            Labels: integers, strings or booleans.
        sample_weight : array_like, shape (n,), optional

        Raises
        ------
        ValueError, TypeError
            Arrays that do not fit; fewer than one class; parameters out of range.
        """
        if not self.warm_start or not hasattr(self, "network_"):
            self._start()
            x = self._rows(X, reset=True)
            self._make(x, np.unique(_labels(y, len(x))))
        else:
            x = self._rows(X, reset=False)
        self._train(x, self._codes(y, len(x)), self.max_iter, sample_weight)
        return self

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, classes: Sequence[Any] | NDArray[Any] | None = None
    ) -> Self:
        """One more epoch; the first call must name all ``classes`` that will come."""
        if not hasattr(self, "network_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit")
            self._start()
            x = self._rows(X, reset=True)
            self._make(x, np.unique(np.asarray(classes)))
        else:
            x = self._rows(X, reset=False)
        self._train(x, self._codes(y, len(x)), 1, None)
        return self

    def _make(self, x: NDArray[Any], classes: NDArray[Any]) -> None:
        self.classes_ = classes
        loss = "sparse_categorical_crossentropy"
        net = self._network(len(x), len(classes), "softmax", loss)
        self.network_ = net.compile(net.optimizer, loss, ["accuracy"])

    def _codes(self, y: ArrayLike, n: int) -> NDArray[np.int64]:
        labels = _labels(y, n)
        codes = np.searchsorted(self.classes_, labels).clip(max=len(self.classes_) - 1)
        unknown = np.flatnonzero(self.classes_[codes] != labels)
        if len(unknown):
            first = int(unknown[0])
            raise ValueError(f"y: label {labels[first]!r} in row {first} is not among the classes")
        return codes

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Probabilities (n, classes), in the order of ``classes_``."""
        return self._outputs(X)

    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Their logarithms."""
        with np.errstate(divide="ignore"):
            return np.log(self._outputs(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable label of each row."""
        found = self._outputs(X)
        return self.classes_[found.argmax(axis=1)]

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Share of the rows that get their label."""
        right = self.predict(X) == np.asarray(y)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        return float(np.average(right, weights=weight))


def _labels(y: ArrayLike, n: int) -> NDArray[Any]:
    _required(y)
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or len(labels) != n:
        raise ValueError(f"y must hold one label for each of {n} rows; got shape {labels.shape}")
    if labels.dtype.kind == "O":
        labels = np.array([str(v) for v in labels]) if _all_text(labels) else labels
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == labels.round())).all():
        raise ValueError("Unknown label type: y must hold classes; it holds continuous numbers")
    return labels


def _all_text(labels: NDArray[Any]) -> bool:
    if all(isinstance(v, str) for v in labels):
        return True
    raise TypeError("Unknown label type: y must hold integers, strings or booleans")


def _required(y: Any) -> None:
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")


@dataclass(kw_only=True)
class MLPRegressor(MLP):
    """A network with linear outputs and squared errors, as scikit-learn's estimator.

    Minimises 1/2 (y - p)^2. Parameters and attributes: `MLPClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = MLPRegressor(hidden_layer_sizes=(20,), learning_rate_init=0.02)
    >>> bool(model.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.98)
    True
    """

    _estimator_type: ClassVar[str | None] = "regressor"
    _score_name: ClassVar[str] = "loss"

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on targets of shape (n,) or (n, outputs)."""
        return self._fit(X, y, self.max_iter, sample_weight, again=self.warm_start)

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """One more epoch."""
        return self._fit(X, y, 1, None, again=True)

    def _fit(self, X: ArrayLike, y: ArrayLike, epochs: int, weight: Any, *, again: bool) -> Self:
        known = again and hasattr(self, "network_")
        if not known:
            self._start()
        _required(y)
        x, targets = self._rows(X, reset=not known), np.asarray(y)
        if targets.ndim not in (1, 2) or len(targets) != len(x):
            raise ValueError(
                f"y must have shape (n,) or (n, outputs) with n = {len(x)}; got {targets.shape}"
            )
        if targets.dtype.kind == "O":
            try:
                targets = targets.astype(np.float64)
            except (TypeError, ValueError):
                raise TypeError("Unknown label type: y must hold numbers") from None
        if targets.dtype.kind == "c":
            raise ValueError("Complex data not supported: y must hold real numbers")
        if targets.dtype.kind not in "fiub":
            raise TypeError(f"y must hold numbers; got dtype {targets.dtype}")
        if not known:
            self._flat = targets.ndim == 1
            width = 1 if self._flat else targets.shape[1]
            net = self._network(len(x), width, None, "mean_squared_error")
            self.network_ = net.compile(net.optimizer, MeanSquaredError(scale=0.5))
        self._train(x, targets, epochs, weight)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The outputs for each row: (n,) or (n, outputs), as the targets were."""
        found = self._outputs(X)
        return found[:, 0] if found.shape[1] == 1 and getattr(self, "_flat", True) else found

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Coefficient of determination R^2, the mean over the outputs."""
        truth = np.asarray(y, dtype=np.float64).reshape(len(np.asarray(y)), -1)
        found = self.predict(X).reshape(truth.shape).astype(np.float64)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        mean = np.average(truth, axis=0, weights=weight)
        left = np.average((truth - found) ** 2, axis=0, weights=weight)
        spread = np.average((truth - mean) ** 2, axis=0, weights=weight)
        constant = np.where(left > 0, 0.0, 1.0)
        return float(
            np.where(spread > 0, 1 - left / np.where(spread > 0, spread, 1), constant).mean()
        )
