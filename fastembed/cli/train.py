"""``fastembed train MODEL TEXT... -o OUTPUT``: word vectors from text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from fastembed.cli.options import TEXT_OPTIONS, quiet_option, reporter, text_options, training_text
from fastembed.cli.parameters import hyper_parameters

if TYPE_CHECKING:
    from fastembed.embed.word2vec import Word2Vec
    from fastembed.io.formats import VectorFormat

__all__ = ["train"]

CHECKPOINT = ".checkpoint"


class Trainers(click.Group):
    """One sub-command a model, made when it is asked for: its options come from its class."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["word2vec"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _word2vec_command() if cmd_name == "word2vec" else None


@click.command(cls=Trainers)
def train() -> None:
    """Train word vectors from text."""


def _settings_of(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> None:  # fmt: skip
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
        help="Take options from a TOML file (vector_size = 200); the command line wins.",
    )(command)


def _check_output(output: str) -> None:
    """An output that cannot be written is better known before hours of training than after."""
    if output == "-":
        return
    folder = Path(output).resolve().parent
    if os.path.isdir(output):
        raise IsADirectoryError(21, "is a folder; give a file name", output)
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    if not os.access(folder if not os.path.exists(output) else output, os.W_OK):
        raise PermissionError(13, "no permission to write there", output)


def _refuse_text_options(ctx: click.Context, text: str) -> None:
    """An encoded corpus has its words already: options that choose them would do nothing."""
    given = [
        "--" + name.replace("_", "-")
        for name in (*TEXT_OPTIONS, "min_count", "max_vocab")
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"{text} is an encoded corpus, whose words were chosen when it was made; "
            f"{', '.join(given)} cannot change them",
            ctx,
        )


def _save(model: Word2Vec, output: str, format: VectorFormat) -> None:
    """The whole model for the native format, so that it can be trained further; else vectors."""
    if format == "native":
        model.save(output)
    else:
        model.wv.export(output, format)


def _word2vec_command() -> click.Command:
    from fastembed.core.rounds import TrainingInterrupted
    from fastembed.embed.word2vec import Word2Vec
    from fastembed.io.formats import format_of_name
    from fastembed.text.encoded import EncodedCorpus

    @click.command("word2vec")
    @click.argument("text", nargs=-1, required=True)
    @click.option(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="Where the vectors go: .bin word2vec binary, .txt or .vec text, .fe the whole model.",
    )
    @click.option(
        "--format",
        type=click.Choice(["native", "word2vec-text", "word2vec-binary", "glove"]),
        help="Format of the output; default: by its suffix.",
    )
    @click.option(
        "--resume",
        is_flag=True,
        help="Go on from the checkpoint of an interrupted run of the same command.",
    )
    @click.option(
        "--checkpoint",
        metavar="FILE",
        help="Where Ctrl-C saves the run; default: OUTPUT.checkpoint.",
    )
    @click.option(
        "--checkpoint-minutes",
        type=click.FloatRange(min=0, min_open=True),
        default=10.0,
        show_default=True,
        help="Save the run this often, too.",
    )
    @config_option
    @text_options
    @quiet_option
    @hyper_parameters(Word2Vec)
    @click.pass_context
    def word2vec(
        ctx: click.Context,
        text: tuple[str, ...],
        output: str,
        format: str | None,
        resume: bool,
        checkpoint: str | None,
        checkpoint_minutes: float,
        quiet: bool,
        **options: Any,
    ) -> None:
        """Train skip-gram or CBOW vectors on TEXT (files, folders, globs, URLs or -).

        A TEXT may also be a file that "fastembed encode" made. Ctrl-C finishes the round, saves
        a checkpoint and exits with 130; the same command with --resume goes on from there.
        """
        _check_output(output)
        written = cast("VectorFormat", format) or format_of_name(output)
        if output == "-" and checkpoint is None and resume:
            raise click.UsageError("--resume with an output to - needs --checkpoint FILE")
        place = checkpoint or (None if output == "-" else output + CHECKPOINT)
        there = place is not None and os.path.exists(place)
        if resume and not there:
            click.echo(f"no checkpoint at {place}: starting from the beginning", err=True)
            resume = False
        if there and not resume:
            raise FileExistsError(
                17, "is there already: go on from it with --resume, or remove it", place
            )
        source = training_text(text, **{name: options.pop(name) for name in TEXT_OPTIONS})
        if isinstance(source, EncodedCorpus):
            _refuse_text_options(ctx, text[0])
        model = Word2Vec(**options)
        try:
            model.fit(
                source,
                progress=reporter(quiet),
                checkpoint=place,
                resume=resume,
                checkpoint_seconds=60 * checkpoint_minutes,
            )
        except TrainingInterrupted as interruption:
            hint = "; the same command with --resume goes on from there" if place else ""
            raise TrainingInterrupted(f"{interruption}{hint}") from None
        _save(model, output, written)
        if place is not None and os.path.exists(place):
            os.unlink(place)
        if not quiet:
            words = sum(model.vocabulary_.counts.tolist()) * model.epochs
            rate = words / max(model.training_seconds_, 1e-9)
            click.echo(
                f"{len(model.wv):,} vectors of {model.vector_size} dimensions; loss "
                f"{model.loss_history_[-1]:.4f}; {rate:,.0f} words/s; saved {output}",
                err=True,
            )

    return word2vec
