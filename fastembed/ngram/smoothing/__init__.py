"""Smoothing methods: from counts to probabilities, one class a method."""

from __future__ import annotations

from fastembed.ngram.smoothing.absolute_discounting import AbsoluteDiscounting
from fastembed.ngram.smoothing.additive import Additive
from fastembed.ngram.smoothing.base import Smoothing
from fastembed.ngram.smoothing.dirichlet import Dirichlet
from fastembed.ngram.smoothing.good_turing import GoodTuring
from fastembed.ngram.smoothing.jelinek_mercer import JelinekMercer
from fastembed.ngram.smoothing.katz import Katz
from fastembed.ngram.smoothing.kneser_ney import KneserNey
from fastembed.ngram.smoothing.mle import MLE
from fastembed.ngram.smoothing.modified_kneser_ney import ModifiedKneserNey
from fastembed.ngram.smoothing.stupid_backoff import StupidBackoff
from fastembed.ngram.smoothing.witten_bell import WittenBell

__all__ = ["SMOOTHINGS", "Smoothing"]

# What a name means, in the order of the documentation.
SMOOTHINGS: dict[str, type[Smoothing]] = {
    method.name: method
    for method in (
        MLE,
        Additive,
        Dirichlet,
        GoodTuring,
        Katz,
        JelinekMercer,
        AbsoluteDiscounting,
        WittenBell,
        KneserNey,
        ModifiedKneserNey,
        StupidBackoff,
    )
}
