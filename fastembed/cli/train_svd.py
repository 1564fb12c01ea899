"""``fastembed train svd``."""

from __future__ import annotations

from fastembed.cli.training import training_command
from fastembed.embed.svd import SVDVectors

__all__ = ["svd"]


def _outcome(model: SVDVectors) -> str:
    s = model.singular_values_
    return f"singular values {s[0]:.5g} to {s[-1]:.5g}, {model.captured_:.1%} of the squares"


svd = training_command(
    "svd",
    SVDVectors,
    _outcome,
    """Make vectors from TEXT (files, folders, globs, URLs or -) by an SVD of its PPMI matrix.

    A TEXT may also be a file of counts that "fastembed cooccur" made, or one of word ids that
    "fastembed encode" made.
    """,
    in_rounds=False,
    from_counts=True,
)
