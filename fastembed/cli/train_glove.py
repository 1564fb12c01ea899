"""``fastembed train glove``."""

from __future__ import annotations

from fastembed.cli.training import training_command
from fastembed.embed.glove import GloVe

__all__ = ["glove"]


def _outcome(model: GloVe) -> str:
    rate = sum(model.n_examples_) / max(model.training_seconds_, 1e-9)
    return f"loss {model.loss_history_[-1]:.5f}; {rate:,.0f} pairs/s"


glove = training_command(
    "glove",
    GloVe,
    _outcome,
    """Train GloVe vectors on TEXT (files, folders, globs, URLs or -).

    A TEXT may also be a file of counts that "fastembed cooccur" made, or one of word ids that
    "fastembed encode" made. Triples of Stanford GloVe need their words: fastembed cooccur TRIPLES
    --vocab FILE -o COUNTS.fe makes counts of them. Ctrl-C finishes the round, saves a checkpoint
    and exits with 130; the same command with --resume goes on from there.
    """,
    from_counts=True,
    initial=True,
)
