"""``fastembed train MODEL TEXT... -o OUTPUT``: word vectors from text, one sub-command a model."""

from __future__ import annotations

import click

from fastembed.cli.lazy import LazyGroup

__all__ = ["train"]

# What the commands share stands in fastembed.cli.training.
TRAINERS = {
    "word2vec": (
        "fastembed.cli.train_word2vec:word2vec",
        "Skip-gram or CBOW, with negative sampling or hierarchical softmax.",
    ),
    "glove": (
        "fastembed.cli.train_glove:glove",
        "A weighted least-squares fit of the logarithms of co-occurrence counts.",
    ),
    "svd": (
        "fastembed.cli.train_svd:svd",
        "The largest singular values of the PPMI matrix of co-occurrence counts.",
    ),
    "lsa": (
        "fastembed.cli.train_lsa:lsa",
        "Words and documents by the singular values of the tf-idf matrix.",
    ),
}


@click.command(cls=LazyGroup, table=TRAINERS)
def train() -> None:
    """Train word vectors from text."""
