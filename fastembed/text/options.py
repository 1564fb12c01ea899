"""Hyper-parameters that every model of a text has: declared once, given a default by each."""

from __future__ import annotations

from typing import Annotated

from fastembed.core.params import Opt

__all__ = ["MaxVocab", "Memory", "MinCount", "Workers"]

MinCount = Annotated[int, Opt("Leave out words that occur less often than this.", ge=1)]
MaxVocab = Annotated[int | None, Opt("Keep only this many of the most frequent words.", ge=1)]
Workers = Annotated[int | None, Opt("Threads; all usable cores by default.", ge=1, le=4096)]
Memory = Annotated[
    int | str | None,
    Opt(
        "Memory for counting, such as 4G; more goes to temporary files. Default: half of what is "
        "usable.",
        metavar="SIZE",
    ),
]
