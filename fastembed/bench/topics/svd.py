"""The truncated SVD of a PPMI matrix, beside scikit-learn's randomised one; time and error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.setting import CPU, MEMORY, SECONDS, Figures, Setting, Variants

__all__ = ["check_svd", "svd"]

COUNTING: Mapping[str, Any] = {"window": 5, "min_count": 5, "max_vocab": 50_000}
FIGURES = (
    SECONDS,
    Metric("last_low", "last singular value too low, %", "lower"),
    Metric("squares_low", "squares missing, %", "lower"),
    CPU,
    MEMORY,
)
BEST = "scikit-learn n_iter=7"  # what ours must not be behind
ROUNDING = 1e-2  # %


def check_svd(figures: Figures) -> list[str]:
    """No singular value above the exact one, orthonormal vectors, ours as exact as the peer's."""
    wrong = []
    for name, f in figures.items():
        if f["excess"] > ROUNDING:
            wrong.append(f"{name} has {f['excess']:.3g} % more than there is")
        if f["overlap"] > 1e-2:
            wrong.append(f"{name} made vectors that are not orthonormal ({f['overlap']:.1e})")
    ours, peer = figures.get("fastembed"), figures.get(BEST)
    if ours and peer and ours["last_low"] > peer["last_low"] + ROUNDING:
        wrong.append("fastembed is less exact than the peer")
    return wrong


def svd(setting: Setting) -> Iterator[Case]:
    """The 100 largest singular values and their vectors, by more and by less exact methods."""
    k = setting.sizes[0]
    folder = str(setting.folder)
    spec = {**setting.text, "counting": dict(COUNTING), "k": k, "folder": folder}
    setup: tuple[Command, ...] = (setting.contenders["fastembed"].command("make_matrix", spec),)
    variants: dict[str, tuple[str, Mapping[str, Any]]] = {
        "fastembed": ("fastembed", {"params": {}})
    }
    for n_iter in (4, 7, 16, 20):
        variants[f"n_iter={n_iter}"] = ("fastembed", {"params": {"n_iter": n_iter}})
    variants["exact"] = ("fastembed", {"params": {"solver": "exact"}})
    for n_iter in (7, 2):
        variants[f"scikit-learn n_iter={n_iter}"] = ("sklearn", {"params": {"n_iter": n_iter}})
    for workers in setting.workers:
        case: Variants = {
            label: variant
            for label, variant in variants.items()
            # it has one thread, and takes longest
            if label != "exact" or workers == min(setting.workers)
        }
        yield Case(
            "svd",
            f"PPMI of {COUNTING['max_vocab']:,} words, {k} values, "
            f"{workers} worker{'s' if workers > 1 else ''}",
            setting.peer_commands("svd", {"workers": workers, "k": k, "folder": folder}, case),
            FIGURES,
            check_svd,
            workers,
            setup=setup,
        )
        setup = ()
