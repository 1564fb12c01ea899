"""Noise in training: dropout, Gaussian noise, masking; and the sampling of a variational layer.

Random numbers belong to (seed, step, operation, row of the mini-batch), never to a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fastembed.nn.graph import NOISE, SAMPLE, Graph, Op, Tensor
from fastembed.nn.layers.base import Layer

__all__ = ["Dropout", "GaussianNoise", "GaussianSampling", "MaskingNoise"]

DROPOUT, GAUSSIAN, MASKING = range(3)


def _noise(graph: Graph, x: Tensor, kind: int, amount: float) -> Tensor:
    graph.numbers(x)
    if amount == 0:
        return x
    out = graph.tensor(x.shape)
    return graph.append(Op(NOISE, x, out, act=kind, scratch=x.width, c0=amount))


@dataclass(eq=False)
class Dropout(Layer):
    """Sets a share of the inputs to 0 and divides the others by 1 - rate (Srivastava et al. 2014).

    Parameters
    ----------
    rate : float
        The share; 0 <= rate < 1.

    Examples
    --------
    >>> Dropout(0.5).rate
    0.5
    """

    rate: float

    kind: ClassVar[int] = DROPOUT
    cases: ClassVar = (({"rate": 0.4}, (9,)),)

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """One operation."""
        return _noise(graph, x, self.kind, graph.number("rate", self.rate, below=1))


@dataclass(eq=False)
class GaussianNoise(Layer):
    """Adds draws from N(0, stddev^2).

    Parameters
    ----------
    stddev : float

    Examples
    --------
    >>> GaussianNoise(0.1).stddev
    0.1
    """

    stddev: float

    cases: ClassVar = (({"stddev": 0.3}, (5,)),)

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """One operation."""
        return _noise(graph, x, GAUSSIAN, graph.number("stddev", self.stddev))


@dataclass(eq=False)
class MaskingNoise(Dropout):
    """Sets a share of the inputs to 0 and leaves the others (Vincent et al. 2010): `Dropout`
    without the division.

    Parameters
    ----------
    rate : float
        The share; 0 <= rate < 1.

    Examples
    --------
    >>> MaskingNoise(0.3).rate
    0.3
    """

    kind: ClassVar[int] = MASKING


@dataclass(eq=False)
class GaussianSampling(Layer):
    """z = mu + exp(v / 2) e, e drawn from N(0, 1), of an input (mu, v = log sigma^2); adds
    ``beta`` times KL(N(mu, sigma^2) || N(0, 1)) of each row to the loss (Kingma & Welling 2014).

    Outside training z = mu.

    Parameters
    ----------
    beta : float
        Weight of the divergence.

    Examples
    --------
    >>> GaussianSampling().beta
    1.0
    """

    beta: float = 1.0

    cases: ClassVar = (({}, (6,)), ({"beta": 0.5}, (2,)))

    def build(self, graph: Graph, x: Tensor) -> Tensor:
        """One operation from 2 n to n numbers."""
        graph.flat(x)
        if x.width % 2:
            raise ValueError(
                f"layer {graph.layer!r} takes mu and log sigma^2 side by side: an even number; "
                f"got {x.width}"
            )
        n, beta = x.width // 2, graph.number("beta", self.beta)
        return graph.append(Op(SAMPLE, x, graph.tensor((n,)), scratch=n, c0=beta))
