"""Hyper-parameters of more than one language model: declared once, given a default by each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastembed.core.params import Opt

__all__ = ["Prune", "PruneEntropy", "SmoothingParams", "Symbols"]

Prune = Annotated[
    Any,
    Opt("Leave out n-grams of each order that are there so often or less.", metavar="'0 0 1'"),
]
PruneEntropy = Annotated[
    float | None,
    Opt("Leave out n-grams that raise the perplexity by less than this share.", gt=0, lt=1),
]
SmoothingParams = Annotated[
    dict[str, Any] | None, Opt("Parameters of the smoothing method by name.", cli=False)
]
Symbols = Annotated[
    Literal["error", "skip"], Opt("<s> and </s> in the text: stop, or leave them out.")
]
