"""``fastembed lm train TEXT -o MODEL``: a language model from text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fastembed.cli.lm_files import FORMATS, format_of, save_model
from fastembed.cli.options import TEXT_OPTIONS, quiet_option, reporter, text_options, training_text
from fastembed.cli.parameters import hyper_parameters, smoothing_parameters
from fastembed.cli.training import check_output, config_option
from fastembed.ngram.model import NgramLM
from fastembed.ngram.smoothing import SMOOTHINGS

__all__ = ["train"]


@click.command(no_args_is_help=True)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="Where the model goes: .arpa or .arpa.gz ARPA, else native; - is standard output.",
)
@click.option(
    "--format", type=click.Choice(FORMATS), help="Format of the output; default: by its suffix."
)
@click.option(
    "--bits",
    type=click.Choice(["32", "16", "8"]),
    default="32",
    show_default=True,
    help="Size of a probability in the native format; 32 is exact.",
)
@click.option("--heldout", metavar="FILE", help="Text for methods that fit weights.")
@config_option
@text_options
@quiet_option
@hyper_parameters(NgramLM)
@smoothing_parameters(SMOOTHINGS, NgramLM)
def train(
    text: tuple[str, ...],
    output: str,
    format: str | None,
    bits: str,
    heldout: str | None,
    quiet: bool,
    smoothing_params: dict[str, Any],
    **options: Any,
) -> None:
    """Train an n-gram model on TEXT (files, folders, globs, URLs or -), a sentence a line.

    \b
    fastembed lm train corpus.txt --order 5 -o model.fe
    zcat corpus.gz | fastembed lm train - --order 3 -o - --format arpa | gzip > model.arpa.gz
    """
    check_output(output)
    written = format_of(output, format)
    if written == "arpa" and bits != "32":
        raise click.UsageError("--bits is for the native format; an ARPA file is exact")
    how = {name: options.pop(name) for name in TEXT_OPTIONS}
    source = training_text(text, **how)
    held = training_text((heldout,), **how) if heldout is not None else None
    report = reporter(quiet)
    model = NgramLM(smoothing_params=smoothing_params or None, **options)
    model.fit(source, heldout=held, progress=report)
    save_model(model, output, written, report, **({} if written == "arpa" else {"bits": int(bits)}))
    if not quiet:
        counts = [len(level) for level in model.backoff_.levels]
        click.echo(
            f"{model.smoothing}, order {model.order}: {sum(counts):,} n-grams "
            f"({', '.join(f'{count:,}' for count in counts)}); saved {output}",
            err=True,
        )


# What trains other kinds of models (class-based, neural) joins here: each is a class with `fit`,
# `save` and the protocol of `fastembed.evaluate.LanguageModel`.
TRAINERS: dict[str, Callable[..., Any]] = {"ngram": NgramLM}
