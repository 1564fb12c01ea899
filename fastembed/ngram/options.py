"""Hyper-parameters of more than one language model: declared once, given a default by each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastembed.core.params import Opt

__all__ = ["CountingMemory", "Prune", "PruneEntropy", "SmoothingParams", "Symbols"]

CountingMemory = Annotated[
    int | str | None,
    Opt(
        "Memory for counting, such as 4G; more goes to temporary files. The model that is made of "
        "the counts takes its own beside that. Default: half of what is usable.",
        metavar="SIZE",
    ),
]
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
