"""The program of a network: layers append operations over tensors and parameters.

A layer's ``build(graph, x)`` takes the tensor before it and returns the one behind it. `Graph`
knows nothing of batch sizes and numbers; `fastembed.nn.program` lays it out for the kernels. The
operations and what they compute: csrc/nn_job.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from fastembed.nn.activations import Activation
from fastembed.nn.arguments import check_count, check_number
from fastembed.nn.regularizers import Regularizer

__all__ = ["Graph", "Op", "Parameter", "Tensor"]

DENSE, ACTIVATION, PRELU, EMBEDDING, NOISE, LAYERNORM, SAMPLE, ACTIVITY, COPY = range(9)


@dataclass(eq=False)
class Tensor:
    """Rows of ``width`` numbers; ``shape`` is how a layer sees a row."""

    shape: tuple[int, ...]
    name: str
    integer: bool = False  # ids, of which there are `limit`

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return math.prod(self.shape)


@dataclass(eq=False)
class Parameter:
    """An array that is learned, or frozen."""

    name: str
    shape: tuple[int, ...]
    initial: Callable[[tuple[int, ...], int, int], NDArray[Any]]  # (shape, seed, index)
    trainable: bool = True
    regularizer: Regularizer | None = None
    sparse: bool = False  # gradients of some rows only
    start: int = 0  # in the flat array of all parameters

    @property
    def size(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)


@dataclass(eq=False)
class Op:
    """One operation: csrc/nn_job.h's fe_op with tensors and parameters for places."""

    kind: int
    source: Tensor | None
    out: Tensor | None
    w: Parameter | None = None
    b: Parameter | None = None
    act: int = 0
    scratch: int = 0  # numbers a row of the mini-batch
    fixed: int = 0  # numbers beside
    extra: int = 0
    count: int = 0
    c0: float = 0.0
    c1: float = 0.0
    ids: int = 0  # of an Embedding: columns that it reads
    outputs_only: bool = False  # the loss does it in training


@dataclass
class Graph:
    """A network under construction.

    ``fuse`` lets an activation become part of the dense layer before it; without it each
    intermediate value has a tensor of its own, by name.
    """

    fuse: bool = True
    parameters: list[Parameter] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    layer: str = ""  # name of the layer in construction
    trainable: bool = True
    id_limits: list[int] = field(default_factory=list)  # the ids of each column must be below

    def input(self, shape: tuple[int, ...], integer: bool) -> Tensor:
        """The first tensor."""
        x = Tensor(shape, "input", integer)
        if integer:
            self.id_limits = [2**63 - 1] * x.width
        self.tensors.append(x)
        return x

    @contextmanager
    def inside(self, name: str, trainable: bool) -> Iterator[None]:
        """Name what is appended after a layer; inside a frozen one all is frozen."""
        before = self.layer, self.trainable
        self.layer = f"{self.layer}/{name}" if self.layer else name
        self.trainable = self.trainable and trainable
        try:
            yield
        finally:
            self.layer, self.trainable = before

    def tensor(self, shape: tuple[int, ...], suffix: str = "") -> Tensor:
        """A new tensor of the layer in construction."""
        x = Tensor(shape, self.layer + (f"/{suffix}" if suffix else ""))
        self.tensors.append(x)
        return x

    def parameter(
        self,
        name: str,
        shape: tuple[int, ...],
        initial: Callable[[tuple[int, ...], int, int], NDArray[Any]],
        regularizer: Regularizer | None = None,
        sparse: bool = False,
    ) -> Parameter:
        """A new parameter of the layer in construction."""
        made = Parameter(
            f"{self.layer}/{name}", shape, initial, self.trainable, regularizer, sparse
        )
        self.parameters.append(made)
        return made

    def append(self, op: Op) -> Tensor:
        """Append an operation; its result."""
        self.ops.append(op)
        result = op.out or op.source
        assert result is not None
        return result

    def count(self, name: str, value: Any) -> int:
        """A size that a layer was given."""
        return check_count(f"layer {self.layer!r}: {name}", value)

    def number(self, name: str, value: Any, **limits: Any) -> float:
        """A number that a layer was given, `check_number`."""
        return check_number(f"layer {self.layer!r}: {name}", value, **limits)

    def numbers(self, x: Tensor) -> Tensor:
        """The tensor as numbers, or an error if it holds ids."""
        if x.integer:
            raise ValueError(
                f"layer {self.layer!r} takes numbers and its input are integer ids; begin with "
                "an Embedding, or convert the array to float32"
            )
        return x

    def flat(self, x: Tensor) -> Tensor:
        """The tensor, or an error if its rows are not flat."""
        self.numbers(x)
        if len(x.shape) != 1:
            raise ValueError(
                f"layer {self.layer!r} takes rows of numbers; those it gets have shape {x.shape}: "
                "put Flatten() before it"
            )
        return x

    def activation(self, x: Tensor, activation: Activation, final: bool = True) -> Tensor:
        """Apply an activation; into the operation before it where that can be."""
        last = self.ops[-1] if self.ops else None
        if activation.code == 0:
            return x
        if last is not None and last.out is x and last.kind == DENSE and last.act == 0:
            if self.fuse and activation.fuses:
                last.act, last.c0 = activation.code, activation.constant
                return x
            x.name = f"{self.layer}/z"
        out = self.tensor(x.shape, "" if final else "a")
        code, c0 = activation.code, activation.constant
        return self.append(Op(ACTIVATION, x, out, act=code, c0=c0))
