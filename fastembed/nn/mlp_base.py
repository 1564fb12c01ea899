"""What `MLPClassifier` and `MLPRegressor` share: a `Sequential` under scikit-learn's interface.

The names and the meaning of the parameters are scikit-learn's; the network, its kernels and its
training loop are those of `fastembed.nn`. scikit-learn is not imported here: ``clone``,
``Pipeline`` and ``GridSearchCV`` need only what `fastembed.core.params.Params` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed._native import _nn_draws
from fastembed.core.errors import FormatError, NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.params import Opt, Params
from fastembed.io.native import read_native, write_native
from fastembed.nn.arguments import check_count, check_sizes
from fastembed.nn.callbacks import EarlyStopping
from fastembed.nn.layers import Dense
from fastembed.nn.optimizers import OPTIMIZERS, Optimizer, optimizer_of
from fastembed.nn.regularizers import Regularizer
from fastembed.nn.saving import pack_network, unpack_network
from fastembed.nn.sequential import Sequential

__all__ = ["MLP"]

ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names


@dataclass(kw_only=True)
class MLP(Params):
    """Base of the estimators."""

    hidden_layer_sizes: Annotated[Any, Opt("units of each hidden layer")] = (100,)
    activation: Annotated[Any, Opt("of the hidden layers")] = "relu"
    solver: Annotated[Any, Opt("name of an optimiser, or one")] = "adam"
    alpha: Annotated[float, Opt("strength of the L2 penalty", ge=0)] = 1e-4
    batch_size: Annotated[Any, Opt("rows of a mini-batch; auto: min(200, n)")] = "auto"
    learning_rate_init: Annotated[float, Opt("learning rate", gt=0)] = 1e-3
    max_iter: Annotated[int, Opt("epochs at most", ge=1)] = 200
    shuffle: Annotated[bool, Opt("shuffle the rows in each epoch")] = True
    random_state: Annotated[Any, Opt("seed; None: 1")] = None
    tol: Annotated[float, Opt("what counts as an improvement", ge=0)] = 1e-4
    verbose: Annotated[bool, Opt("report progress")] = False
    warm_start: Annotated[bool, Opt("go on from the last fit")] = False
    momentum: Annotated[float, Opt("of sgd", ge=0, lt=1)] = 0.9
    nesterovs_momentum: Annotated[bool, Opt("Nesterov's, of sgd")] = True
    early_stopping: Annotated[bool, Opt("stop by the score of rows kept aside")] = False
    validation_fraction: Annotated[float, Opt("share of these rows", gt=0, lt=1)] = 0.1
    beta_1: Annotated[float, Opt("of adam", ge=0, lt=1)] = 0.9
    beta_2: Annotated[float, Opt("of adam", ge=0, lt=1)] = 0.999
    epsilon: Annotated[float, Opt("of adam", gt=0)] = 1e-8
    n_iter_no_change: Annotated[int, Opt("epochs without an improvement", ge=1)] = 10
    workers: Annotated[int | None, Opt("threads; all usable cores by default", ge=1)] = None

    _estimator_type: ClassVar[str | None]
    _score_name: ClassVar[str]

    # ------------------------------------------------------------------------- parts of fit

    def _seed(self) -> int:
        state = self.random_state
        if state is None:
            return 1
        if hasattr(state, "randint"):  # numpy's RandomState
            return int(state.randint(2**31 - 1))
        if isinstance(state, (int, np.integer)) and state >= 0:
            return int(state)
        raise ValueError(f"random_state must be None, an integer >= 0 or a RandomState: {state!r}")

    def _optimizer(self) -> Optimizer:
        if isinstance(self.solver, Optimizer):
            return self.solver
        if self.solver not in OPTIMIZERS:
            allowed = ", ".join(OPTIMIZERS)
            raise ValueError(
                f"solver must be an Optimizer or one of {allowed}; got {self.solver!r}"
            )
        values: dict[str, Any] = {"name": self.solver, "learning_rate": self.learning_rate_init}
        if self.solver == "sgd":
            values |= {"momentum": self.momentum, "nesterov": bool(self.nesterovs_momentum)}
        elif self.solver in ("adam", "adamw"):
            values |= {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return optimizer_of(values)

    def _batch(self, n: int) -> int:
        if self.batch_size == "auto":
            return min(200, n)
        return min(check_count("batch_size", self.batch_size, kind="be 'auto' or an integer"), n)

    def _network(self, n: int, n_output: int, last: str | None, loss: str) -> Sequential:
        """The network; the penalty of a mini-batch is alpha / 2 / rows times the squares."""
        batch = self._batch(n)
        penalty = Regularizer(l2=0.5 * self.alpha / batch) if self.alpha else None
        activation = ACTIVATIONS.get(self.activation, self.activation)
        sizes = check_sizes("hidden_layer_sizes", self.hidden_layer_sizes)
        layers = [Dense(size, activation, kernel_regularizer=penalty) for size in sizes]
        layers.append(Dense(n_output, last, kernel_regularizer=penalty))
        return Sequential(layers, seed=self._seed()).compile(self._optimizer(), loss)

    def _rows(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        if hasattr(X, "toarray"):
            raise TypeError("sparse X is not supported; pass X.toarray()")
        array = np.asarray(X)
        if array.ndim != 2:
            raise ValueError(
                f"X must have shape (rows, features); got {array.shape}. Reshape your data"
            )
        if not array.size:
            raise ValueError(
                f"X has {len(array)} sample(s) and {array.shape[1]} feature(s) "
                f"(shape={array.shape}) while a minimum of 1 is required."
            )
        if array.dtype.kind == "c":
            raise ValueError("Complex data not supported: X must hold real numbers")
        if array.dtype.kind not in "fiub":
            try:
                array = array.astype(np.float32)
            except (TypeError, ValueError) as error:
                raise type(error)(
                    f"X must hold numbers; got dtype {array.dtype}: {error}"
                ) from None
        if array.dtype.kind == "f" and not np.isfinite(array.astype(np.float32)).all():
            row, column = np.argwhere(~np.isfinite(array.astype(np.float32)))[0].tolist()
            raise ValueError(
                f"X contains NaN or infinity (or a number too large for float32): "
                f"{array[row, column]} in row {row}, column {column}"
            )
        if reset:
            self.n_features_in_ = array.shape[1]
            names = getattr(X, "columns", None)
            if names is not None and all(isinstance(name, str) for name in names):
                self.feature_names_in_ = np.asarray(names, dtype=object)
        elif array.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {array.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input"
            )
        return array

    def _kept_aside(self, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Rows to train on and to stop by, drawn by the seed; each class in proportion."""
        order = _nn_draws.order(len(y), self._seed(), 0)
        if self._estimator_type == "classifier":
            order = order[np.argsort(y[order], kind="stable")]
        keep = max(1, round(self.validation_fraction * len(y)))
        if keep >= len(y):
            raise ValueError(f"validation_fraction leaves none of {len(y)} rows to train on")
        chosen = np.zeros(len(y), dtype=bool)
        chosen[np.linspace(0, len(y) - 1, keep).round().astype(np.int64)] = True
        return order[~chosen], order[chosen]

    def _train(self, x: NDArray[Any], y: NDArray[Any], epochs: int, weight: Any) -> None:
        if weight is not None and not np.asarray(weight).any():
            raise ValueError("sample_weight is zero for each row; there is nothing to learn from")
        net, kept = self.network_, None
        monitor, stopping = "loss", self.early_stopping and epochs > 1
        if stopping:
            train, kept = self._kept_aside(y)
            held, x, y = (x[kept], y[kept]), x[train], y[train]
            weight = None if weight is None else np.asarray(weight)[train]
            monitor = f"val_{self._score_name}"
        stop = EarlyStopping(
            monitor,
            patience=self.n_iter_no_change,
            min_delta=self.tol,
            mode="max" if "accuracy" in monitor else "min",
            restore_best_weights=stopping,
        )
        history = net.fit(
            x,
            y,
            epochs=epochs,
            batch_size=self._batch(len(x)),
            validation_data=held if stopping else None,
            shuffle=self.shuffle,
            sample_weight=weight,
            callbacks=[stop] if epochs > 1 else [],
            progress=self.verbose or None,
            workers=self.workers,
        ).history
        self.loss_curve_ = [*getattr(self, "loss_curve_", []), *history["loss"]]
        self.loss_, self.best_loss_ = self.loss_curve_[-1], min(self.loss_curve_)
        self.n_iter_ = len(self.loss_curve_)
        self.validation_scores_ = history.get(monitor) if stopping else None

    def _start(self) -> None:
        self.check_params()
        for name in ("network_", "loss_curve_", "classes_", "feature_names_in_"):
            if hasattr(self, name):
                delattr(self, name)

    # ------------------------------------------------------------------------ what is found

    def _fitted(self) -> Sequential:
        if not hasattr(self, "network_"):
            raise _not_fitted(type(self).__name__)
        return self.network_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    @property
    def coefs_(self) -> list[NDArray[Any]]:
        """Weight matrices, (inputs, units) of each layer."""
        return self._fitted().get_weights()[::2]

    @property
    def intercepts_(self) -> list[NDArray[Any]]:
        """Biases of each layer."""
        return self._fitted().get_weights()[1::2]

    @property
    def n_layers_(self) -> int:
        """Layers, that of the inputs counted."""
        return len(self._fitted().layers) + 1

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network."""
        return int(np.prod(self._fitted().output_shape))

    @property
    def out_activation_(self) -> str:
        """Of the last layer."""
        return str(self._fitted().layers[-1].activation or "identity")  # type: ignore[attr-defined]

    def _outputs(self, X: ArrayLike) -> NDArray[Any]:
        net = self._fitted()
        return net.predict(self._rows(X, reset=False), workers=self.workers)

    def __getstate__(self) -> dict[str, Any]:
        """For copies and processes: the network as its arrays."""
        state = dict(self.__dict__)
        if "network_" in state:
            state["network_"] = pack_network(state["network_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "network_" in state:
            arrays, metadata = state["network_"]
            self.network_ = unpack_network(Sequential, arrays, metadata, "a copy")

    def save(self, path: StrPath) -> None:
        """Write the fitted network and what it needs to predict as a native file."""
        net = self._fitted()
        arrays, metadata = pack_network(net)
        own = {
            "estimator": type(self).__name__,
            "n_features": self.n_features_in_,
            "loss_curve": self.loss_curve_,
            "network": metadata,
        }
        if hasattr(self, "classes_"):
            if self.classes_.dtype.kind not in "biufU":
                raise ValueError(f"classes of dtype {self.classes_.dtype} cannot be saved")
            own |= {"classes": self.classes_.tolist(), "classes_dtype": self.classes_.dtype.str}
        write_native(path, arrays, own | {"kind": "MLP"})

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read what `save` wrote; it predicts alike. Hyper-parameters have their defaults.

        Raises
        ------
        FormatError
            The file is cut, damaged, or not of this class.
        """
        file = read_native(path, verify=True)
        found, model = file.metadata, cls()
        own: Any = model
        if found.get("kind") != "MLP" or found.get("estimator") != cls.__name__:
            held = found.get("estimator") or found.get("kind") or "something else"
            raise FormatError(f"{path}: holds {held}, not {cls.__name__}")
        try:
            model.network_ = unpack_network(Sequential, file.arrays, found["network"], path)
            model.n_features_in_ = int(found["n_features"])
            model.loss_curve_ = [float(v) for v in found["loss_curve"]]
            if "classes" in found:
                own.classes_ = np.array(found["classes"], dtype=found["classes_dtype"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: its metadata are damaged: {error}") from None
        return model


def _not_fitted(name: str) -> NotFittedError:
    return NotFittedError(f"this {name} is not fitted yet; call fit first")
