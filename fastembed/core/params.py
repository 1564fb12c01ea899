"""Hyper-parameters: declared once, as annotated dataclass fields.

A model class lists its hyper-parameters as ``name: Annotated[type, Opt(...)] = default``. The
constructor, ``get_params``/``set_params`` (hence ``sklearn.base.clone``), the validation at
``fit`` and the options of the command line all come from that one list.
"""

from __future__ import annotations

import math
import types
from dataclasses import dataclass, fields
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    SupportsFloat,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

__all__ = ["FREE", "Opt", "Param", "Params", "params_of"]

# Hyper-parameters that results do not depend on: files of equal models are equal without them, and
# a run may be continued with others.
FREE = ("workers", "memory")


@dataclass(frozen=True)
class Opt:
    """What a hyper-parameter means and which values it takes.

    ``ge``/``gt``/``le``/``lt`` bound numbers. ``cli`` is False for what has no place on a command
    line; ``metavar`` names the value in ``--help``.
    """

    help: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    cli: bool = True
    metavar: str | None = None

    def range(self) -> str:
        """The allowed range in words, "" if any number will do."""
        parts = [
            f"{sign} {bound:g}"
            for sign, bound in ((">=", self.ge), (">", self.gt), ("<=", self.le), ("<", self.lt))
            if bound is not None
        ]
        return " and ".join(parts)

    def admits(self, value: float) -> bool:
        """Whether a number lies in the range."""
        return (
            (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
        )


@dataclass(frozen=True)
class Param:
    """One hyper-parameter as read from its annotation."""

    name: str
    type: type  # int, float, bool, str or object
    default: Any
    opt: Opt
    optional: bool  # None is allowed
    choices: tuple[Any, ...] | None  # of a Literal

    def check(self, value: Any) -> Any:
        """The value, converted to ``type`` without loss, or an error that names what is allowed."""
        if value is None and self.optional:
            return None
        if self.choices is not None:
            if value not in self.choices:
                allowed = ", ".join(repr(c) for c in self.choices)
                raise ValueError(f"{self.name} must be one of {allowed}; got {value!r}")
            return value
        if self.type is bool:
            if value not in (True, False, 0, 1):
                raise TypeError(f"{self.name} must be True or False; got {value!r}")
            return bool(value)
        if self.type in (int, float):
            return self._number(value)
        if self.type is str and not isinstance(value, str):
            raise TypeError(f"{self.name} must be a string; got {value!r}")
        return value

    def _number(self, value: Any) -> int | float:
        kind = "an integer" if self.type is int else "a number"
        wanted = f"{self.name} must be {kind} {self.opt.range()}".rstrip()
        if isinstance(value, (str, bool)) or not isinstance(value, SupportsFloat):
            raise TypeError(f"{wanted}; got {value!r}")
        if not math.isfinite(value):
            raise ValueError(f"{wanted}; got {value!r}")
        number: int | float = self.type(value)
        if number != value:
            raise TypeError(f"{wanted}; got {value!r}")
        if not self.opt.admits(number):
            raise ValueError(f"{wanted}; got {value!r}")
        return number


def _read(name: str, hint: Any, default: Any) -> Param | None:
    if get_origin(hint) is not Annotated:
        return None
    inner, *extras = get_args(hint)
    opt = next((e for e in extras if isinstance(e, Opt)), None)
    if opt is None:
        return None
    optional = False
    if get_origin(inner) in (Union, types.UnionType):
        kinds = [a for a in get_args(inner) if a is not type(None)]
        optional = len(kinds) < len(get_args(inner))
        inner = kinds[0] if len(kinds) == 1 else object
    choices = get_args(inner) if get_origin(inner) is Literal else None
    kind = type(choices[0]) if choices else inner
    return Param(
        name, kind if kind in (int, float, bool, str) else object, default, opt, optional, choices
    )


_known: dict[type, tuple[Param, ...]] = {}


def params_of(cls: type) -> tuple[Param, ...]:
    """The hyper-parameters of a `Params` class, in order."""
    if cls not in _known:
        hints = get_type_hints(cls, include_extras=True)
        read = (_read(f.name, hints[f.name], f.default) for f in fields(cls))
        _known[cls] = tuple(param for param in read if param is not None)
    return _known[cls]


class Params:
    """Base of every class with hyper-parameters; subclasses are keyword-only dataclasses.

    The constructor only stores what it is given, and `check_params` judges it, so that
    ``sklearn.base.clone`` works without scikit-learn being imported here.
    """

    _estimator_type: ClassVar[str | None] = None  # "classifier", "regressor", as sklearn has it

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Hyper-parameters by name."""
        return {param.name: getattr(self, param.name) for param in params_of(type(self))}

    def saved_params(self) -> dict[str, Any]:
        """Those that the file of a model holds: all but `FREE`."""
        return {name: value for name, value in self.get_params().items() if name not in FREE}

    def set_params(self, **params: Any) -> Self:
        """Change hyper-parameters; an unknown name is a ValueError."""
        known = [param.name for param in params_of(type(self))]
        for name, value in params.items():
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks an estimator before a search over its parameters."""
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        kind = self._estimator_type
        return Tags(
            estimator_type=kind,
            target_tags=TargetTags(required=kind is not None),
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
            input_tags=InputTags(two_d_array=kind is not None, string=kind is None),
        )

    def check_params(self) -> dict[str, Any]:
        """Validated hyper-parameters by name; ValueError or TypeError names what is allowed."""
        return {
            param.name: param.check(getattr(self, param.name)) for param in params_of(type(self))
        }
