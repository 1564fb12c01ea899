"""``fastembed neighbors``: the nearest words of words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fastembed.cli.vectors import json_option, open_vectors, restrict_option, vectors_argument

if TYPE_CHECKING:
    from fastembed.embed.keyed_vectors import KeyedVectors

__all__ = ["neighbors"]


@click.command()
@vectors_argument
@click.argument("words", nargs=-1)
@click.option("-n", "--topn", type=click.IntRange(min=1), default=10, show_default=True,
              metavar="N", help="How many for each word.")  # fmt: skip
@restrict_option(None)
@json_option
@click.pass_context
def neighbors(
    context: click.Context,
    vectors: str,
    words: tuple[str, ...],
    topn: int,
    restrict_vocab: int | None,
    as_json: bool,
) -> None:
    """Show the nearest words of WORDS, by cosine.

    Lines word<TAB>neighbour<TAB>cosine, nearest first; with --json one object a word. Without
    WORDS they are read from standard input, one a line, and an unknown one does not end the
    command, but its exit status is then 1.
    """
    if not words and vectors == "-":
        raise click.UsageError("standard input cannot be the vectors and the words")
    kv = open_vectors(vectors)
    if words:
        for word in words:
            kv.get_index(word)  # before anything is printed
        for word in words:
            _show(kv, word, topn, restrict_vocab, as_json)
        return
    unknown = False
    for word in _asked():
        try:
            _show(kv, word, topn, restrict_vocab, as_json)
        except KeyError as error:
            click.echo(f"fastembed: {error.args[0]}", err=True)
            unknown = True
    if unknown:
        context.exit(1)


def _asked() -> Iterator[str]:
    """Words from standard input, with a prompt where a person types."""
    stream = sys.stdin
    prompt = stream.isatty()
    while True:
        if prompt:
            click.echo("> ", err=True, nl=False)
        line = stream.readline()
        if not line:  # the end
            return
        if line.strip():
            yield line.strip()


def _show(
    kv: KeyedVectors, word: str, topn: int, restrict_vocab: int | None, as_json: bool
) -> None:
    found = kv.most_similar(word, topn=topn, restrict_vocab=restrict_vocab)
    if as_json:
        rows = [{"word": other, "similarity": round(cosine, 7)} for other, cosine in found]
        click.echo(json.dumps({"word": word, "neighbors": rows}, ensure_ascii=False))
        return
    for other, cosine in found:
        click.echo(f"{word}\t{other}\t{cosine:.4f}")
