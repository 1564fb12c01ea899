"""What the commands of ``fastembed train`` share: where the text comes from and the vectors go.

`training_command` makes a whole command of a model class: its hyper-parameters become options, and
the output, the configuration file and (for models that train in rounds) the checkpoint are the same
for all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import click

from fastembed.cli.options import TEXT_OPTIONS, quiet_option, reporter, text_options, training_text
from fastembed.cli.parameters import hyper_parameters
from fastembed.core.files import check_output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastembed.io.formats import VectorFormat

__all__ = [
    "CHECKPOINT_OPTIONS",
    "Checkpoint",
    "check_output",
    "checkpoint_options",
    "config_option",
    "refuse_options",
    "text_source",
    "training_command",
]

CHECKPOINT = ".checkpoint"
CHECKPOINT_OPTIONS = ("resume", "checkpoint", "checkpoint_minutes")


def _settings_of(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """--config: the values of a TOML file become the defaults of the other options."""
    if value is None:
        return
    import tomllib

    try:
        with open(value, "rb") as file:
            settings = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise click.BadParameter(f"{value} is not TOML: {error}", ctx, param) from None
    known = {p.name: p for p in ctx.command.params if isinstance(p, click.Option)}
    names = {name.replace("-", "_"): setting for name, setting in settings.items()}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise click.BadParameter(
            f"{value} sets {', '.join(unknown)}; known are {', '.join(sorted(map(str, known)))}",
            ctx,
            param,
        )
    ctx.default_map = {**(ctx.default_map or {}), **names}


def config_option(command: Any) -> Any:
    """--config FILE."""
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False),
        callback=_settings_of,
        is_eager=True,
        expose_value=False,
        metavar="FILE",
        help="Take options from a TOML file (min_count = 2); the command line wins.",
    )(command)


def output_options(command: Any) -> Any:
    """--output and --format."""
    for option in (
        click.option(
            "--format",
            type=click.Choice(["native", "word2vec-text", "word2vec-binary", "glove"]),
            help="Format of the output; default: by its suffix.",
        ),
        click.option(
            "-o",
            "--output",
            required=True,
            metavar="FILE",
            help="Where the vectors go: .bin word2vec binary, .txt or .vec text, .fe the whole "
            "model.",
        ),
    ):
        command = option(command)
    return command


def checkpoint_options(command: Any, place: str = "default: OUTPUT.checkpoint") -> Any:
    """--resume, --checkpoint and --checkpoint-minutes; ``place`` says where without the second."""
    for option in (
        click.option(
            "--checkpoint-minutes",
            type=click.FloatRange(min=0, min_open=True),
            metavar="FLOAT",
            default=10.0,
            show_default=True,
            help="Save the run this often, too.",
        ),
        click.option(
            "--checkpoint",
            metavar="FILE",
            help=f"Where Ctrl-C saves the run; {place}.",
        ),
        click.option(
            "--resume",
            is_flag=True,
            help="Go on from the checkpoint of an interrupted run of the same command.",
        ),
    ):
        command = option(command)
    return command


def refuse_options(ctx: click.Context, names: Sequence[str], why: str) -> None:
    """Options that would do nothing with this input are an error when they are given."""
    given = [
        "--" + name.replace("_", "-")
        for name in names
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"{why}; {', '.join(given)} cannot change them", ctx)


def text_source(ctx: click.Context, text: tuple[str, ...], options: dict[str, Any]) -> Any:
    """What TEXT stands for; takes the text's options out of ``options``."""
    from fastembed.text.encoded import EncodedCorpus

    source = training_text(text, **{name: options.pop(name) for name in TEXT_OPTIONS})
    if isinstance(source, EncodedCorpus):
        why = f"{text[0]} is an encoded corpus, whose words were chosen when it was made"
        refuse_options(ctx, (*TEXT_OPTIONS, "min_count", "max_vocab"), why)
    return source


def _counts_source(ctx: click.Context, text: tuple[str, ...], options: dict[str, Any]) -> Any:
    """The same where TEXT may be a file of counts."""
    from fastembed.embed.counted import COUNTING, open_counts

    counts = open_counts(text[0]) if len(text) == 1 else None
    if counts is None:
        return text_source(ctx, text, options)
    why = f"{text[0]} has counts, which were made already"
    refuse_options(ctx, (*TEXT_OPTIONS, *COUNTING), why)
    for name in TEXT_OPTIONS:
        del options[name]
    return counts


@dataclass(frozen=True)
class Checkpoint:
    """Where the run is saved, None for nowhere; whether to begin there; how often to save."""

    place: str | None
    resume: bool
    minutes: float
    files: tuple[str, ...] = ()

    @classmethod
    def chosen(
        cls,
        output: str,
        resume: bool,
        checkpoint: str | None,
        checkpoint_minutes: float,
        files: Callable[[str], Sequence[str]] = lambda place: (place,),
    ) -> Checkpoint:
        """From the values of `checkpoint_options`; ``files`` are those of a place, if several."""
        if output == "-" and checkpoint is None and resume:
            raise click.UsageError("--resume with an output to - needs --checkpoint FILE")
        place = checkpoint or (None if output == "-" else output + CHECKPOINT)
        names = () if place is None else tuple(files(place))
        there = [name for name in names if os.path.exists(name)]
        if resume and not there:
            click.echo(f"no checkpoint at {place}: starting from the beginning", err=True)
            resume = False
        if there and not resume:
            raise FileExistsError(
                17, "is there already: go on from it with --resume, or remove it", there[0]
            )
        return cls(place, resume, checkpoint_minutes, names)

    def fit_options(self) -> dict[str, Any]:
        """Arguments of ``fit``."""
        return {
            "checkpoint": self.place,
            "resume": self.resume,
            "checkpoint_seconds": 60 * self.minutes,
        }

    @contextmanager
    def hint(self) -> Iterator[None]:
        """Say at Ctrl-C how to go on."""
        from fastembed.core.rounds import TrainingInterrupted

        try:
            yield
        except TrainingInterrupted as interruption:
            hint = "; the same command with --resume goes on from there" if self.place else ""
            raise TrainingInterrupted(f"{interruption}{hint}") from None

    def remove(self) -> None:
        """The run is over and its result saved."""
        for name in self.files:
            with suppress(FileNotFoundError):
                os.unlink(name)


def _save(model: Any, output: str, format: VectorFormat) -> None:
    """The whole model for the native format, so that it can be used further; else vectors."""
    if format == "native":
        model.save(output)
    else:
        model.wv.export(output, format)


def _vectors(path: str | None) -> Any:
    if path is None:
        return None
    from fastembed.embed.keyed_vectors import KeyedVectors

    return KeyedVectors.load(path)


def _continued(ctx: click.Context, model: Any, options: dict[str, Any]) -> Any:
    """A saved model with the parameters that were given, on the command line or by --config."""
    default = click.core.ParameterSource.DEFAULT
    given = {name: v for name, v in options.items() if ctx.get_parameter_source(name) != default}
    return model.set_params(**given)


def training_command(
    name: str,
    model_class: Any,
    outcome: Callable[[Any], str],
    help: str,
    *,
    in_rounds: bool = True,
    from_counts: bool = False,
    initial: bool = False,
    continues: bool = False,
) -> click.Command:
    """The command that trains a model and saves its vectors.

    Parameters
    ----------
    name : str
        Of the command.
    model_class : type
        A `Params` class with ``fit(source, progress=...)``, ``wv`` and ``save``.
    outcome : callable
        What a trained model has to say, for the closing line ("loss 0.0316").
    help : str
        What ``--help`` says.
    in_rounds : bool
        ``fit`` takes ``checkpoint``, ``resume`` and ``checkpoint_seconds``.
    from_counts : bool
        ``fit`` takes a `Cooccurrence`, and TEXT may be a file of one.
    initial : bool
        ``fit`` takes ``initial``, vectors to begin at.
    continues : bool
        The class has ``partial_fit``, which takes what ``fit`` does.
    """
    from fastembed.io.formats import format_of_name

    def run(
        ctx: click.Context,
        text: tuple[str, ...],
        output: str,
        format: str | None,
        quiet: bool,
        **options: Any,
    ) -> None:
        check_output(output)
        written = cast("VectorFormat", format) or format_of_name(output)
        known = None
        if path := options.pop("continue", None):
            if "-" in text:
                raise click.UsageError(
                    "--continue reads the text twice, and - only once: write it to a file", ctx
                )
            known = model_class.load(path)
        saved = Checkpoint(None, False, 0.0)
        if in_rounds:
            saved = Checkpoint.chosen(output, *(options.pop(n) for n in CHECKPOINT_OPTIONS))
        source = (_counts_source if from_counts else text_source)(ctx, text, options)
        how = saved.fit_options() if in_rounds else {}
        if initial:
            how["initial"] = _vectors(options.pop("initial"))
        model = model_class(**options) if known is None else _continued(ctx, known, options)
        learn = model.fit if known is None else model.partial_fit
        with saved.hint():
            learn(source, progress=reporter(quiet), **how)
        _save(model, output, written)
        saved.remove()
        if not quiet:
            click.echo(
                f"{len(model.wv):,} vectors of {model.wv.vector_size} dimensions; "
                f"{outcome(model)}; saved {output}",
                err=True,
            )

    command: Any = click.pass_context(run)
    command = hyper_parameters(model_class)(command)
    command = quiet_option(command)
    command = text_options(command)
    command = config_option(command)
    if in_rounds:
        command = checkpoint_options(command)
    if initial:
        command = click.option(
            "--initial", metavar="VECTORS", help="Begin at these vectors, a file of any format."
        )(command)
    if continues:
        command = click.option(
            "--continue",
            metavar="MODEL",
            help="Train this saved model (.fe) on, with its parameters where no option is given.",
        )(command)
    command = output_options(command)
    command = click.argument("text", nargs=-1, required=True)(command)
    return click.command(name, help=help)(command)
