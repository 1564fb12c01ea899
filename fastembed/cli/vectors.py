"""What the commands on vectors share: the file argument, and opening it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fastembed.embed.keyed_vectors import KeyedVectors

__all__ = ["json_option", "open_vectors", "restrict_option", "vectors_argument"]

vectors_argument = click.argument("vectors", metavar="VECTORS")

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


def restrict_option(default: int | None) -> Any:
    """--restrict-vocab, the first so many words."""
    return click.option(
        "--restrict-vocab",
        type=click.IntRange(min=1),
        default=default,
        show_default=default is not None,
        metavar="N",
        help="Use only the first N words, the most frequent ones as a rule.",
    )


def open_vectors(path: str, **options: Any) -> KeyedVectors:
    """Vectors of any format; warnings, such as of repeated words, become lines on stderr."""
    from fastembed.embed.keyed_vectors import KeyedVectors

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vectors = KeyedVectors.load(path, **options)
    for warning in caught:
        click.echo(f"fastembed: warning: {warning.message}", err=True)
    return vectors
