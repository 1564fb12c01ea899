"""``fastembed train lsa``."""

from __future__ import annotations

from fastembed.cli.training import training_command
from fastembed.embed.lsa import LSA

__all__ = ["lsa"]


def _outcome(model: LSA) -> str:
    documents = len(model.document_vectors_)
    return f"{documents:,} documents, {model.captured_:.1%} of the squares"


lsa = training_command(
    "lsa",
    LSA,
    _outcome,
    """Make vectors of words and documents (lines) of TEXT by an SVD of its tf-idf matrix.

    TEXT is files, folders, globs, URLs or -, or a file of word ids that "fastembed encode" made.
    The vectors of the documents are kept in the native format (.fe) only.
    """,
    in_rounds=False,
)
