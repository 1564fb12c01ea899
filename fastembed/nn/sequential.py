"""`Sequential`: a network as a stack of layers, trained by compiled mini-batch programs.

The formulas, the flow of data and all options: docs/nn.md. What a run does between two mini-batches
is C; between two rounds of them `fastembed.core.rounds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.errors import NotFittedError
from fastembed.core.files import StrPath
from fastembed.core.memory import aligned_zeros
from fastembed.core.progress import Callback, Progress
from fastembed.core.threads import resolve_workers, single_threaded_blas
from fastembed.nn.arguments import check_count, check_shape
from fastembed.nn.data import as_array, check_inputs, check_numbers, check_targets, check_weights
from fastembed.nn.graph import ACTIVATION, DENSE, Graph, Parameter, Tensor
from fastembed.nn.history import History
from fastembed.nn.layers import Layer
from fastembed.nn.losses import Loss, loss_of
from fastembed.nn.metrics import Metric, checked_metrics, metrics_of
from fastembed.nn.optimizers import Optimizer, optimizer_of
from fastembed.nn.program import Program, layout
from fastembed.nn.training import Rows, evaluate_rows, raise_ended

__all__ = ["Sequential"]

EVALUATE_ROWS = 512  # of a mini-batch where nothing is learned


class Sequential:
    """A stack of layers, under Keras' names.

    Parameters
    ----------
    layers : sequence of Layer
    seed : int
        Of first weights, shuffling and noise; `fit` may be given another one for the latter two.
    dtype : {"float32", "float64"}
        Of the weights and all arithmetic.

    Attributes
    ----------
    history_ : History
        Of the last `fit`.
    loss_history_ : list of float
        Mean loss of each epoch of the last `fit`.
    stop_training : bool
        Set it in a callback to end after the epoch.
    rate_factor : float
        Multiplies the optimiser's learning rates; callbacks may change it.

    Examples
    --------
    >>> import numpy as np
    >>> from fastembed.nn import Dense, SGD, Sequential
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    >>> y = np.array([0, 1, 1, 0], dtype=np.float32)
    >>> net = Sequential([Dense(8, "tanh"), Dense(1, "sigmoid")], seed=3)
    >>> history = net.compile(SGD(learning_rate=1.0), "binary_crossentropy").fit(
    ...     X, y, epochs=500, batch_size=4
    ... )
    >>> (net.predict(X)[:, 0] > 0.5).tolist()
    [False, True, True, False]
    """

    def __init__(
        self,
        layers: Sequence[Layer] = (),
        *,
        seed: int = 1,
        dtype: Literal["float32", "float64"] = "float32",
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise ValueError(f"dtype must be 'float32' or 'float64'; got {dtype!r}")
        self.layers: list[Layer] = []
        self.seed, self.dtype = check_count("seed", seed, 0), dtype
        self.optimizer: Optimizer = optimizer_of("rmsprop")
        self.loss: Loss | None = None
        self._metrics_asked: list[str | Metric] = []
        self.metrics: list[Metric] = []
        self.history_, self.loss_history_ = History(), list[float]()
        self.stop_training, self.rate_factor = False, 1.0
        self.epochs_done_ = self.steps_ = 0
        self.input_shape: tuple[int, ...] | None = None
        self._integer = False
        self._params: NDArray[Any] | None = None
        self._states: list[NDArray[Any]] = []
        self._programs: dict[Any, Program] = {}
        for layer in layers:
            self.add(layer)

    # -------------------------------------------------------------------------------- building

    def add(self, layer: Layer) -> Self:
        """Append a layer; before the network is built."""
        if not isinstance(layer, Layer):
            raise TypeError(f"a layer must be a fastembed.nn layer such as Dense; got {layer!r}")
        if self.built:
            raise ValueError("this network is built already; make a new one")
        self.layers.append(layer)
        return self

    @property
    def built(self) -> bool:
        """Whether there are weights."""
        return getattr(self, "_params", None) is not None

    def names(self) -> list[str]:
        """Names of the layers: their own, or as Keras gives them, without repetition."""
        found: list[str] = []
        for layer in self.layers:
            own = layer.name
            base, n = own or layer.default_name, 0
            name = base
            while name in found:
                if own:
                    raise ValueError(f"two layers are named {own!r}")
                n += 1
                name = f"{base}_{n}"
            found.append(name)
        return found

    def graph(self, *, fuse: bool = True) -> tuple[Graph, Tensor, Tensor]:
        """The network as operations, its first tensor and its last."""
        if self.input_shape is None:
            raise NotFittedError("this network has no weights yet; call build(input_shape) or fit")
        if not self.layers:
            raise ValueError("a network needs layers; this one has none")
        graph = Graph(fuse=fuse)
        first = x = graph.input(self.input_shape, self._integer)
        for name, layer in zip(self.names(), self.layers, strict=True):
            with graph.inside(name, layer.trainable):
                x = layer.build(graph, x)
        if x.integer or not graph.ops:
            raise ValueError("the layers of this network compute nothing")
        return graph, first, x

    def build(self, input_shape: Sequence[int] | int) -> Self:
        """Make the weights for inputs of a shape (without the number of rows).

        Examples
        --------
        >>> from fastembed.nn import Dense, Sequential
        >>> Sequential([Dense(10)]).build(784).count_params()
        7850
        """
        self.input_shape = check_shape("input_shape", input_shape)
        self._integer = bool(self.layers) and self.layers[0].takes_ids
        try:
            graph, _, output = self.graph()
            params = aligned_zeros((max(layout(graph.parameters), 1),), self.dtype)
            for i, p in enumerate(graph.parameters):
                params[p.start : p.start + p.size] = p.initial(p.shape, self.seed, i).reshape(-1)
        except BaseException:
            self.input_shape = None
            raise
        self._params, self.output_shape = params, output.shape
        self._states, self.steps_ = [], 0
        self._programs.clear()
        return self

    def __getstate__(self) -> dict[str, Any]:
        # a copy compiles programs of its own
        return self.__dict__ | {"_programs": {}}

    def compile(
        self,
        optimizer: str | Optimizer = "rmsprop",
        loss: str | Loss | None = None,
        metrics: Iterable[str | Metric] = (),
    ) -> Self:
        """Say what to minimise, how, and what to watch.

        Parameters
        ----------
        optimizer, loss, metrics
            Names, or objects with other parameters than the defaults: `OPTIMIZERS`, `LOSSES`,
            `METRICS`, and "accuracy", which is that of the loss.

        Returns
        -------
        Sequential
            Itself.
        """
        chosen = optimizer_of(optimizer)
        if chosen != self.optimizer:
            self._states, self.steps_ = [], 0
        self.optimizer, self.rate_factor = chosen, 1.0
        self.loss = None if loss is None else loss_of(loss)
        self._metrics_asked, self.metrics = checked_metrics(metrics), []
        self._programs.clear()
        return self

    def program(
        self,
        capacity: int,
        *,
        training: bool = False,
        loss: Loss | None = None,
        workers: int | None = None,
        seed: int | None = None,
    ) -> Program:
        """The network ready to run on mini-batches of ``capacity`` rows; some are kept.

        Where nothing is learned there may be room for more rows, so that calls with a few more or
        less share one.
        """
        threads = resolve_workers(workers)
        if not training:
            capacity = 1 << (capacity - 1).bit_length()
        made = self.graph() if loss is not None else None
        # layers may have been frozen or given other penalties since
        learned = made and tuple((p.trainable, p.regularizer) for p in made[0].parameters)
        key = (capacity, training, loss, threads, seed, learned)
        if key not in self._programs:
            assert self._params is not None
            if len(self._programs) > 4:
                self._programs.clear()
            graph, first, last = made or self.graph()
            layout(graph.parameters)
            self._programs[key] = Program(
                graph,
                first,
                last,
                self._params,
                loss=loss,
                metrics=self.metrics if loss is not None else (),
                optimizer=self.optimizer if training else None,
                states=self.states() if training else (),
                capacity=capacity,
                seed=self.seed if seed is None else seed,
                workers=threads,
            )
        return self._programs[key]

    # --------------------------------------------------------------------------------- weights

    def flat_weights(self) -> NDArray[Any]:
        """All weights in one array, which training changes in place."""
        if self._params is None:
            raise NotFittedError("this network has no weights yet; call build(input_shape) or fit")
        return self._params

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Each weight by name ("dense/kernel"); views, so that changing one changes the network."""
        flat = self.flat_weights()
        return {
            p.name: flat[p.start : p.start + p.size].reshape(p.shape) for p in self.parameter_list()
        }

    def parameter_list(self) -> list[Parameter]:
        """What is known of each weight beside its values."""
        self.flat_weights()
        graph, _, _ = self.graph()
        layout(graph.parameters)
        return graph.parameters

    def get_weights(self) -> list[NDArray[Any]]:
        """Copies of the weights in the order of the layers."""
        return [w.copy() for w in self.parameters().values()]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Replace all weights.

        Raises
        ------
        ValueError
            Another number of arrays, or one of another shape (the message names it).
        """
        own = self.parameters()
        if len(weights) != len(own):
            raise ValueError(f"this network has {len(own)} weights; got {len(weights)}")
        arrays = [np.asarray(w, dtype=self.dtype) for w in weights]
        for (name, w), new in zip(own.items(), arrays, strict=True):
            if new.shape != w.shape:
                raise ValueError(f"weight {name!r} has shape {w.shape}; got {new.shape}")
        for w, new in zip(own.values(), arrays, strict=True):
            w[...] = new

    def count_params(self) -> int:
        """Numbers in all weights."""
        return sum(p.size for p in self.parameter_list())

    def states(self) -> list[NDArray[Any]]:
        """Arrays that the optimiser remembers, beside the flat weights."""
        if len(self._states) != self.optimizer.states:
            first = float(getattr(self.optimizer, self.optimizer.first_state or "", 0.0))
            flat = self.flat_weights()
            count = self.optimizer.states
            self._states = [aligned_zeros(flat.shape, flat.dtype) for _ in range(count)]
            for state in self._states:
                state += first
        return self._states

    # ---------------------------------------------------------------------------------- running

    def prepare(
        self,
        X: ArrayLike,
        y: Any,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | None = None,
    ) -> Rows:
        """Build the network if need be and check the arrays against it."""
        if self.loss is None:
            raise ValueError("the network has no loss yet; call compile(optimizer, loss) first")
        if not self.built:
            self.build(as_array("X", X).shape[1:] or (1,))
        assert self.input_shape is not None
        n_output = int(np.prod(self.output_shape))
        x = check_inputs(X, self.input_shape, self._integer, self.names()[0])
        graph, _, _ = self.graph()
        check_numbers(x, graph.id_limits, self.dtype)
        last = graph.ops[-1]
        self.loss.check(n_output, len(x), last.act if last.kind in (DENSE, ACTIVATION) else None)
        targets = check_targets(y, len(x), self.loss, n_output, self.names()[-1], self.dtype)
        self.metrics = metrics_of(self._metrics_asked, self.loss, n_output)
        weights = check_weights(len(x), targets, sample_weight, class_weight)
        return Rows(x, targets, weights)

    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: Sequence[Any] | None = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: ArrayLike | None = None,
        callbacks: Iterable[Callback] | Callback | None = (),
        progress: Progress | bool | None = None,
        seed: int | None = None,
        workers: int | None = None,
        checkpoint: StrPath | None = None,
        resume: bool = False,
        checkpoint_seconds: float = 600.0,
    ) -> History:
        """Train; a second call goes on from the weights and the optimiser's state.

        Parameters
        ----------
        X : array_like, shape (n, ...)
            float32, float64, uint8 (int32, int64 for an Embedding) are read as they are, memory
            maps too; other numbers are converted first.
        y : array_like
            Targets (n, outputs), or integer labels (n,) for a loss of labels.
        batch_size : int
            Rows of a mini-batch; the last one of an epoch has what is left. More than there are
            means all of them.
        validation_data : (X, y) or (X, y, sample_weight), optional
        validation_split : float
            Else this share of the rows, the last ones, is kept for validation.
        class_weight : mapping from label to weight, optional
        sample_weight : array_like, shape (n,), optional
            The loss of a mini-batch is sum(weight * loss of the row) / rows.
        progress : Progress or bool, optional
            True for a bar on a terminal and lines elsewhere.
        workers : int, optional
            Threads; all usable cores by default. The result does not depend on it.
        checkpoint : path, optional
            Where Ctrl-C, the end, and every ``checkpoint_seconds``, saves the run.
        resume : bool
            Go on from ``checkpoint``; the result is that of an uninterrupted run, to the bit. Of a
            run that had ended it is that result at once.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            Arrays that do not fit the network; NaN in them; labels or ids out of range.
        TrainingError
            The loss is not finite: epoch and mini-batch are named, the weights are those before.
        TrainingInterrupted
            Ctrl-C.
        """
        from fastembed.nn.fitting import fit_network

        return fit_network(
            self,
            self.prepare(X, y, sample_weight, class_weight),
            epochs=epochs,
            batch_size=batch_size,
            validation_data=validation_data,
            validation_split=validation_split,
            shuffle=shuffle,
            callbacks=[callbacks] if isinstance(callbacks, Callback) else list(callbacks or ()),
            progress=progress,
            seed=self.seed if seed is None else check_count("seed", seed, 0),
            workers=workers,
            checkpoint=checkpoint,
            resume=resume,
            checkpoint_seconds=checkpoint_seconds,
        )

    def evaluate(
        self,
        X: ArrayLike,
        y: Any = None,
        *,
        sample_weight: ArrayLike | None = None,
        batch_size: int = EVALUATE_ROWS,
        workers: int | None = None,
    ) -> dict[str, float]:
        """Loss and metrics by name, means over the rows, without noise and dropout."""
        rows = self.prepare(X, y, sample_weight)
        assert self.loss is not None
        batch = min(check_count("batch_size", batch_size), len(rows))
        batch += batch % self.loss.group
        found = evaluate_rows(
            self.program(batch, loss=self.loss, workers=workers), rows, min(batch, len(rows))
        )
        names = ["loss", *(m.name for m in self.metrics)]
        return dict(zip(names, found.tolist(), strict=True))

    def predict(
        self, X: ArrayLike, *, batch_size: int = EVALUATE_ROWS, workers: int | None = None
    ) -> NDArray[Any]:
        """The outputs for each row, without noise and dropout: (n, ...), of the network's dtype."""
        self.flat_weights()
        assert self.input_shape is not None
        x = check_inputs(X, self.input_shape, self._integer, self.names()[0])
        n, batch = len(x), min(check_count("batch_size", batch_size), len(x))
        program = self.program(batch, workers=workers)
        out = np.empty((n, int(np.prod(self.output_shape))), dtype=self.dtype)
        sums = np.zeros((-(-n // batch), 1))
        with single_threaded_blas():
            program.net.bind(x, None, None, None)
            first, stop = program.after_update, program.after_outputs
            done, what, row = program.net.run(
                0, batch, n, 0, np.zeros(len(sums)), sums, False, first, stop, out
            )
        if what:
            where = f"mini-batch {done + 1} of predict"
            raise_ended(what, row, Rows(x, None, None), where, program.graph.id_limits)
        return out.reshape((n, *self.output_shape))

    # ------------------------------------------------------------------------------------ rest

    def summary(self) -> str:
        """A table of layers, the shapes of their outputs and their numbers of parameters.

        Examples
        --------
        >>> from fastembed.nn import Dense, Sequential
        >>> net = Sequential([Dense(512, "relu"), Dense(10, "softmax")]).build(784)
        >>> print(net.summary().splitlines()[-1])
        total: 407,050 parameters, 407,050 of them trained
        """
        from fastembed.nn.saving import summary

        return summary(self)

    def save(self, path: StrPath) -> None:
        """Write layers, weights, optimiser and history as a native file, which `load` reads."""
        from fastembed.nn.saving import save_network

        save_network(self, path)

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read a network that `save` wrote.

        Raises
        ------
        FormatError
            The file is cut, damaged, or not one of a network.
        """
        from fastembed.nn.saving import load_network

        return load_network(cls, path)
