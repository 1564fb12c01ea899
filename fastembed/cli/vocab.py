"""``fastembed vocab``: count the words of a text."""

from __future__ import annotations

import json
from typing import Any

import click

from fastembed.cli.options import (
    make_corpus,
    quiet_option,
    reporter,
    text_options,
    vocabulary_options,
    workers_option,
)

__all__ = ["vocab"]


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    default="-",
    show_default=True,
    metavar="FILE",
    help='Where word<TAB>count lines go; "-" is standard output.',
)
@vocabulary_options
@text_options
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead.")
@quiet_option
def vocab(
    texts: tuple[str, ...],
    output: str,
    min_count: int,
    max_vocab: int | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Count the words of a text.

    TEXT is a file (.gz .bz2 .xz .zst are unpacked), a folder, a glob, a URL, or "-" for standard
    input. Words come most frequent first, then in order of their bytes.
    """
    corpus = make_corpus(texts, **options)
    vocabulary = corpus.vocabulary(min_count, max_vocab, progress=reporter(quiet))
    if not as_json:
        vocabulary.save(output)
        return
    from fastembed.core.files import open_write

    kept = int(vocabulary.counts.sum())
    figures = {
        "words": len(vocabulary),
        "tokens": kept,
        "raw_tokens": vocabulary.n_raw_tokens,
        "min_count": min_count,
        "counts": dict(zip(vocabulary, vocabulary.counts.tolist(), strict=True)),
    }
    with open_write(output) as file:
        file.write(json.dumps(figures, ensure_ascii=False, indent=1).encode() + b"\n")
