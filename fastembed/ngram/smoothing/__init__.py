"""Smoothing methods: from counts to probabilities, one class a method."""

from __future__ import annotations

from fastembed.ngram.smoothing.absolute_discounting import AbsoluteDiscounting
from fastembed.ngram.smoothing.base import Smoothing
from fastembed.ngram.smoothing.kneser_ney import KneserNey
from fastembed.ngram.smoothing.modified_kneser_ney import ModifiedKneserNey

__all__ = ["SMOOTHINGS", "Smoothing"]

# What a name means, in the order of the documentation.
SMOOTHINGS: dict[str, type[Smoothing]] = {
    method.name: method for method in (AbsoluteDiscounting, KneserNey, ModifiedKneserNey)
}
