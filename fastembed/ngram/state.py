"""Scoring word by word: a state is what a model remembers of the words before.

Two histories that end in the same ``order - 1`` words have equal states. A state belongs to the
model that made it.
"""

from __future__ import annotations

from fastembed._native._lmscore import State

__all__ = ["State"]
