"""Command-line options made from a model's hyper-parameters (`fastembed.core.params`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from fastembed.core.params import Param, params_of

__all__ = ["hyper_parameters"]

F = TypeVar("F", bound=Callable[..., Any])


class Checked(click.ParamType):
    """A value that `Param.check` judges, so that the limits stand in one place."""

    def __init__(self, param: Param) -> None:
        self.param = param
        self.name = param.opt.metavar or param.type.__name__

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value is None or not isinstance(value, str):
            return value
        try:
            number = self.param.type(value) if self.param.type in (int, float) else value
        except ValueError:
            self.fail(f"{value!r} is not {'an integer' if self.param.type is int else 'a number'}")
        try:
            return self.param.check(number)
        except (ValueError, TypeError) as error:
            self.fail(str(error))


def _option(param: Param) -> Callable[[F], F]:
    flag = "--" + param.name.replace("_", "-")
    about = {"help": param.opt.help, "default": param.default, "show_default": True}
    if param.default is None:
        about["show_default"] = False
    if param.type is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", param.name, **about)
    if param.choices is not None:
        return click.option(flag, param.name, type=click.Choice(param.choices), **about)
    return click.option(flag, param.name, type=Checked(param), **about)


def hyper_parameters(model: type, leave_out: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Decorate a command with one option for each hyper-parameter of ``model``."""

    def decorate(command: F) -> F:
        for param in reversed(params_of(model)):
            if param.opt.cli and param.name not in leave_out:
                command = _option(param)(command)
        return command

    return decorate
