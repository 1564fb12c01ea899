"""Losses by name. A loss is the mean over the rows of a mini-batch of what is computed for a row.

Formulas and gradients: docs/nn.md, csrc/losses_real.h.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from fastembed.nn.arguments import check_number

__all__ = ["LOSSES", "Loss", "loss_of"]

LOSSES: dict[str, type[Loss]] = {}

(NONE, MAE, MSE, BCE, BCE_LOGITS, HINGE, MARGIN, CE, CE_LOGITS, KL, PAIR) = range(11)
LINEAR, SIGMOID, SOFTMAX = 0, 2, 10  # activations that a loss does itself


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Base of the losses; a subclass with a ``code`` is in the registry by being defined.

    Parameters
    ----------
    reduction : {"mean", "sum"}
        Over the rows of a mini-batch.
    scale : float
        A factor: 0.5 makes ``mean_squared_error`` 1/2 (y - p)^2.
    """

    reduction: Literal["mean", "sum"] = "mean"
    scale: float = 1.0

    name: ClassVar[str] = ""
    code: ClassVar[int] = NONE
    labels: ClassVar[bool] = False  # targets are integer labels, one a row
    domain: ClassVar[str] = "any"  # of outputs: any, unit (0..1), simplex
    targets: ClassVar[str] = "any"  # any, unit, simplex, binary
    group: ClassVar[int] = 1  # rows that belong together
    summed: ClassVar[bool] = False  # over the outputs of a row; else their mean

    def __init_subclass__(cls) -> None:
        if cls.name:
            LOSSES[cls.name] = cls

    def __post_init__(self) -> None:
        if self.reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum'; got {self.reduction!r}")
        check_number("scale", self.scale, above=True)

    def folds(self, activation: int) -> bool:
        """Whether the loss does the last activation itself, from its argument: stable and fast."""
        return False

    def check(self, n_output: int, rows: int, activation: int | None) -> None:
        """Raise ValueError if a network does not fit: outputs, rows, last activation if known."""
        if rows % self.group:
            raise ValueError(f"loss {self.name} needs rows in pairs; X has {rows}")
        logits = bool(getattr(self, "from_logits", False))
        if self.domain != "any" and activation == LINEAR and not logits:
            likely = "softmax" if self.domain == "simplex" else "sigmoid"
            raise ValueError(
                f"loss {self.name} takes probabilities and the last layer gives any numbers: end "
                f"with {likely}"
                + (", or use from_logits=True" if hasattr(self, "from_logits") else "")
            )
        if logits and activation in (SIGMOID, SOFTMAX):
            raise ValueError(
                f"loss {self.name}: from_logits=True is for a network that ends in logits, and the "
                "last activation makes probabilities of them; leave one of the two out"
            )

    def facts(self, n_output: int, folded: bool) -> dict[str, Any]:
        """What the kernel is told."""
        return {
            "loss": self.code,
            "probabilities": int(folded),
            "loss_c": 0.0,
            "loss_over": 1.0 if self.summed else float(n_output),
            "loss_scale": float(self.scale),
            "mean": int(self.reduction == "mean"),
        }

    def natural(self, top: float, n_output: int) -> float:
        """About what a row costs where outputs are 0 and targets up to ``top``."""
        return self.scale * (n_output if self.summed else 1)

    def config(self) -> dict[str, Any]:
        """Name and parameters."""
        return {"name": self.name} | {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, kw_only=True)
class MeanAbsoluteError(Loss):
    """mean |p - y|."""

    name: ClassVar = "mean_absolute_error"
    code: ClassVar = MAE

    def natural(self, top: float, n_output: int) -> float:
        """In proportion to the targets."""
        return top * super().natural(top, n_output)


@dataclass(frozen=True, kw_only=True)
class MeanSquaredError(Loss):
    """mean (p - y)^2."""

    name: ClassVar = "mean_squared_error"
    code: ClassVar = MSE

    def natural(self, top: float, n_output: int) -> float:
        """In proportion to their squares."""
        return top * top * super().natural(top, n_output)


@dataclass(frozen=True, kw_only=True)
class SummedSquaredError(MeanSquaredError):
    """sum (p - y)^2; with scale 0.5 that of a Gaussian decoder."""

    name: ClassVar = "summed_squared_error"
    summed: ClassVar = True


@dataclass(frozen=True, kw_only=True)
class BinaryCrossentropy(Loss):
    """mean of -y log p - (1 - y) log(1 - p).

    Parameters
    ----------
    from_logits : bool
        Outputs are z with p = sigmoid(z): max(z, 0) - z y + log(1 + e^-|z|). A last activation
        "sigmoid" is treated so by itself.
    """

    from_logits: bool = False

    name: ClassVar = "binary_crossentropy"
    code: ClassVar = BCE
    domain: ClassVar = "unit"
    targets: ClassVar = "unit"

    def folds(self, activation: int) -> bool:
        """With sigmoid."""
        return activation == SIGMOID and not self.from_logits

    def facts(self, n_output: int, folded: bool) -> dict[str, Any]:
        """From logits where that can be."""
        own = super().facts(n_output, folded)
        return own | {"loss": BCE_LOGITS if folded or self.from_logits else BCE}


@dataclass(frozen=True, kw_only=True)
class SummedBinaryCrossentropy(BinaryCrossentropy):
    """sum of -y log p - (1 - y) log(1 - p): the cross-entropy that counts the negatives too."""

    name: ClassVar = "summed_binary_crossentropy"
    summed: ClassVar = True


@dataclass(frozen=True, kw_only=True)
class Hinge(Loss):
    """mean max(0, 1 - y p), y in {-1, 1}; 0 counts as -1."""

    name: ClassVar = "hinge"
    code: ClassVar = HINGE
    targets: ClassVar = "binary"


@dataclass(frozen=True, kw_only=True)
class MaxMargin(Loss):
    """sum over j != y of max(0, margin + s_j - s_y), y a label."""

    margin: float = 1.0

    name: ClassVar = "max_margin"
    code: ClassVar = MARGIN
    labels: ClassVar = True

    def natural(self, top: float, n_output: int) -> float:
        """The margin of each class."""
        return max(self.margin, 1.0) * n_output * super().natural(top, n_output)

    def facts(self, n_output: int, folded: bool) -> dict[str, Any]:
        """With the margin."""
        return super().facts(n_output, folded) | {"loss_c": float(self.margin)}


@dataclass(frozen=True, kw_only=True)
class PairwiseMargin(MaxMargin):
    """max(0, margin - s + s') of a true row and the corrupted one behind it (Collobert & Weston
    2008); rows come in pairs, which stay together. Targets are not used; half of the loss counts
    for each row."""

    name: ClassVar = "pairwise_margin"
    code: ClassVar = PAIR
    group: ClassVar = 2

    def check(self, n_output: int, rows: int, activation: int | None) -> None:
        """One output, rows in pairs."""
        super().check(n_output, rows, activation)
        if n_output != 1:
            raise ValueError(f"loss {self.name} needs one output; there are {n_output}")


@dataclass(frozen=True, kw_only=True)
class CategoricalCrossentropy(Loss):
    """-sum y log p for a distribution y, one-hot or not.

    Parameters
    ----------
    from_logits : bool
        Outputs are z with p = softmax(z). A last activation "softmax" is treated so by itself.
    """

    from_logits: bool = False

    name: ClassVar = "categorical_crossentropy"
    code: ClassVar = CE
    domain: ClassVar = "simplex"
    targets: ClassVar = "simplex"
    summed: ClassVar = True

    def folds(self, activation: int) -> bool:
        """With softmax."""
        return activation == SOFTMAX and not self.from_logits

    def facts(self, n_output: int, folded: bool) -> dict[str, Any]:
        """From logits where that can be."""
        own = super().facts(n_output, folded)
        return own | {"loss": CE_LOGITS if folded or self.from_logits else CE}


@dataclass(frozen=True, kw_only=True)
class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """-log p_y for a label y."""

    name: ClassVar = "sparse_categorical_crossentropy"
    labels: ClassVar = True
    targets: ClassVar = "any"


@dataclass(frozen=True, kw_only=True)
class KLDivergence(Loss):
    """sum y log(y / p) of two distributions."""

    name: ClassVar = "kl_divergence"
    code: ClassVar = KL
    domain: ClassVar = "simplex"
    targets: ClassVar = "simplex"
    summed: ClassVar = True


SHORT = {"mae": "mean_absolute_error", "mse": "mean_squared_error", "bce": "binary_crossentropy"}


def loss_of(given: str | Loss | dict[str, Any]) -> Loss:
    """The loss that an argument means.

    Examples
    --------
    >>> loss_of("mse") == MeanSquaredError()
    True
    """
    if isinstance(given, Loss):
        return given
    values = dict(given) if isinstance(given, dict) else {"name": given}
    name = str(values.pop("name", None))
    name = SHORT.get(name, name)
    if name not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {given!r}")
    return LOSSES[name](**values)
