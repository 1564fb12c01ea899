"""A graph laid out for the kernels: places of tensors and parameters, phases, pieces.

`layout` fixes the flat array of parameters (the same for every program of a network); `Program`
turns the graph into what csrc/nn_job.h wants for mini-batches of up to ``capacity`` rows, and holds
the arrays that a run works in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _nn
from fastembed.core.memory import aligned_zeros
from fastembed.nn.graph import (
    ACTIVATION,
    DENSE,
    EMBEDDING,
    LAYERNORM,
    PRELU,
    Graph,
    Op,
    Parameter,
    Tensor,
)
from fastembed.nn.losses import Loss
from fastembed.nn.metrics import Metric, metric_facts
from fastembed.nn.optimizers import Optimizer

__all__ = ["Program", "fold_last", "layout"]

LINE = 16  # numbers; arrays begin at multiples
PIECE = 1 << 15  # numbers that one tile updates at a time
GATHER, FORWARD, LOSS, DELTA, BACKWARD, PENALTY, NORM, UPDATE, LEARN_STAGE = range(9)
PASS, ADD, TRAIN, SPARSE, LEARN = 1, 2, 4, 8, 16


def _line(n: int) -> int:
    return -(-n // LINE) * LINE


def layout(parameters: Sequence[Parameter]) -> int:
    """Give each parameter its place in one flat array; the array's length."""
    at = 0
    for p in parameters:
        p.start = at
        at += _line(p.size)
    return at


def fold_last(graph: Graph, loss: Loss | None, output: Tensor) -> tuple[Tensor, bool]:
    """Leave the last activation to the loss where it can do it; the tensor that the loss reads.

    The operation stays for outputs, in place.
    """
    last = graph.ops[-1] if graph.ops else None
    if loss is None or last is None or last.out is not output or not graph.fuse:
        return output, False
    if not loss.folds(last.act) or last.kind not in (ACTIVATION, DENSE):
        return output, False
    if last.kind == ACTIVATION:
        last.outputs_only, last.out = True, last.source
        assert last.source is not None
        return last.source, True
    act, last.act = last.act, 0
    graph.append(Op(ACTIVATION, output, output, act=act, outputs_only=True))
    return output, True


class Program:
    """One network, ready to run on mini-batches of up to ``capacity`` rows.

    Parameters
    ----------
    graph : Graph
    source, output : Tensor
        Its first tensor, and the one that it ends with.
    params : ndarray
        The flat array of parameters; float32 or float64 decides for all.
    loss : Loss or None
        None: the caller gives the gradient of the output.
    input_gradient : bool
        The gradient of the input is wanted, too.
    """

    def __init__(
        self,
        graph: Graph,
        source: Tensor,
        output: Tensor,
        params: NDArray[Any],
        *,
        loss: Loss | None,
        metrics: Sequence[Metric] = (),
        optimizer: Optimizer | None = None,
        states: Sequence[NDArray[Any]] = (),
        capacity: int,
        seed: int = 0,
        workers: int = 1,
        input_gradient: bool = False,
    ) -> None:
        self.graph, self.source, self.capacity = graph, source, capacity
        self.loss = loss or Loss()
        self.output, folded = fold_last(graph, loss, output)
        self.params, self.dtype = params, params.dtype
        place, n_values = self._places(capacity)
        self.place = place
        ops, self.scratch, n_aux, n_ints = self._ops(place, capacity)
        self._flags(ops, input_gradient)
        if optimizer is not None and optimizer.clipnorm is None:
            self._learn(ops)
        pieces = self._pieces(ops, capacity)
        phases = self._phases(ops, loss, pieces, optimizer)
        zeros = self._zeros
        n_output, labels = self.output.width, bool(loss and loss.labels)
        vector = loss is not None and not labels
        if max((t.width for t in graph.tensors), default=0) * capacity >= 1 << 31:
            raise ValueError(f"a mini-batch of {capacity:,} rows is too large for this network")
        self.grads = zeros(len(params))
        self.values, self.deltas = zeros(n_values), zeros(n_values)
        self.arrays: dict[str, Any] = {
            "params": params,
            "grads": self.grads,
            "state1": states[0] if len(states) > 0 else None,
            "state2": states[1] if len(states) > 1 else None,
            "values": self.values,
            "deltas": self.deltas,
            "aux": zeros(n_aux),
            "targets": zeros(capacity * n_output if vector else 0),
            "ids": np.zeros(capacity * len(graph.id_limits), dtype=np.int64),
            "id_limits": np.array(graph.id_limits, dtype=np.int64),
            "labels": np.zeros(capacity if labels else 0, dtype=np.int64),
            "ints": np.zeros(n_ints, dtype=np.int64),
            "row_weights": np.zeros(capacity),
            "op_sums": np.zeros(max(len(ops), 1) * _nn.TILES),
            "piece_sums": np.zeros(max(len(pieces), 1)),
            "piece_norms": np.zeros(max(len(pieces), 1)),
        }
        facts = self.loss.facts(n_output, folded) | {
            "n_id_columns": len(graph.id_limits),
            "output": place[self.output],
            "n_output": n_output,
            "n_target": n_output if vector else 0,
            "metrics": metric_facts(list(metrics)),
            "optimizer": (optimizer or Optimizer()).facts(),
            "seed": seed,
        }
        self.net = _nn.Net(ops, phases, pieces, self.arrays, facts, workers)
        self.n_metrics = len(metrics)

    def _zeros(self, n: int) -> NDArray[Any]:
        return aligned_zeros((n,), self.dtype)

    def _places(self, capacity: int) -> tuple[dict[Tensor, int], int]:
        place, at = {}, 0
        for t in self.graph.tensors:
            place[t] = at
            at += 0 if t.integer else _line(t.width * capacity)
        return place, at

    def _ops(
        self, place: dict[Tensor, int], capacity: int
    ) -> tuple[NDArray[Any], dict[Op, int], int, int]:
        ops = np.zeros(len(self.graph.ops), dtype=_nn.OP)
        aux = ints = 0
        scratch = {}
        for i, op in enumerate(self.graph.ops):
            o = ops[i]
            n_in = op.ids if op.kind == EMBEDDING else op.source.width  # type: ignore[union-attr]
            n_out = op.out.width if op.out is not None else n_in
            o["kind"], o["act"], o["id"], o["n_in"], o["n_out"] = op.kind, op.act, i, n_in, n_out
            o["in"] = place[op.source] if op.source is not None else -1
            o["out"] = place[op.out] if op.out is not None else -1
            o["w"] = op.w.start if op.w is not None else -1
            o["b"] = op.b.start if op.b is not None else -1
            o["extra"], o["count"], o["c0"], o["c1"] = op.extra, op.count, op.c0, op.c1
            if op.kind == EMBEDDING:
                o["aux"] = ints
                ints += 1 + capacity * op.ids + op.count
            else:
                o["aux"] = scratch[op] = aux
                aux += _line(op.scratch * capacity + op.fixed)
        return ops, scratch, aux, ints

    def _flags(self, ops: NDArray[Any], input_gradient: bool) -> None:
        """What flows back: a tensor's gradient is wanted if something before it learns."""
        wanted = {self.source} if input_gradient and not self.source.integer else set()
        for i, op in enumerate(self.graph.ops):
            learns = op.w is not None and op.w.trainable
            if learns:
                ops[i]["flags"] |= TRAIN
                if op.w is not None and op.w.sparse:
                    ops[i]["flags"] |= SPARSE
            if op.out is not None and not op.outputs_only and (learns or op.source in wanted):
                wanted.add(op.out)
        written = {self.output}
        for i in reversed(range(len(ops))):
            op = self.graph.ops[i]
            if op.source not in wanted or op.outputs_only or op.source is None:
                continue
            ops[i]["flags"] |= PASS
            if op.source in written:
                ops[i]["flags"] |= ADD
            written.add(op.source)

    def _learn(self, ops: NDArray[Any]) -> None:
        """Dense layers whose weights are updated block by block as their gradients are computed:
        where no penalty is added to them first, and no other operation uses the weights."""
        if any(
            p.regularizer and (p.regularizer.l1 or p.regularizer.l2) for p in self.graph.parameters
        ):
            return
        weights = [op.w for op in self.graph.ops]
        for i, op in enumerate(self.graph.ops):
            if op.kind == DENSE and ops[i]["flags"] & TRAIN and weights.count(op.w) == 1:
                ops[i]["flags"] |= LEARN

    def _pieces(self, ops: NDArray[Any], capacity: int) -> NDArray[Any]:
        """Stretches of parameters that learn: neighbours of one penalty as one, cut at PIECE."""
        rows: list[tuple[int, int, int, float, float]] = []
        spans: list[list[float]] = []  # start, stop, l1, l2
        learned = [op.w for i, op in enumerate(self.graph.ops) if ops[i]["flags"] & LEARN]
        for p in self.graph.parameters:
            if not p.trainable or p in learned:
                continue
            l1, l2 = (p.regularizer.l1, p.regularizer.l2) if p.regularizer else (0.0, 0.0)
            if p.sparse:
                i = next(i for i, op in enumerate(self.graph.ops) if op.w is p)
                n = 1
                while n < _nn.TILES and capacity * int(ops[i]["n_out"]) // PIECE > n:
                    n *= 2
                rows += [(k, n, i, l1, l2) for k in range(n)]
                continue
            span = [p.start, p.start + _line(p.size), l1, l2]
            if spans and spans[-1][1] == span[0] and spans[-1][2:] == span[2:]:
                spans[-1][1] = span[1]
            else:
                spans.append(span)
        for start, stop, l1, l2 in spans:
            for at in range(int(start), int(stop), PIECE):
                rows.append((at, min(PIECE, int(stop) - at), -1, l1, l2))
        return np.array(rows, dtype=_nn.PIECE)

    def _phases(
        self,
        ops: NDArray[Any],
        loss: Loss | None,
        pieces: NDArray[Any],
        optimizer: Optimizer | None,
    ) -> NDArray[Any]:
        """All phases of a step; where each part of them begins."""
        graph = self.graph.ops
        rows = [(GATHER, -1)]
        rows += [(FORWARD, i) for i, op in enumerate(graph) if not op.outputs_only]
        self.after_forward = len(rows)
        if loss is not None:
            rows.append((LOSS, -1))
        self.after_loss = len(rows)
        for i in reversed(range(len(graph))):
            flags = int(ops[i]["flags"])
            if graph[i].outputs_only or not flags & (TRAIN | PASS):
                continue
            if graph[i].kind == DENSE or (
                flags & TRAIN and graph[i].kind in (PRELU, LAYERNORM, EMBEDDING)
            ):
                rows.append((DELTA, i))
            apart = flags & TRAIN and not flags & LEARN and graph[i].kind in (DENSE, EMBEDDING)
            if flags & PASS or apart:
                rows.append((BACKWARD, i))
            if flags & LEARN:
                rows.append((LEARN_STAGE, i))
        if len(pieces) and (np.any(pieces["l1"] > 0) or np.any(pieces["l2"] > 0)):
            rows.append((PENALTY, -1))
        self.after_backward = len(rows)
        if optimizer is not None:
            if optimizer.clipnorm is not None:
                rows.append((NORM, -1))
            rows.append((UPDATE, -1))
        self.after_update = len(rows)
        rows.append((GATHER, -1))
        rows += [(FORWARD, i) for i, op in enumerate(graph)]
        self.after_outputs = len(rows)
        return np.array(rows, dtype=_nn.PHASE)

    def value(self, t: Tensor, rows: int, of: NDArray[Any] | None = None) -> NDArray[Any]:
        """The values of a tensor after a run, or its gradient with ``of=program.deltas``."""
        array = self.values if of is None else of
        at = self.place[t]
        return array[at : at + rows * t.width].reshape(rows, t.width)
