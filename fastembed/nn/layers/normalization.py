"""Layer normalisation, and penalties of activities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastembed.nn.graph import ACTIVITY, LAYERNORM, Graph, Op, Tensor
from fastembed.nn.initializers import ones, zeros
from fastembed.nn.layers.base import Layer

__all__ = ["ActivityRegularizer", "LayerNorm"]

L1, KL = range(2)


@dataclass(eq=False)
class LayerNorm(Layer):
    """``gain (x - mean) / sqrt(variance + epsilon) + shift`` of each row (Ba et al. 2016).

    Parameters
    ----------
    epsilon : float

    Examples
    --------
    >>> LayerNorm().epsilon
    0.001
    """

    epsilon: float = 1e-3

    cases: ClassVar = (({}, (6,)),)

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """One operation with two parameters."""
        graph.flat(x)
        epsilon = graph.number("epsilon", self.epsilon, above=True)
        gain = graph.parameter("gain", (x.width,), ones)
        shift = graph.parameter("shift", (x.width,), zeros)
        out = graph.tensor(x.shape)
        return graph.append(Op(LAYERNORM, x, out, gain, shift, scratch=2, c0=epsilon))


@dataclass(eq=False)
class ActivityRegularizer(Layer):
    """Passes its input on and adds a penalty of it to the loss: of sparse autoencoders.

    ``l1`` times the mean over the rows of a mini-batch of sum |a|, or ``kl`` times the sum over
    units of KL(rho || mean over rows of a) for a in (0, 1) (Ng 2011).

    Parameters
    ----------
    l1, kl : float
        Weights; one or both.
    rho : float
        The mean activity that is wanted, between 0 and 1.

    Examples
    --------
    >>> ActivityRegularizer(l1=1e-5).l1
    1e-05
    """

    l1: float = 0.0
    kl: float = 0.0
    rho: float = 0.05

    cases: ClassVar = (({"l1": 0.1}, (4,)), ({"kl": 0.2, "rho": 0.3}, (4,)))

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """An operation for each penalty, without an output of its own."""
        graph.numbers(x)
        l1, kl = graph.number("l1", self.l1), graph.number("kl", self.kl)
        rho = graph.number("rho", self.rho, below=1, above=True)
        if l1:
            graph.append(Op(ACTIVITY, x, None, act=L1, c0=l1))
        if kl:
            graph.append(Op(ACTIVITY, x, None, act=KL, fixed=x.width, c0=kl, c1=rho))
        return x
