"""``fastembed cooccur TEXT... -o FILE``: which words stand near each other, and how often."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import click

from fastembed.cli.options import quiet_option, reporter, text_options
from fastembed.cli.parameters import hyper_parameters
from fastembed.cli.training import check_output, config_option, refuse_options, text_source
from fastembed.embed.cooccurrence import Cooccurrence

if TYPE_CHECKING:
    from fastembed.text.vocabulary import Vocabulary

__all__ = ["cooccur"]


@click.command()
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="Where the counts go: .fe native, .bin triples of Stanford GloVe.",
)
@click.option(
    "--format",
    type=click.Choice(["native", "triples"]),
    help="Format of the output; default: by its suffix.",
)
@click.option(
    "--vocab",
    metavar="FILE",
    help='Use these words ("word count" lines), not those of the text.',
)
@click.option(
    "--save-vocab",
    metavar="FILE",
    help='Write "word count" lines too, which give the numbers of triples a meaning.',
)
@config_option
@text_options
@quiet_option
@hyper_parameters(Cooccurrence)
@click.pass_context
def cooccur(
    ctx: click.Context,
    text: tuple[str, ...],
    output: str,
    format: str | None,
    vocab: str | None,
    save_vocab: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Count which words of TEXT stand near each other.

    TEXT is files, folders, globs, URLs or -, or a file that "fastembed encode" made. It may also
    be counts, to be written in the other format: a native file, or triples (.bin) with --vocab.
    """
    check_output(output)
    native = _is_native(output, format)
    if save_vocab is not None:
        check_output(save_vocab)
    began = time.monotonic()
    counts = _read_counts(ctx, text, vocab)
    if counts is None:
        counts = _count(ctx, text, output if native else None, vocab, quiet, options)
    if not native:
        counts.save_triples(output)
    elif ctx.meta.get("converted"):
        counts.save(output)
    if save_vocab is not None:
        from fastembed.io.triples import write_glove_vocabulary

        write_glove_vocabulary(save_vocab, counts.vocabulary_)
    if not quiet:
        seconds = max(time.monotonic() - began, 1e-9)
        size = "" if output == "-" else f" ({os.path.getsize(output):,} bytes)"
        click.echo(
            f"{counts.nnz:,} counts of {len(counts.vocabulary_):,} words in {seconds:.2f} s, "
            f"{counts.n_tokens_ / seconds:,.0f} words/s; saved {output}{size}",
            err=True,
        )


def _is_native(output: str, format: str | None) -> bool:
    from fastembed.core.packing import bare_name
    from fastembed.io.native import check_native_name

    name = bare_name(output)
    if format == "native" or (format is None and name.endswith(".fe")):
        check_native_name(output)
        return True
    if format is not None or name.endswith(".bin"):
        return False
    raise click.UsageError(
        f"{output}: no format goes with this name; end it in .fe (native) or .bin (GloVe's "
        "triples), or give --format"
    )


def _vocabulary(vocab: str) -> Vocabulary:
    from fastembed.io.triples import read_glove_vocabulary

    return read_glove_vocabulary(vocab)


def _read_counts(
    ctx: click.Context, text: tuple[str, ...], vocab: str | None
) -> Cooccurrence | None:
    """The counts that TEXT is, None if it is text."""
    from fastembed.embed.counted import open_counts

    if len(text) != 1:
        return None
    made: Cooccurrence | None
    if vocab is not None and text[0].endswith(".bin"):
        made = Cooccurrence.load(text[0], vocabulary=_vocabulary(vocab))
    else:
        made = open_counts(text[0])
    if made is None:
        return None
    names = [param.name for param in ctx.command.params if param.name]
    kept = {"text", "output", "format", "vocab", "save_vocab", "quiet", "config", "memory"}
    refuse_options(ctx, [name for name in names if name not in kept], f"{text[0]} has counts")
    ctx.meta["converted"] = True
    return made


def _count(
    ctx: click.Context,
    text: tuple[str, ...],
    path: str | None,
    vocab: str | None,
    quiet: bool,
    options: dict[str, Any],
) -> Cooccurrence:
    source = text_source(ctx, text, options)
    model = Cooccurrence(**options)
    progress = reporter(quiet)
    if vocab is None:
        return model.fit(source, path=path, progress=progress)
    from fastembed.text.corpus import Corpus

    if not isinstance(source, Corpus):
        raise click.UsageError(
            f"{text[0]} is an encoded corpus, which has a vocabulary; no --vocab"
        )
    words = _vocabulary(vocab).truncate(model.min_count, model.max_vocab)
    with source.encode(words, workers=model.workers, progress=progress) as encoded:
        return model.fit(encoded, path=path, progress=progress)
