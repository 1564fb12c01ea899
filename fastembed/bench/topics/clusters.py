"""Word clusters, beside brown-cluster and clustercat: time, and the information that is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Metric
from fastembed.bench.setting import CPU, MEMORY, PROCESS, Figures, Setting, Variants, same

__all__ = ["clusters"]

PASSES = 15  # clustercat's default
AMI = Metric("ami_bits", "AMI, bits", "higher")
AGREEMENT = 0.01  # of Brown clusterings: words of equal frequency may come in another order


def _checked(figures: Figures, lowest: float) -> list[str]:
    wrong = same("n_clusters", figures) + same("n_words", figures)
    ours = next(iter(figures.values()))["ami_bits"]
    for name, f in figures.items():
        if ours < lowest * f["ami_bits"]:
            wrong.append(f"{name} keeps {f['ami_bits']:.4f} bits, fastembed {ours:.4f}")
    return wrong


def check_brown(figures: Figures) -> list[str]:
    """As many clusters of as many words, as much information."""
    return _checked(figures, 1 - AGREEMENT)


def check_exchange(figures: Figures) -> list[str]:
    """The same, and no less information than anybody else's."""
    return _checked(figures, 1.0)


def clusters(setting: Setting) -> Iterator[Case]:
    """From the text to a file of clusters, on one thread: start, read, cluster, save."""

    def case(name: str, n: int, variants: Variants, check: Any, **more: Any) -> Case:
        spec: Mapping[str, Any] = {
            **setting.text,
            "folder": str(setting.folder),
            "n_clusters": n,
            "passes": PASSES,
            **more,
        }
        metrics = (PROCESS, CPU, MEMORY, AMI)
        return Case("clusters", name, setting.peer_commands("cluster", spec, variants), metrics,
                    check)  # fmt: skip

    for n in setting.clusters:
        brown: Variants = {
            "fastembed": ("fastembed", {"options": []}),
            "brown-cluster": ("wcluster", {}),
        }
        yield case(f"Brown, C = {n:,}", n, brown, check_brown)
        exchange: Variants = {
            "fastembed": (
                "fastembed",
                {"options": ["--method", "exchange", "--passes", str(PASSES), "--format", "tsv"]},
            ),
            "clustercat": ("clustercat", {}),
        }
        yield case(f"exchanges, C = {n:,}, {PASSES} passes", n, exchange, check_exchange)
        refined: Variants = {
            "fastembed refine=5": ("fastembed", {"options": ["--refine", "5"]}),
            "fastembed": ("fastembed", {"options": []}),
        }
        yield case(f"Brown refined, C = {n:,}", n, refined, check_exchange)
