"""``fastembed convert``: vectors from one file format to another."""

from __future__ import annotations

from typing import Any

import click

from fastembed.cli.vectors import open_vectors

__all__ = ["convert"]

FORMATS = ("native", "word2vec-text", "word2vec-binary", "glove")


@click.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--format", "output_format", type=click.Choice(FORMATS),
              help="Of OUT; by default its suffix decides.")  # fmt: skip
@click.option("--from", "input_format", type=click.Choice(FORMATS),
              help="Of IN; by default its content decides.")  # fmt: skip
@click.option("--errors", type=click.Choice(["strict", "replace", "ignore"]), default="strict",
              show_default=True, help="Words that are not UTF-8: stop, or mend them.")  # fmt: skip
@click.option("--verify", is_flag=True, help="Check the checksums of a native file.")
def convert(
    source: str, target: str, output_format: Any, input_format: Any, errors: str, verify: bool
) -> None:
    """Convert vectors from file IN to file OUT.

    OUT is written in the format of its suffix: .fe native, .bin word2vec binary, .txt or .vec
    word2vec text, .glove.txt GloVe. IN may be packed (.gz .bz2 .xz .zst), "-" is standard input
    or output.
    """
    from fastembed.io.formats import format_of_name

    # a wrong name of OUT should not cost the reading of IN
    output_format = output_format or format_of_name(target)
    kv = open_vectors(source, format=input_format, unicode_errors=errors, verify=verify)
    kv.export(target, output_format)
    click.echo(f"{target}: {len(kv)} words, {kv.vector_size} dimensions, {output_format}", err=True)
