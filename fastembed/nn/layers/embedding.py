"""Rows of a table by integer ids, and joins of several layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fastembed.nn.graph import COPY, EMBEDDING, Graph, Op, Tensor
from fastembed.nn.initializers import initializer_of
from fastembed.nn.layers.base import Layer
from fastembed.nn.regularizers import Regularizer, regularizer_of

__all__ = ["Concatenate", "Embedding", "Flatten"]


@dataclass(eq=False)
class Embedding(Layer):
    """The rows of a table (input_dim, output_dim) for each of the integer ids of a row.

    Parameters
    ----------
    input_dim, output_dim : int
        Ids are 0 .. input_dim - 1; numbers in a row of the table.
    columns : tuple of int, optional
        First column of ids that it reads and the one behind the last; all if None.
    sparse : bool
        Only rows that occur in a mini-batch have a gradient and are stepped, so that a step costs
        nothing for the others. Where the optimiser has a memory (momentum, Adam) their state then
        rests, too; False gives the textbook's step of the whole table.
    initializer : str or array
        First values; word vectors, say.

    Examples
    --------
    >>> Embedding(10_000, 50).sparse
    True
    """

    input_dim: int
    output_dim: int
    columns: tuple[int, int] | None = None
    sparse: bool = True
    initializer: Any = "uniform"
    regularizer: Regularizer | str | None = None

    takes_ids: ClassVar = True
    cases: ClassVar = (
        ({"input_dim": 7, "output_dim": 3}, (4,)),
        ({"input_dim": 7, "output_dim": 3, "sparse": False}, (2,)),
        ({"input_dim": 7, "output_dim": 2, "columns": (1, 3), "regularizer": "l2"}, (4,)),
    )

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """One look-up; its result has the shape (ids, output_dim)."""
        where = f"layer {graph.layer!r}"
        if not x.integer:
            raise ValueError(f"{where}: an Embedding must come first: it takes integer ids")
        first, stop = (0, x.width) if self.columns is None else self.columns
        if not 0 <= first < stop <= x.width:
            raise ValueError(f"{where}: columns {(first, stop)} are not within 0 .. {x.width}")
        rows = graph.count("input_dim", self.input_dim)
        width = graph.count("output_dim", self.output_dim)
        for column in range(first, stop):
            graph.id_limits[column] = min(graph.id_limits[column], rows)
        penalty = regularizer_of(self.regularizer)
        table = graph.parameter(
            "table",
            (rows, width),
            initializer_of(self.initializer, f"{where}: initializer"),
            penalty,
            self.sparse,
        )
        n = stop - first
        out = graph.tensor((n, width))
        return graph.append(Op(EMBEDDING, None, out, table, ids=n, extra=first, count=rows))


@dataclass(eq=False)
class Flatten(Layer):
    """Rows of any shape as rows of numbers; costs nothing.

    Examples
    --------
    >>> Flatten().default_name
    'flatten'
    """

    cases: ClassVar = (({}, (2, 3)),)

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """The same numbers under another shape."""
        graph.numbers(x)
        x.shape = (math.prod(x.shape),)
        return x


@dataclass(eq=False)
class Concatenate(Layer):
    """The outputs of several layers of the same input, side by side.

    Parameters
    ----------
    branches : sequence of Layer
        Each gets the input; `Embedding.columns` lets one take some columns of it.

    Examples
    --------
    >>> words, shapes = Embedding(1000, 50, columns=(0, 5)), Embedding(4, 5, columns=(5, 10))
    >>> len(Concatenate([words, shapes]).branches)
    2
    """

    branches: Sequence[Layer] = field(default_factory=list)

    takes_ids: ClassVar = True
    cases: ClassVar = (
        (
            {
                "branches": [
                    Embedding(5, 3, columns=(0, 2)),
                    Embedding(6, 2, columns=(1, 4), sparse=False),
                ]
            },
            (4,),
        ),
    )

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """Each branch, then a copy of each into its place."""
        if not self.branches:
            raise ValueError(f"layer {graph.layer!r}: Concatenate needs branches")
        made, names = [], set()
        for i, layer in enumerate(self.branches):
            name = layer.name or f"{layer.default_name}_{i + 1}"
            if name in names:
                raise ValueError(f"layer {graph.layer!r}: two branches are named {name!r}")
            names.add(name)
            with graph.inside(name, layer.trainable):
                made.append(layer.build(graph, x))
        out = graph.tensor((sum(t.width for t in made),))
        at = 0
        for t in made:
            graph.append(Op(COPY, t, out, extra=at))
            at += t.width
        return out
