"""Activation functions by name. Formulas and slopes: docs/nn.md, csrc/activations_real.h."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["ACTIVATIONS", "Activation", "activation_of"]


@dataclass(frozen=True)
class Activation:
    """An element-wise function, or softmax.

    ``constant`` is the slope of leaky_relu below zero, or the scale of elu; >= 0, as their
    derivative is taken from the sign of the value. `PReLU` takes slopes of any sign.
    """

    name: str
    code: int  # FE_ACT_... of csrc/nn_job.h
    constant: float = 0.0
    learns: bool = False  # it has parameters: the layer PReLU

    def __post_init__(self) -> None:
        if not 0 <= self.constant < math.inf and not self.learns:
            raise ValueError(
                f"activation {self.name}: constant must be a number >= 0; got {self.constant!r}. "
                "The layer PReLU takes slopes of any sign"
            )

    @property
    def fuses(self) -> bool:
        """Whether a dense layer can apply it: the slope follows from the value."""
        return self.code <= 7


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("linear", 0),
        Activation("binary_step", 1),
        Activation("sigmoid", 2),
        Activation("tanh", 3),
        Activation("relu", 4),
        Activation("leaky_relu", 5, 0.2),
        Activation("elu", 6, 1.0),
        Activation("exponential", 7),
        Activation("swish", 8),
        Activation("gelu", 9),
        Activation("softmax", 10),
        Activation("prelu", -1, 0.25, learns=True),
    )
}


def activation_of(given: str | Activation | None) -> Activation:
    """The activation that an argument means; None is linear.

    Examples
    --------
    >>> activation_of("relu").code, activation_of(Activation("leaky_relu", 5, 0.01)).constant
    (4, 0.01)
    """
    if given is None:
        return ACTIVATIONS["linear"]
    if isinstance(given, Activation):
        known = ACTIVATIONS.get(given.name)
        if known is None or (known.code, known.learns) != (given.code, given.learns):
            raise ValueError(f"there is no activation such as {given!r}; known are ACTIVATIONS")
        return given
    if not isinstance(given, str) or given not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {given!r}")
    return ACTIVATIONS[given]
