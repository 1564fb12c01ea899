"""The whole run: prepare the text, go through the topics, describe the machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastembed.bench.measure import UNSET, Result, run_case, run_command
from fastembed.bench.peers import Contender
from fastembed.bench.setting import Setting
from fastembed.bench.topics import TOPICS

__all__ = ["environment", "prepare_text", "run_topics"]

MAX_WORDS = 1000  # on a line: the original word2vec's limit for a sentence


def prepare_text(
    ours: Contender,
    source: str,
    folder: Path,
    *,
    limit: int | None = None,
    tokens: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Copy the text for all contenders, about ``limit`` bytes of it; its path and size.

    ``tokens`` are options of `Corpus` for a text that is to be tokenised first. A process of its
    own does it: the measuring one must stay small (see `run_command`).
    """
    path = str(folder / "text.txt")
    spec = {"path": source, "output": path, "max_words": MAX_WORDS, "limit": limit}
    spec["tokens"] = dict(tokens or {})
    figures = run_command(ours.command("prepare", spec)).figures
    return {"path": path, "n_bytes": figures["n_bytes"], "n_words": figures["n_words"]}


def run_topics(
    setting: Setting,
    topics: Sequence[str],
    runs: int,
    progress: Callable[[str], None],
    only: str = "",
) -> Iterator[Result]:
    """Results of the chosen topics, case by case as they come; those named like ``only``."""
    for topic in topics:
        for case in TOPICS[topic](setting):
            if only in case.name:
                yield run_case(case, runs, progress)


def environment(contenders: Mapping[str, Contender]) -> dict[str, Any]:
    """The machine and the versions: what the figures hold for."""
    ours = contenders["fastembed"].info
    return {
        "processor": ours["processor"],
        "cores": ours["cores"],
        "platform": ours["platform"],
        "isa": ours["isa"]["used"],
        "openmp": ours["openmp"],
        "blas": ours["blas"],
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "contenders": {name: _versions(c.info) for name, c in contenders.items()},
        "unset": [name for name in UNSET if name in os.environ],
    }


def _versions(info: Mapping[str, Any]) -> dict[str, Any]:
    versions = {**info, **info.get("requires", {})}
    keep = ("version", "python", "numpy", "scipy")
    return {key: versions[key] for key in keep if key in versions}
