"""``fastembed lm perplexity MODEL... [TEXT]``: how well models, and mixtures, predict a text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from fastembed.cli.json_text import json_text
from fastembed.cli.lm_files import holds_model, load_model, missing_backoff_option
from fastembed.cli.options import (
    quiet_option,
    reporter,
    text_options,
    training_text,
    workers_option,
)
from fastembed.cli.training import check_output

if TYPE_CHECKING:
    from fastembed.evaluate.perplexity import Perplexity

__all__ = ["perplexity"]


@click.command(no_args_is_help=True)
@click.argument("files", metavar="MODEL... [TEXT]", nargs=-1, required=True)
@click.option(
    "--interpolate",
    metavar="HELDOUT",
    help="Mix the models, with weights fitted by EM to this text; TEXT can be left out then.",
)
@click.option(
    "--cache",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --interpolate: mix in a cache of the last N words.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="With --interpolate: save the mixture, a model like any other (native).",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@missing_backoff_option
@text_options
@workers_option
@quiet_option
def perplexity(
    files: tuple[str, ...],
    interpolate: str | None,
    cache: int | None,
    output: str | None,
    as_json: bool,
    missing_backoff: str,
    workers: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Perplexity of TEXT, a sentence a line, under each MODEL, or under their mixture.

    Tokens are the words and one </s> a sentence (blank lines too). A word that a model does not
    know is scored as <unk>; it counts in the perplexity, and not in the one without OOV.

    \b
    fastembed lm perplexity model.fe test.txt
    fastembed lm perplexity a.fe b.arpa test.txt --interpolate heldout.txt
    fastembed lm perplexity a.fe b.arpa --interpolate heldout.txt   # of that text itself
    """
    from fastembed.ngram.cache import CacheLM
    from fastembed.ngram.interpolated import InterpolatedLM
    from fastembed.text.corpus import Corpus

    if cache is not None and interpolate is None:
        raise click.UsageError("--cache needs --interpolate HELDOUT, to find its weight")
    if output is not None:
        if interpolate is None:
            raise click.UsageError("-o saves a mixture; it needs --interpolate HELDOUT")
        if output == "-":
            raise click.UsageError("standard output has the figures; -o needs a file")
        check_output(output)
    models, text = _divide(files, interpolate)
    if [*models, text, interpolate].count("-") > 1:
        raise click.UsageError("only one of MODELs, TEXT and HELDOUT can be standard input")
    report = reporter(quiet)
    loaded = [load_model(m, report, missing_backoff=missing_backoff, workers=workers)
              for m in models]  # fmt: skip
    source: Any = training_text((text or interpolate or "",), **options)
    if (
        isinstance(source, Corpus)
        and source.one_pass
        and len(models) + (interpolate is not None) > 1
    ):
        source = source.encode(keep_empty=True, allow_blank=True, progress=report)
    results = [model.perplexity(source, progress=report) for model in loaded]
    rows = [_figures(result, model=name) for name, result in zip(models, results, strict=True)]
    if interpolate is not None:
        parts: list[Any] = list(loaded)
        if cache is not None:
            parts.append(CacheLM.like(loaded[0], size=cache))
        heldout = source if text is None else training_text((interpolate,), **options)
        mixture = InterpolatedLM(parts).fit(heldout)
        if output is not None:
            mixture.save(output)
        result = mixture.perplexity(source, progress=report)
        whole = _figures(result, weights=mixture.weights_.tolist(), models=rows)
        names = [*models, f"cache of {cache}"] if cache is not None else list(models)
        _print(whole if as_json else {"mixture": whole, "names": names}, as_json, mixed=True)
        return
    _print(rows[0] if len(rows) == 1 else rows, as_json)


def _divide(files: tuple[str, ...], interpolate: str | None) -> tuple[tuple[str, ...], str | None]:
    """The models and the text that is scored; None: the one that the weights are fitted to."""
    if interpolate is not None and holds_model(files[-1]):
        name = "standard input" if interpolate == "-" else interpolate
        click.echo(
            f"no TEXT beside the models: the perplexities are of {name}, to which the "
            "weights of the mixture are fitted too",
            err=True,
        )
        return files, None
    if len(files) == 1:
        raise click.UsageError("give MODEL and TEXT, or --interpolate HELDOUT instead of TEXT")
    return files[:-1], files[-1]


def _figures(result: Perplexity, **more: Any) -> dict[str, Any]:
    return {**more, **result.to_dict()}


def _print(found: Any, as_json: bool, mixed: bool = False) -> None:
    if as_json:
        click.echo(json_text(found))
        return
    rows = found["mixture"]["models"] if mixed else found if isinstance(found, list) else [found]
    for row in rows:
        _print_row(row, row["model"])
    if mixed:
        weights = zip(found["names"], found["mixture"]["weights"], strict=True)
        _print_row(found["mixture"], " + ".join(f"{weight:.4f} {name}" for name, weight in weights))


def _print_row(row: dict[str, Any], name: str) -> None:
    def shown(key: str) -> str:
        return "infinite" if math.isinf(row[key]) else f"{row[key]:.4f}"

    click.echo(
        f"{name}\n"
        f"  perplexity               {shown('perplexity')}\n"
        f"  perplexity without OOV   {shown('perplexity_without_oov')}\n"
        f"  tokens                   {row['tokens']:,} "
        f"({row['words']:,} words, {row['sentences']:,} </s>)\n"
        f"  OOV                      {row['oov']:,}\n"
        f"  log10 probability        {row['log_prob']}\n"
        f"  entropy                  {shown('entropy')} bits a token"
    )
