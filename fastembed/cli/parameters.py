"""Command-line options made from a model's hyper-parameters (`fastembed.core.params`)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from fastembed.core.params import Param, params_of

__all__ = ["given_parameters", "hyper_parameters"]

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


def given_parameters(owners: Mapping[str, type]) -> Callable[[F], F]:
    """One option for each hyper-parameter of any of several classes.

    The command gets those that are given, on the command line or by ``--config``, as the dict
    ``given``, and decides for which class they are. The help of an option that the first of
    ``owners`` does not have lists those that do, with what it means to them, and the defaults.
    """
    found: dict[str, list[tuple[str, Param]]] = {}
    for owner, cls in owners.items():
        for param in params_of(cls):
            if param.opt.cli:
                found.setdefault(param.name, []).append((owner, param))

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def gather(*args: Any, **options: Any) -> Any:
            values = {name: options.pop(name) for name in found}
            context = click.get_current_context()
            given = {
                name: value
                for name, value in values.items()
                if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
            }
            return command(*args, given=given, **options)

        result: Any = gather
        first = next(iter(owners))
        for having in reversed(found.values()):
            result = _option(_shared(having, first))(result)
        return result

    return decorate


def _shown(name: str, default: Any) -> str:
    if isinstance(default, bool):
        return ("" if default else "no-") + name.replace("_", "-")
    return f"{default:g}" if isinstance(default, float) else str(default)


def _shared(having: Sequence[tuple[str, Param]], first: str) -> Param:
    """The parameter of an option that several classes have, without a default of its own."""
    name, param = having[0]
    text = param.opt.help.rstrip(".")
    if name != first:
        texts: dict[str, list[str]] = {}
        for owner, other in having:
            about = other.opt.help.rstrip(".")
            texts.setdefault(about[0].lower() + about[1:], []).append(owner)
        text = "; ".join(f"{', '.join(who)}: {about}" for about, who in texts.items())
    defaults: dict[Any, list[str]] = {}
    for owner, other in having:
        if other.default is not None:
            defaults.setdefault(other.default, []).append(owner)
    shown = [_shown(param.name, value) for value in defaults]
    if len(defaults) > 1 or (defaults and len(next(iter(defaults.values()))) < len(having)):
        shown = [
            f"{value} ({', '.join(who)})"
            for value, who in zip(shown, defaults.values(), strict=True)
        ]
    note = f" [default: {'; '.join(shown)}]" if shown else ""
    opt = dataclasses.replace(param.opt, help=f"{text}.{note}")
    return dataclasses.replace(param, opt=opt, default=None)
