"""``fastembed encode``: turn a text into word ids once, for many runs."""

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

__all__ = ["encode"]


@click.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE", help="The encoded corpus (.fe).")
@click.option(
    "--vocab",
    metavar="FILE",
    help="Use these words (word<TAB>count lines), not those of the text.",
)
@vocabulary_options
@click.option(
    "--oov",
    type=click.Choice(["drop", "unk"]),
    default="drop",
    show_default=True,
    help="A word that is not kept: leave it out, or make it <unk>.",
)
@click.option(
    "--keep-empty",
    is_flag=True,
    help="A line without words is a sentence too, as language models take it.",
)
@text_options
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@quiet_option
def encode(
    texts: tuple[str, ...],
    output: str,
    vocab: str | None,
    min_count: int,
    max_vocab: int | None,
    oov: str,
    keep_empty: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Turn a text into word ids once, for many runs.

    TEXT is what "fastembed vocab" takes; every command that trains takes the result as its TEXT.
    """
    from fastembed.text.vocabulary import Vocabulary

    if output == "-":
        raise click.UsageError("the encoded corpus needs a file: -o FILE")
    given = None
    if vocab is not None:
        given = Vocabulary.load(vocab).truncate(min_count, max_vocab)
    corpus = make_corpus(texts, **options)
    with corpus.encode(
        given,
        min_count=min_count,
        max_vocab=max_vocab,
        oov=oov,  # type: ignore[arg-type]
        keep_empty=keep_empty,
        path=output,
        progress=reporter(quiet),
    ) as encoded:
        figures = {
            "file": output,
            "words": len(encoded.vocabulary),
            "tokens": encoded.n_tokens,
            "raw_tokens": encoded.n_raw_tokens,
            "sentences": encoded.n_sentences,
        }
    if as_json:
        click.echo(json.dumps(figures))
        return
    click.echo(
        f"{output}: {figures['tokens']:,} tokens in {figures['sentences']:,} sentences, "
        f"{figures['words']:,} words"
    )
