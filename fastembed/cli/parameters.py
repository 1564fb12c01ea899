"""Command-line options made from a model's hyper-parameters (`fastembed.core.params`)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from fastembed.core.params import Param, params_of

__all__ = ["hyper_parameters", "smoothing_parameters"]

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


def _option(param: Param, name: str | None = None) -> Callable[[F], F]:
    flag = "--" + (name or param.name).replace("_", "-")
    about = {"help": param.opt.help, "default": param.default, "show_default": True}
    if param.default is None:
        about["show_default"] = False
    if param.type is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", param.name, **about)
    if param.choices is not None:
        return click.option(flag, param.name, type=click.Choice(param.choices), **about)
    return click.option(flag, param.name, type=Checked(param), **about)


def hyper_parameters(
    model: type, leave_out: tuple[str, ...] = (), names: Mapping[str, str] | None = None
) -> Callable[[F], F]:
    """Decorate a command with one option for each hyper-parameter of ``model``.

    ``names``: options that are called otherwise on the command line.
    """

    def decorate(command: F) -> F:
        for param in reversed(params_of(model)):
            if param.opt.cli and param.name not in leave_out:
                command = _option(param, (names or {}).get(param.name))(command)
        return command

    return decorate


def smoothing_parameters(methods: Mapping[str, type], model: type) -> Callable[[F], F]:
    """One option for each hyper-parameter of each smoothing method that ``model`` does not have.

    The command gets those that are given as the dict ``smoothing_params``.
    """
    own = {param.name for param in params_of(model)}
    new: dict[str, tuple[Param, list[str]]] = {}
    for name, method in methods.items():
        for param in params_of(method):
            if param.name not in own:
                new.setdefault(param.name, (param, []))[1].append(name)

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def gather(*args: Any, **options: Any) -> Any:
            given = {name: options.pop(name) for name in new}
            context = click.get_current_context()
            chosen = {
                name: value
                for name, value in given.items()
                if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
            }
            return command(*args, smoothing_params=chosen, **options)

        result: Any = gather
        for param, names in reversed(new.values()):
            opt = dataclasses.replace(
                param.opt, help=f"{', '.join(names)}: {param.opt.help.rstrip('.')}."
            )
            result = _option(dataclasses.replace(param, opt=opt))(result)
        return result

    return decorate
