"""Dense layers and activations as layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fastembed.nn.activations import ACTIVATIONS, Activation, activation_of
from fastembed.nn.graph import DENSE, PRELU, Graph, Op, Tensor
from fastembed.nn.initializers import initializer_of
from fastembed.nn.layers.base import Layer
from fastembed.nn.regularizers import Regularizer, regularizer_of

__all__ = ["ActivationLayer", "Dense", "PReLU"]


@dataclass(eq=False)
class Dense(Layer):
    """``activation(x W + b)``, W of shape (inputs, units).

    Parameters
    ----------
    units : int
        Outputs.
    activation : str, Activation or None
        One of `ACTIVATIONS`; "prelu" learns a slope for each unit.
    kernel_initializer, bias_initializer : str or array
        A name of `INITIALIZERS`, or the first values themselves: (inputs, units) and (units,).
    kernel_regularizer : Regularizer, "l1", "l2" or None
        Penalty of W.
    trainable : bool
        False: frozen.

    Examples
    --------
    >>> Dense(512, activation="relu").units
    512
    """

    units: int
    activation: str | Activation | None = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Regularizer | str | None = None

    cases: ClassVar = (
        *(({"units": 4, "activation": name}, (3,)) for name in ACTIVATIONS),
        ({"units": 3, "use_bias": False}, (5,)),
        ({"units": 3, "kernel_regularizer": Regularizer(0.01, 0.02)}, (5,)),
    )

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """Product, bias and activation: one operation where that can be."""
        graph.flat(x)
        units = graph.count("units", self.units)
        activation = activation_of(self.activation)
        where = f"layer {graph.layer!r}"
        w = graph.parameter(
            "kernel",
            (x.width, units),
            initializer_of(self.kernel_initializer, f"{where}: kernel_initializer"),
            regularizer_of(self.kernel_regularizer),
        )
        b = None
        if self.use_bias:
            first = initializer_of(self.bias_initializer, f"{where}: bias_initializer")
            b = graph.parameter("bias", (units,), first)
        z = graph.append(Op(DENSE, x, graph.tensor((units,)), w, b))
        if activation.learns:
            return PReLU(activation.constant).build(graph, z)
        return graph.activation(z, activation)


@dataclass(eq=False)
class ActivationLayer(Layer):
    """An activation as a layer of its own.

    Parameters
    ----------
    activation : str or Activation
    """

    activation: str | Activation

    cases: ClassVar = tuple(({"activation": name}, (4,)) for name in ACTIVATIONS)

    @property
    def default_name(self) -> str:
        """The activation's."""
        return activation_of(self.activation).name

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """One operation, or part of the one before it."""
        graph.numbers(x)
        activation = activation_of(self.activation)
        if activation.learns:
            return PReLU(activation.constant).build(graph, x)
        return graph.activation(x, activation)


@dataclass(eq=False)
class PReLU(Layer):
    """``x > 0 ? x : a x`` with a learned for each input (He et al. 2015).

    Parameters
    ----------
    alpha_initializer : float, array or str
        First slopes: one number, (inputs,), or a name of `INITIALIZERS`.

    Examples
    --------
    >>> PReLU().alpha_initializer
    0.25
    """

    alpha_initializer: Any = 0.25

    cases: ClassVar = (({}, (4,)), ({"alpha_initializer": (0.5, -0.25, 0.0, 1.5)}, (4,)))

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """One operation with a parameter."""
        graph.flat(x)
        first = initializer_of(self.alpha_initializer, f"layer {graph.layer!r}: alpha_initializer")
        a = graph.parameter("alpha", (x.width,), first)
        if x.name == graph.layer:
            x.name = f"{graph.layer}/z"
        return graph.append(Op(PRELU, x, graph.tensor(x.shape), a))
