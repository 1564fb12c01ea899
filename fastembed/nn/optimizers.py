"""Optimisers by name: hyper-parameters and learning-rate schedules; the steps are csrc/optim.h."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastembed.core.schedule import ScheduleName, learning_rate

__all__ = ["OPTIMIZERS", "Optimizer", "optimizer_of"]

OPTIMIZERS: dict[str, type[Optimizer]] = {}


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Base of the optimisers; a subclass is in the registry by being defined.

    Parameters
    ----------
    learning_rate : float
        Of the first step; may be given without its name, `Adam(1e-3)`.
    schedule : {"constant", "linear", "cosine", "exponential"}
        How the rate goes to ``end_learning_rate`` over the epochs of `fit`.
    warmup : float
        Share of the steps in which the rate rises from 0 first.
    clipnorm : float, optional
        Limit of the norm of all gradients together.
    clipvalue : float, optional
        Limit of each component of the gradients.
    """

    learning_rate: float = field(default=0.01, kw_only=False)
    schedule: ScheduleName = "constant"
    end_learning_rate: float = 0.0
    warmup: float = 0.0
    clipnorm: float | None = None
    clipvalue: float | None = None

    name: ClassVar[str] = ""
    code: ClassVar[int] = 0
    states: ClassVar[int] = 0
    first_state: ClassVar[str] = ""  # the field with the first value of the state

    def __init_subclass__(cls) -> None:
        OPTIMIZERS[cls.name] = cls

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name == "schedule":
                learning_rate(value, 1.0, 1.0, 0.0)  # the name
            elif value is not None and not (
                isinstance(value, (int, float)) and 0 <= value < float("inf")
            ):
                raise ValueError(f"{self.name}: {f.name} must be a number >= 0; got {value!r}")
            elif value is not None and f.name in ("momentum", "rho", "beta_1", "beta_2", "warmup"):
                if value >= 1:
                    raise ValueError(f"{self.name}: {f.name} must be < 1; got {value!r}")
            elif f.name in ("clipnorm", "clipvalue") and value == 0:
                raise ValueError(f"{self.name}: {f.name} must be > 0, or None; got {value!r}")
        learning_rate(self.schedule, self.learning_rate, self.end_learning_rate, 0.0)

    @property
    def kind(self) -> int:
        """FE_OPTIM_... of csrc/optim_job.h."""
        return self.code

    def facts(self) -> dict[str, Any]:
        """What the kernel is told."""
        return {
            "kind": self.kind,
            "momentum": float(getattr(self, "beta_1", getattr(self, "momentum", 0.0))),
            "rho": float(getattr(self, "beta_2", getattr(self, "rho", 0.0))),
            "epsilon": float(getattr(self, "epsilon", 0.0)),
            "decay": float(getattr(self, "weight_decay", 0.0)),
            "clip_value": self.clipvalue,
            "clip_norm": self.clipnorm,
        }

    def rates(self, first: int, count: int, total: int) -> NDArray[np.float64]:
        """Learning rates of steps first .. first + count - 1 of ``total``."""
        if self.schedule == "constant" and not self.warmup:
            return np.full(count, float(self.learning_rate))
        done = np.arange(first, first + count) / max(total, 1)
        return learning_rate(
            self.schedule, self.learning_rate, self.end_learning_rate, done, warmup=self.warmup
        ).astype(np.float64)

    def config(self) -> dict[str, Any]:
        """Name and parameters."""
        return {"name": self.name} | {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Stochastic gradient descent; with momentum Polyak's, or Nesterov's.

    Examples
    --------
    >>> SGD(learning_rate=0.5, momentum=0.9, nesterov=True).kind
    2
    """

    momentum: float = 0.0
    nesterov: bool = False

    name: ClassVar = "sgd"

    @property
    def kind(self) -> int:
        """Plain without momentum."""
        return 0 if not self.momentum else 2 if self.nesterov else 1

    @property
    def states(self) -> int:  # type: ignore[override]
        """The velocity, if there is one."""
        return int(bool(self.momentum))


@dataclass(frozen=True, kw_only=True)
class AdaGrad(Optimizer):
    """Rates that fall with the sum of squared gradients (Duchi et al. 2011)."""

    learning_rate: float = field(default=0.001, kw_only=False)
    initial_accumulator: float = 0.1
    epsilon: float = 1e-7

    name: ClassVar = "adagrad"
    code: ClassVar = 3
    states: ClassVar = 1
    first_state: ClassVar = "initial_accumulator"


@dataclass(frozen=True, kw_only=True)
class RMSprop(Optimizer):
    """Rates by a running mean of squared gradients (Tieleman & Hinton 2012)."""

    learning_rate: float = field(default=0.001, kw_only=False)
    rho: float = 0.9
    epsilon: float = 1e-7

    name: ClassVar = "rmsprop"
    code: ClassVar = 4
    states: ClassVar = 1


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Running means of gradients and of their squares (Kingma & Ba 2015)."""

    learning_rate: float = field(default=0.001, kw_only=False)
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    name: ClassVar = "adam"
    code: ClassVar = 5
    states: ClassVar = 2


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decay of the weights beside the gradient (Loshchilov & Hutter 2019)."""

    weight_decay: float = 0.004

    name: ClassVar = "adamw"


SHORT: dict[str, dict[str, Any]] = {
    "momentum": {"name": "sgd", "momentum": 0.9},
    "nesterov": {"name": "sgd", "momentum": 0.9, "nesterov": True},
}


def optimizer_of(given: str | Optimizer | dict[str, Any]) -> Optimizer:
    """The optimiser that an argument means: a name means its defaults.

    Examples
    --------
    >>> optimizer_of("rmsprop") == RMSprop(), optimizer_of("nesterov").momentum
    (True, 0.9)
    """
    if isinstance(given, Optimizer):
        return given
    values = dict(given) if isinstance(given, dict) else SHORT.get(given, {"name": given})
    name = str(values.get("name")).lower()
    if name not in OPTIMIZERS:
        allowed = ", ".join([*OPTIMIZERS, *SHORT])
        raise ValueError(f"optimizer must be one of {allowed}; got {given!r}")
    return OPTIMIZERS[name](**{k: v for k, v in values.items() if k != "name"})
