"""Smoothing methods: from counts to probabilities, one class a method."""

from __future__ import annotations

from fastembed.ngram.smoothing.modified_kneser_ney import ModifiedKneserNey

__all__ = ["SMOOTHINGS"]

SMOOTHINGS: dict[str, type] = {"modified_kneser_ney": ModifiedKneserNey}
