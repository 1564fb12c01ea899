"""The command line: ``fastembed <command>``. One file a command, imported when it is called."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import click

from fastembed import __version__
from fastembed.cli.lazy import LazyGroup

__all__ = ["cli", "main"]

# Command -> (module:attribute, one line for the overview). The line stands here so that
# ``fastembed --help`` imports no command.
COMMANDS = {
    "train": ("fastembed.cli.train:train", "Train word vectors from text."),
    "vocab": ("fastembed.cli.vocab:vocab", "Count the words of a text."),
    "encode": ("fastembed.cli.encode:encode", "Turn a text into word ids once, for many runs."),
    "cooccur": ("fastembed.cli.cooccur:cooccur", "Count which words stand near each other."),
    "pmi": ("fastembed.cli.pmi:pmi", "Show which words of a text belong together."),
    "neighbors": ("fastembed.cli.neighbors:neighbors", "Show the nearest words of words."),
    "analogy": ("fastembed.cli.analogy:analogy", "Solve a is to b as c is to ?"),
    "evaluate": (
        "fastembed.cli.evaluate:evaluate",
        "Score vectors on analogies, similarity, tags.",
    ),
    "lm": (
        "fastembed.cli.lm:lm",
        "Train, score and mix language models: n-grams, classes, neural.",
    ),
    "brown": ("fastembed.cli.brown:brown", "Cluster the words of a text."),
    "clusters": ("fastembed.cli.clusters:clusters", "Show word clusters of a file."),
    "convert": ("fastembed.cli.convert:convert", "Convert vectors between file formats."),
    "compress": ("fastembed.cli.compress:compress", "Take dimensions off vectors."),
    "info": ("fastembed.cli.info:info", "Show versions, instruction set, cores and threads."),
    "demo": ("fastembed.cli.demo:demo", "Train on the bundled text and show what comes out."),
    "bench": ("fastembed.cli.bench:bench", "Measure speed beside the installed peers."),
}


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="fastembed")
def cli() -> None:
    """Word vectors, word clusters and language models from text, fast, on CPUs.

    Results go to standard output, everything else to standard error; "-" as a file name is
    standard input or output.
    """


def fail(message: str, status: int) -> NoReturn:
    """Print the one line and leave."""
    click.echo(f"fastembed: error: {message}", err=True)
    raise SystemExit(status)


def _one_line(message: Warning | str, *_: object, **__: object) -> str:
    """A warning as the command line shows it: what it says, not the line of code it came from."""
    return f"fastembed: warning: {message}\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point: exit 0, 1 (the work failed), 2 (wrong usage) or 130 (Ctrl-C)."""
    before = warnings.formatwarning
    warnings.formatwarning = _one_line
    try:
        _run(argv)
    finally:
        warnings.formatwarning = before


def _run(argv: Sequence[str] | None) -> NoReturn:
    from fastembed.core.errors import FastembedError

    try:
        # click returns the exit code of ctx.exit() instead of raising it in this mode
        status = cli.main(args=argv, prog_name="fastembed", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        raise SystemExit(error.exit_code) from None
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = f" (see {context.command_path} --help)" if context is not None else ""
        fail(error.format_message().replace("\n", " ") + where, error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        # click wraps the KeyboardInterrupt, which may say what was saved
        reason = str(error.__cause__ or error).rstrip()
        fail(reason or "interrupted", 130)
    except BrokenPipeError:
        # the reader of our output has gone; say nothing, also not at interpreter exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except FastembedError as error:
        fail(str(error), 1)
    except KeyError as error:
        fail(str(error.args[0]) if error.args else str(error), 1)
    except MemoryError as error:
        fail(f"not enough memory: {error}".rstrip(": "), 1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}", 1)
    except ArithmeticError as error:
        # a size that overflows, a weight that is not finite: from the kernels
        fail(str(error), 1)
    except (ValueError, TypeError) as error:
        # arguments that only the library can judge
        fail(str(error), 2)
    raise SystemExit(status if isinstance(status, int) else 0)
