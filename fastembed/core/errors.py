"""The errors that fastembed raises on purpose.

A message says what is wrong, where, and what to do. Bad arguments are ``ValueError`` or
``TypeError`` that name the allowed set; an unknown word is a ``KeyError``.
"""

from __future__ import annotations

__all__ = [
    "CorpusError",
    "FastembedError",
    "FormatError",
    "NotFittedError",
    "TrainingError",
    "VocabularyError",
]


class FastembedError(Exception):
    """Base of every error that fastembed raises on purpose."""


class CorpusError(FastembedError):
    """The text cannot be read: missing, empty, not UTF-8, cut short, or readable only once."""


class VocabularyError(FastembedError):
    """No vocabulary, or one that does not fit what it is used with."""


class FormatError(FastembedError):
    """A file is not what its format promises; the message names the line or the byte offset."""


class TrainingError(FastembedError):
    """Training cannot go on: a loss that is not finite, or a checkpoint of another run."""


class NotFittedError(FastembedError, AttributeError):
    """A result was asked of a model that has not been trained."""
