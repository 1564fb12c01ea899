"""Gradients to look at and to check: exact ones of the kernels beside central differences.

Everything here runs the same C source as training, compiled for double.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastembed.core.threads import single_threaded_blas
from fastembed.nn.data import check_inputs
from fastembed.nn.program import Program, layout
from fastembed.nn.training import Rows, raise_ended

__all__ = ["GradientCheck", "gradcheck", "gradients", "jacobian", "vjp"]

ROUNDING = 4  # units in the last place that a sum of losses may be off


def _wide(
    model: Any, rows: Rows, params: NDArray[Any], *, fuse: bool, loss: Any, inputs: bool = False
) -> Program:
    graph, first, last = model.graph(fuse=fuse)
    layout(graph.parameters)
    return Program(
        graph,
        first,
        last,
        params,
        loss=loss,
        metrics=(),
        capacity=len(rows),
        seed=model.seed,
        input_gradient=inputs,
    )


def _run(program: Program, rows: Rows, start: int, stop: int, training: bool) -> float:
    sums = np.zeros((1, 1))
    n = len(rows)
    program.net.bind(rows.x, rows.y, rows.weights, None)
    with single_threaded_blas():
        _, what, row = program.net.run(0, n, n, 0, np.zeros(1), sums, training, start, stop)
    if what:
        raise_ended(what, row, rows, "this mini-batch", program.graph.id_limits)
    return float(sums[0, 0])


def gradients(
    model: Any,
    X: ArrayLike,
    y: Any = None,
    *,
    sample_weight: ArrayLike | None = None,
    training: bool = True,
    trace: bool = False,
) -> dict[str, Any]:
    """Loss of one mini-batch and its gradient by each weight, in float64.

    Parameters
    ----------
    model : Sequential
        Compiled with a loss.
    training : bool
        With noise and dropout (of the first step).
    trace : bool
        Also each intermediate value and its gradient by name, nothing fused: so that a worked
        example can be read step by step.

    Returns
    -------
    dict
        ``loss`` (as the loss reduces it), ``gradients`` by weight; with ``trace`` also ``values``
        and ``value_gradients`` by tensor, such as "input", "dense/z" and "dense".

    Examples
    --------
    >>> from fastembed.nn import Dense, Sequential, gradients
    >>> net = Sequential([Dense(1, kernel_initializer=[[2.0], [1.0]])]).compile("sgd", "mse")
    >>> found = gradients(net, [[1.0, 1.0]], [1.0], trace=True)
    >>> found["loss"], found["gradients"]["dense/kernel"].ravel().tolist()
    (4.0, [4.0, 4.0])
    >>> found["values"]["dense"].tolist(), found["value_gradients"]["dense"].tolist()
    ([[3.0]], [[4.0]])
    """
    rows = model.prepare(X, y, sample_weight)
    params = model.flat_weights().astype(np.float64)
    program = _wide(model, rows, params, fuse=not trace, loss=model.loss, inputs=trace)
    loss = _run(program, rows, 0, program.after_backward, training)
    n = len(rows)
    found: dict[str, Any] = {
        "loss": loss / (n if model.loss.reduction == "mean" else 1),
        "gradients": _by_name(model, program.grads),
    }
    if trace:
        tensors = [t for t in program.graph.tensors if not t.integer]
        found["values"] = {t.name: program.value(t, n).copy() for t in tensors}
        found["value_gradients"] = {
            t.name: program.value(t, n, program.deltas).copy() for t in tensors
        }
    return found


def _by_name(model: Any, flat: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    return {
        p.name: np.array(flat[p.start : p.start + p.size]).reshape(p.shape)
        for p in model.parameter_list()
        if p.trainable
    }


@dataclass(frozen=True)
class GradientCheck:
    """How far gradients are from central differences.

    ``errors`` is by weight the largest |a - b| / max(|a| + |b|, floor); ``ok`` says that all are
    at most ``tolerance``. Below ``floor`` differences say nothing: it is 1e-6 of the largest
    gradient, or what rounding of the loss makes of a difference, divided by ``tolerance``.
    """

    errors: dict[str, float]
    tolerance: float
    floor: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether all gradients are right."""
        return all(error <= self.tolerance for error in self.errors.values())

    @property
    def max_error(self) -> float:
        """The largest of the errors."""
        return max(self.errors.values(), default=0.0)


def gradcheck(
    model: Any,
    X: ArrayLike,
    y: Any = None,
    *,
    sample_weight: ArrayLike | None = None,
    training: bool = True,
    step: float = 1e-5,
    tolerance: float = 1e-5,
    samples: int = 200,
) -> GradientCheck:
    """Compare the gradient of every weight with central differences, in float64.

    Parameters
    ----------
    samples : int
        Components of each weight that are compared, spread evenly; all if there are fewer.
    step : float
        Half of the distance of the two points. A kink between them (ReLU at 0) shows as an error.

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> import numpy as np
    >>> from fastembed.nn import Dense, Sequential, gradcheck
    >>> net = Sequential([Dense(4, "tanh"), Dense(3, "softmax")])
    >>> net = net.compile("sgd", "sparse_categorical_crossentropy")
    >>> gradcheck(net, np.eye(3), np.array([0, 2, 1])).ok
    True
    """
    rows = model.prepare(X, y, sample_weight)
    params = model.flat_weights().astype(np.float64)
    program = _wide(model, rows, params, fuse=True, loss=model.loss)
    loss = _run(program, rows, 0, program.after_backward, training)
    exact = program.grads.copy()
    scale = len(rows) if model.loss.reduction == "mean" else 1
    learned = [p for p in model.parameter_list() if p.trainable]
    compared: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
    for p in learned:
        count = min(p.size, samples)
        where = p.start + np.unique(np.linspace(0, p.size - 1, count).astype(np.int64))
        numeric = np.empty(len(where))
        for i, at in enumerate(where):
            sides, before = [], params[at]
            for h in (step, -step):
                params[at] = before + h
                sides.append(_run(program, rows, 0, program.after_backward, training))
            params[at] = before
            numeric[i] = (sides[0] - sides[1]) / (2 * step * scale)
        compared[p.name] = (exact[where], numeric)
    top = max((np.abs(a).max() for a, _ in compared.values()), default=0.0)
    rounding = ROUNDING * np.finfo(np.float64).eps * max(abs(loss), 1.0) / (step * scale)
    floor = max(1e-6 * float(top), rounding / tolerance)
    errors = {
        name: float((np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), floor)).max())
        for name, (a, b) in compared.items()
    }
    return GradientCheck(errors, tolerance, floor)


def vjp(model: Any, X: ArrayLike, v: ArrayLike) -> NDArray[np.float64]:
    """Vector-Jacobian products v^T df/dx of a network, one for each row.

    Parameters
    ----------
    X : array_like, shape (n, inputs)
    v : array_like, shape (n, outputs)

    Returns
    -------
    ndarray of float64, shape (n, inputs)

    Examples
    --------
    >>> from fastembed.nn import Dense, Sequential, vjp
    >>> net = Sequential([Dense(2, kernel_initializer=[[1.0, 3.0], [2.0, 4.0]])]).build(2)
    >>> vjp(net, [[1.0, 1.0]], [[1.0, 0.0]]).tolist()
    [[1.0, 2.0]]
    """
    params = model.flat_weights().astype(np.float64)
    first = model.names()[0]
    if model.graph()[1].integer:
        raise ValueError(
            f"the inputs of this network are ids, which have no derivative (layer {first!r}); "
            "take vjp or jacobian of nn.part(network, 1, n), the layers behind it"
        )
    x = check_inputs(X, model.input_shape, False, first)
    given = np.asarray(v, dtype=np.float64)
    n_output = int(np.prod(model.output_shape))
    if given.shape != (len(x), n_output):
        raise ValueError(f"v must have shape ({len(x)}, {n_output}); got {given.shape}")
    rows = Rows(x, None, None)
    program = _wide(model, rows, params, fuse=True, loss=None, inputs=True)
    _run(program, rows, 0, program.after_forward, False)
    program.value(program.output, len(x), program.deltas)[...] = given
    _run(program, rows, program.after_forward, program.after_backward, False)
    return program.value(program.source, len(x), program.deltas).copy()


def jacobian(
    f: Callable[[NDArray[np.float64]], ArrayLike] | Any, x: ArrayLike, *, step: float = 1e-6
) -> NDArray[np.float64]:
    """The matrix of derivatives df_i/dx_j at a point.

    Parameters
    ----------
    f : Sequential or callable
        A network's is exact, by backward passes; a function's by central differences.
    x : array_like, shape (n,)

    Returns
    -------
    ndarray of float64, shape (m, n)

    Examples
    --------
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + 2 * x[1]], [3.0, 2.0]).round(6).tolist()
    [[2.0, 3.0], [1.0, 2.0]]
    """
    point = np.asarray(x, dtype=np.float64)
    if point.ndim != 1:
        raise ValueError(f"x must be one point, of shape (n,); got {point.shape}")
    model: Any = f
    if hasattr(model, "flat_weights"):
        model.flat_weights()
        n_output, n_input = (math.prod(shape) for shape in (model.output_shape, model.input_shape))
        if len(point) != n_input:
            raise ValueError(f"x must have shape ({n_input},), the network's; got {point.shape}")
        at = np.broadcast_to(point, (n_output, len(point)))
        at = at.reshape(n_output, *model.input_shape)
        return vjp(model, np.ascontiguousarray(at), np.eye(n_output)).reshape(n_output, -1)
    columns = []
    for j in range(len(point)):
        sides = []
        for h in (step, -step):
            moved = point.copy()
            moved[j] += h
            sides.append(np.atleast_1d(np.asarray(f(moved), dtype=np.float64)))
        columns.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(columns, axis=1)
