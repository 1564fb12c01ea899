"""``fastembed compress``: word vectors with fewer dimensions, by an autoencoder."""

from __future__ import annotations

from typing import Any

import click

from fastembed.cli.options import quiet_option, reporter, workers_option
from fastembed.cli.training import (
    CHECKPOINT_OPTIONS,
    Checkpoint,
    check_output,
    checkpoint_options,
)
from fastembed.cli.vectors import open_vectors, vectors_argument

__all__ = ["compress"]


def _sizes(context: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(n) for n in (value or "").split(",") if n)
    except ValueError:
        raise click.BadParameter(f"{value!r}: give sizes such as 256 or 256,128") from None


@click.command()
@vectors_argument
@click.option("-d", "--dimensions", type=click.IntRange(min=1), required=True, metavar="N",
              help="Of the new vectors.")  # fmt: skip
@click.option("-o", "--output", required=True, metavar="FILE",
              help="Where they go; its suffix says the format.")  # fmt: skip
@click.option("--hidden", callback=_sizes, metavar="SIZES",
              help="Hidden layers of the encoder, such as 256,128; default: none.")  # fmt: skip
@click.option("--normalize/--no-normalize", default=True, show_default=True,
              help="Take the vectors at length 1.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), metavar="N",
              help="Passes over the vectors; default: 20, more for few words.")  # fmt: skip
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), metavar="FLOAT",
              default=5e-3, show_default=True)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), metavar="INT", default=1, show_default=True)
@checkpoint_options
@workers_option
@quiet_option
def compress(
    vectors: str,
    dimensions: int,
    output: str,
    hidden: tuple[int, ...],
    normalize: bool,
    epochs: int | None,
    learning_rate: float,
    seed: int,
    workers: int | None,
    quiet: bool,
    **how: Any,
) -> None:
    """Write the vectors of file VECTORS with fewer dimensions.

    An autoencoder is trained on them; cosines of the new vectors are those of its reconstructions.
    Measure what was lost: "fastembed evaluate" on both files.
    """
    from fastembed.io.formats import format_of_name
    from fastembed.nn.compression import compress_vectors

    kind = format_of_name(output)
    check_output(output)
    saved = Checkpoint.chosen(output, *(how[name] for name in CHECKPOINT_OPTIONS))
    old = open_vectors(vectors)
    with saved.hint():
        new = compress_vectors(
            old,
            dimensions,
            hidden=hidden,
            normalize=normalize,
            epochs=epochs,
            learning_rate=learning_rate,
            seed=seed,
            workers=workers,
            progress=reporter(quiet),
            **saved.fit_options(),
        )
    new.export(output, kind)
    saved.remove()
    kept = new.metadata["compression"]["kept"]
    click.echo(
        f"{output}: {len(new)} words, {old.vector_size} -> {dimensions} dimensions, "
        f"{kept:.1%} of the variance kept",
        err=True,
    )
