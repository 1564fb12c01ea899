"""What the topics share: the setting of a run, the common figures, the plainest checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastembed.bench.measure import Command, Metric
from fastembed.bench.peers import Contender

__all__ = ["Figures", "Setting", "Variants", "check_nothing", "same"]

Figures = Mapping[str, Mapping[str, Any]]
Variants = Mapping[str, tuple[str, Mapping[str, Any]]]  # label: (contender, more of the spec)

SECONDS = Metric("seconds", "seconds", "lower")
CPU = Metric("cpu_s", "CPU, s", "lower")
MEMORY = Metric("peak_mb", "peak memory, MB", "lower")
PROCESS = Metric("process_s", "wall, s", "lower")


@dataclass(frozen=True)
class Setting:
    """What the cases of a run have in common."""

    contenders: Mapping[str, Contender]
    text: Mapping[str, Any]  # path, n_bytes, n_words of the prepared text
    folder: Path  # scratch
    workers: tuple[int, ...] = (1,)
    sizes: tuple[int, ...] = (100, 300)
    clusters: tuple[int, ...] = (100, 320)
    epochs: int = 1
    tokens: int | None = None  # of the text, where a topic takes a part of it
    seed: int = 1
    n_vectors: int = 200_000
    n_queries: int = 1000
    quick: bool = False
    mnist: str | None = None  # folder of the four IDX files

    def peer_commands(
        self,
        task: str,
        spec: Mapping[str, Any],
        variants: Variants,
    ) -> tuple[Command, ...]:
        """One command a variant whose contender is there."""
        return tuple(
            self.contenders[module].command(task, {**spec, **more}, label)
            for label, (module, more) in variants.items()
            if module in self.contenders
        )


def same(key: str, figures: Figures) -> list[str]:
    """A complaint if the contenders that report ``key`` report different values."""
    values = {name: f[key] for name, f in figures.items() if f.get(key) is not None}
    if len(set(values.values())) <= 1:
        return []
    return [f"{key} differs: " + ", ".join(f"{name} {value}" for name, value in values.items())]


def check_nothing(figures: Figures) -> list[str]:
    """For programs whose exit status says all."""
    return []
