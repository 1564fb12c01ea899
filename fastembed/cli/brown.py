"""``fastembed brown TEXT -o PATHS``: word clusters from text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import click

from fastembed.cli.options import quiet_option, reporter, text_options
from fastembed.cli.parameters import hyper_parameters
from fastembed.cli.training import (
    CHECKPOINT_OPTIONS,
    Checkpoint,
    check_output,
    checkpoint_options,
    config_option,
    text_source,
)
from fastembed.cluster.brown import BrownClusters
from fastembed.cluster.exchange import ExchangeClusters

if TYPE_CHECKING:
    from fastembed.cluster.run import Clusterer

__all__ = ["brown"]

Format = Literal["paths", "tsv", "native"]
# What only one of the methods knows.
OWN = {"brown": ("refine",), "exchange": ("passes",)}


def _format_of(output: str, format: Format | None) -> Format:
    from fastembed.core.packing import bare_name
    from fastembed.io.native import check_native_name

    name = bare_name(output)
    if format is None:
        format = "tsv" if name.endswith(".tsv") else "native" if name.endswith(".fe") else "paths"
    if format == "native":
        check_native_name(output)
    return format


def _save(model: Clusterer, output: str, format: Format) -> None:
    if format == "native":
        model.save(output)
    elif format == "tsv":
        model.save_tsv(output)
    else:
        model.save_paths(output)


def _figures(model: Clusterer, output: str) -> dict[str, Any]:
    return {
        "file": output,
        "method": "exchange" if isinstance(model, ExchangeClusters) else "brown",
        "clusters": model.n_clusters_,
        "words": int((model.classes_ >= 0).sum()),
        "pairs": model.n_pairs_,
        "ami_bits": model.ami_,
        "ami_history": model.ami_history_,
        "moves": model.moves_,
        "seconds": model.training_seconds_,
    }


@click.command(no_args_is_help=True)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="Where the clusters go: .tsv word, class and count; .fe the whole model; else paths, as "
    "brown-cluster writes them; - is standard output.",
)
@click.option(
    "--format",
    type=click.Choice(["paths", "tsv", "native"]),
    help="Format of the output; default: by its suffix.",
)
@click.option(
    "--method",
    type=click.Choice(["brown", "exchange"]),
    default="brown",
    show_default=True,
    help="Merges from the bottom up, or moving one word at a time.",
)
@checkpoint_options
@config_option
@text_options
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@quiet_option
@hyper_parameters(BrownClusters, names={"n_clusters": "clusters"})
@hyper_parameters(
    ExchangeClusters,
    leave_out=tuple(BrownClusters().get_params()),
    names={"n_clusters": "clusters"},
)
@click.pass_context
def brown(
    ctx: click.Context,
    text: tuple[str, ...],
    output: str,
    format: Format | None,
    method: str,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Cluster the words of TEXT (files, folders, globs, URLs or -) by their neighbours.

    A TEXT may also be a file that "fastembed encode" made. Ctrl-C saves a checkpoint and exits
    with 130; the same command with --resume goes on from there.

    \b
    fastembed brown corpus.txt --clusters 320 -o paths.txt
    fastembed brown corpus.txt --clusters 1000 --method exchange -o classes.tsv
    """
    for other, names in OWN.items():
        for name in names:
            given = ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
            if other != method and given:
                raise click.UsageError(f"--{name} is for --method {other}", ctx)
            if other != method:
                del options[name]
    if as_json and output == "-":
        raise click.UsageError("--json and -o - both write to standard output", ctx)
    check_output(output)
    written = _format_of(output, format)
    saved = Checkpoint.chosen(output, *(options.pop(name) for name in CHECKPOINT_OPTIONS))
    source = text_source(ctx, text, options)
    model: Clusterer
    if method == "brown":
        model = BrownClusters(**options)
    else:
        model = ExchangeClusters(hierarchy=written != "tsv", **options)
    with saved.hint():
        model.fit(source, progress=reporter(quiet), **saved.fit_options())
    _save(model, output, written)
    saved.remove()
    figures = _figures(model, output)
    if as_json:
        click.echo(json.dumps(figures))
    if not quiet:
        click.echo(
            f"{figures['clusters']:,} clusters of {figures['words']:,} words; average mutual "
            f"information {model.ami_:.4f} bits; {model.training_seconds_:.1f} s; saved {output}",
            err=True,
        )
