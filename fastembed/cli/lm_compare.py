"""``fastembed lm compare TRAIN``: perplexities of every smoothing and order, as a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from fastembed.cli.json_text import json_text
from fastembed.cli.lm_files import read_lines
from fastembed.cli.options import make_corpus, quiet_option, text_options, workers_option

if TYPE_CHECKING:
    from fastembed.text.corpus import Corpus

__all__ = ["compare"]

BUNDLED = "kjv.txt.xz"
QUICK_LINES = 6000
FILE = click.Path(exists=True, dir_okay=False)


def _some_lines(
    path: str, digits: Collection[int], limit: int | None, options: dict[str, Any]
) -> Corpus:
    """The lines of a file whose number, from 0, ends in one of some digits."""
    from fastembed.text.corpus import Corpus

    def lines() -> Iterator[str]:
        for number, line in enumerate(islice(read_lines(path, **options), limit)):
            if number % 10 in digits:
                yield line

    return Corpus(lines)


@click.command()
@click.argument("train", required=False, type=FILE)
@click.option("--heldout", type=FILE, help="Text for weights. Default: each tenth line of TRAIN.")
@click.option("--test", type=FILE, help="Text to predict. Default: another tenth of TRAIN.")
@click.option(
    "--order",
    "orders",
    type=click.IntRange(1, 7),
    metavar="INT",
    multiple=True,
    help="May be repeated. Default: 1 to 5, quick 1 to 3.",
)
@click.option(
    "--smoothing",
    "smoothings",
    metavar="NAME",
    multiple=True,
    help="May be repeated. Default: all methods.",
)
@click.option(
    "--clusters",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="C",
    help="Clusters of class-based models; may be repeated; 0: none. Default: 500, quick 50.",
)
@click.option(
    "--blank-lines/--no-blank-lines",
    default=True,
    show_default=True,
    help="Blank lines are sentences, or are left out.",
)
@click.option(
    "--min-count",
    type=click.IntRange(min=1),
    metavar="INT",
    default=2,
    show_default=True,
    help="Words of TRAIN that occur less often are <unk>, so that it can be learned.",
)
@click.option("--quick", is_flag=True, help="The first lines of TRAIN only.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of Markdown.")
@text_options
@workers_option
@quiet_option
def compare(
    train: str | None,
    heldout: str | None,
    test: str | None,
    orders: tuple[int, ...],
    smoothings: tuple[str, ...],
    clusters: tuple[int, ...],
    blank_lines: bool,
    min_count: int,
    quick: bool,
    as_json: bool,
    workers: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Train n-gram models of every smoothing and order, class-based models and mixtures on TRAIN
    (default: the bundled text), and write their perplexities on the test text as a table.

    \b
    fastembed lm compare wiki.train.txt --heldout wiki.valid.txt --test wiki.test.txt
    """
    from fastembed.bench.lm_quality import compare as measure
    from fastembed.bench.lm_quality import open_texts
    from fastembed.core import data
    from fastembed.ngram.smoothing import SMOOTHINGS

    if (heldout is None) != (test is None):
        raise click.UsageError("give --heldout and --test, or neither")
    for name in smoothings:
        if name not in SMOOTHINGS:
            raise click.UsageError(f"--smoothing must be one of {', '.join(SMOOTHINGS)}")
    path = train or str(data.path(BUNDLED))
    limit = QUICK_LINES if quick else None
    if heldout is not None and test is not None:
        parts = [_some_lines(path, range(10), limit, options) if quick
                 else make_corpus((path,), **options)]  # fmt: skip
        parts += [make_corpus((other,), **options) for other in (heldout, test)]
    else:
        deals = (range(8), (8,), (9,))
        parts = [_some_lines(path, digits, limit, options) for digits in deals]
    with open_texts(*parts, min_count=min_count, blank_lines=blank_lines) as texts:
        found = measure(
            texts,
            orders=orders or ((1, 2, 3) if quick else (1, 2, 3, 4, 5)),
            smoothings=smoothings,
            n_clusters=[c for c in clusters or ((50,) if quick else (500,)) if c > 0],
            workers=workers,
            say=(lambda line: None) if quiet else (lambda line: click.echo(line, err=True)),
        )
    if as_json:
        click.echo(json_text(found.to_json()))
    else:
        click.echo(found.to_markdown())
