"""``fastembed train word2vec``."""

from __future__ import annotations

from fastembed.cli.training import training_command
from fastembed.embed.word2vec import Word2Vec

__all__ = ["word2vec"]


def _outcome(model: Word2Vec) -> str:
    words = model._work * len(model.loss_history_)
    rate = words / max(model.training_seconds_, 1e-9)
    return f"loss {model.loss_history_[-1]:.4f}; {rate:,.0f} words/s"


word2vec = training_command(
    "word2vec",
    Word2Vec,
    _outcome,
    """Train skip-gram or CBOW vectors on TEXT (files, folders, globs, URLs or -).

    A TEXT may also be a file that "fastembed encode" made. Ctrl-C finishes the round, saves
    a checkpoint and exits with 130; the same command with --resume goes on from there.
    With --continue a saved model learns more text, whose new words it takes in.
    """,
    continues=True,
)
