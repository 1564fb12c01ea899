"""``fastembed lm COMMAND``: language models."""

from __future__ import annotations

import click

from fastembed.cli.lazy import LazyGroup

__all__ = ["lm"]

COMMANDS = {
    "train": ("fastembed.cli.lm_train:train", "Train a model from text."),
    "score": ("fastembed.cli.lm_score:score", "Score sentences, or each of their words."),
    "perplexity": (
        "fastembed.cli.lm_perplexity:perplexity",
        "Measure models, and mixtures of them, on a text.",
    ),
    "generate": ("fastembed.cli.lm_generate:generate", "Draw sentences from a model."),
    "compare": (
        "fastembed.cli.lm_compare:compare",
        "Measure every smoothing and order on a text.",
    ),
    "convert": (
        "fastembed.cli.lm_convert:convert",
        "Convert between ARPA and the native format, or quantise.",
    ),
}


@click.command(cls=LazyGroup, table=COMMANDS)
def lm() -> None:
    """Train, score, mix and convert language models: of n-grams, of word classes, neural.

    MODEL is an ARPA file (packed too; KenLM's and SRILM's are read; - is one on standard input) or
    a native file. Logarithms are to base 10.
    """
