"""``fastembed lm convert IN OUT``: ARPA to native and back, quantised or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fastembed.cli.lm_files import FORMATS, format_of, missing_backoff_option, save_model
from fastembed.cli.options import quiet_option, reporter
from fastembed.cli.training import check_output

if TYPE_CHECKING:
    from fastembed.ngram.model import NgramLM

__all__ = ["convert"]


@click.command(no_args_is_help=True)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--format", type=click.Choice(FORMATS), help="Of OUT; by default its suffix decides.")
@click.option(
    "--bits",
    "--quantize",
    "quantize",
    type=click.Choice(["8", "16"]),
    help="Store probabilities in so many bits; what that changes is reported.",
)
@click.option(
    "--prune-entropy",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Leave out n-grams without which the perplexity rises by less than this share: 1e-8.",
)
@click.option(
    "--text", metavar="FILE", help="Report the perplexity of this text, before and after."
)
@missing_backoff_option
@click.option("--verify", is_flag=True, help="Check the checksums of a native file.")
@quiet_option
def convert(
    source: str,
    target: str,
    format: str | None,
    quantize: str | None,
    prune_entropy: float | None,
    text: str | None,
    missing_backoff: str,
    verify: bool,
    quiet: bool,
) -> None:
    """Convert a model from file IN to OUT: .arpa (packed: .arpa.gz ...) is ARPA, others native."""
    from fastembed.ngram.model import NgramLM

    check_output(target)
    written = format_of(target, format)
    if quantize is None and prune_entropy is None and text is not None:
        raise click.UsageError("--text goes with --bits or --prune-entropy")
    report = reporter(quiet)
    model = NgramLM.load(source, missing_backoff=missing_backoff, verify=verify, progress=report)
    made = model
    if prune_entropy is not None:
        made = made.pruned(prune_entropy)
    if quantize is not None:
        exact, made = made, made.quantized(int(quantize))  # type: ignore[arg-type]
        _report_error(exact, made)
    if text is not None:
        was = model.perplexity(text, progress=report).perplexity
        now = made.perplexity(text, progress=report).perplexity
        click.echo(f"perplexity of {text}: {was:.4f} before, {now:.4f} after", err=True)
    save_model(made, target, written, report)
    if not quiet:
        tables = made.tables_
        total = sum(tables.counts)
        size = f", {tables.nbytes / total:.2f} bytes each" if written == "native" else ""
        click.echo(f"{target}: order {tables.order}, {total:,} n-grams{size}", err=True)


def _report_error(model: NgramLM, made: NgramLM) -> None:
    """How far values moved; those of 0 (log10 -inf) stay what they are."""
    import numpy as np

    before, after = model.backoff_, made.backoff_
    said = []
    for name, values in (("probabilities", "log_prob"), ("back-off weights", "backoff")):
        squares = largest = total = 0.0
        for old, new in zip(before.levels, after.levels, strict=True):
            given = getattr(old, values)
            moved = given != getattr(new, values)
            change = np.abs(given[moved].astype(np.float64) - getattr(new, values)[moved])
            squares += float(np.sum(change * change))
            largest = max(largest, float(change.max(initial=0.0)))
            total += len(given)
        said.append(
            f"log10 {name} change by {(squares / max(total, 1)) ** 0.5:.2g} (root of the mean "
            f"square), at most by {largest:.2g}"
        )
    click.echo(
        f"quantised to {made.tables_.bits} bits: {'; '.join(said)}. Probabilities no longer sum "
        "quite to one",
        err=True,
    )
