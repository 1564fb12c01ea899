"""Co-occurrence counts and GloVe, beside Stanford's programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.setting import CPU, MEMORY, Figures, Setting, Variants, same
from fastembed.bench.topics.word2vec import check_training

__all__ = ["COUNTING", "GLOVE", "check_glove", "cooccurrence", "counts_setup", "glove"]

# The same for everybody: Stanford's demo, but x_max, which is smaller for smaller texts.
COUNTING: dict[str, Any] = {"window": 15, "min_count": 5}
GLOVE: dict[str, Any] = {
    "vector_size": 100,
    "x_max": 10.0,
    "alpha": 0.75,
    "eta": 0.05,
    "epochs": 1,
    "seed": 1,
}
AGREEMENT = 0.1  # of the losses: the order of the pairs makes a few hundredths in the first epoch

SECONDS = Metric("seconds", "text to counts, s", "lower")
COUNT = Metric("count_s", "counting alone, s", "lower")
TRAINING = (
    Metric("pairs_per_s", "training, pairs/s", "higher"),
    Metric("seconds", "counts to vectors, s", "lower"),
    Metric("last_loss", "loss of the last epoch", "lower"),
    CPU,
    MEMORY,
)


def check_counts(figures: Figures) -> list[str]:
    """The same words, pairs and sum."""
    wrong = same("vocabulary", figures) + same("n_pairs", figures)
    sums = {name: f["sum"] for name, f in figures.items()}
    first = next(iter(sums.values()))
    # each count is rounded to float32 here
    if any(abs(total / first - 1) > 1e-6 for total in sums.values()):
        wrong.append(
            "the sums of the counts differ: " + ", ".join(f"{n} {s}" for n, s in sums.items())
        )
    return wrong


def check_glove(figures: Figures) -> list[str]:
    """As many vectors of as many pairs, losses that fall and agree, memory as promised."""
    wrong = check_training(figures) + same("n_pairs", figures)
    losses = {name: f["last_loss"] for name, f in figures.items()}
    first = next(iter(losses.values()))
    for name, loss in losses.items():
        if not abs(loss / first - 1) <= AGREEMENT:
            wrong.append(f"{name} ended with a loss of {loss}, not {first}")
    return wrong


def _workers(n: int) -> str:
    return f"{n} worker{'s' if n > 1 else ''}"


def cooccurrence(setting: Setting) -> Iterator[Case]:
    """From the text to the counts of pairs, and the counting alone."""
    for workers in setting.workers:
        spec = {
            **setting.text,
            "params": COUNTING,
            "workers": workers,
            "folder": str(setting.folder),
        }
        variants: Variants = {
            "fastembed": ("fastembed", {}),
            "fastembed to a file": ("fastembed", {"save": True}),
        }
        if workers == min(setting.workers):  # its programs have one thread
            variants = {**variants, "GloVe": ("glove", {})}
        yield Case(
            "cooccurrence",
            f"window {COUNTING['window']}, {_workers(workers)}",
            setting.peer_commands("count", spec, variants),
            (COUNT, SECONDS, CPU, MEMORY),
            check_counts,
            workers,
        )


def counts_setup(setting: Setting) -> tuple[Command, ...]:
    """Each contender's own counts, left in the folder."""
    spec = {
        **setting.text,
        "params": COUNTING,
        "workers": max(setting.workers),
        "folder": str(setting.folder),
        "keep": True,
    }
    variants: Variants = {"fastembed": ("fastembed", {}), "GloVe": ("glove", {})}
    return setting.peer_commands("count", spec, variants)


def glove(setting: Setting) -> Iterator[Case]:
    """From the counts to vectors, and the rate of the training alone."""
    setup = counts_setup(setting)
    for size in setting.sizes:
        for workers in setting.workers:
            spec = {
                "workers": workers,
                "folder": str(setting.folder),
                "params": {**GLOVE, "epochs": setting.epochs, "vector_size": size},
            }
            variants: Variants = {"fastembed": ("fastembed", {}), "GloVe": ("glove", {})}
            yield Case(
                "glove",
                f"GloVe, d = {size}, {_workers(workers)}",
                setting.peer_commands("train_glove", spec, variants),
                TRAINING,
                check_glove,
                workers,
                setup=setup,
            )
            setup = ()
