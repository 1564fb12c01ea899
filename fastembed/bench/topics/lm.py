"""The topic ``lm``: n-gram models beside KenLM, from text to file, from file to scores.

KenLM takes part twice: its Python module where it is installed, and its programs ``lmplz``,
``build_binary`` and ``query`` where their folder is given. Every case checks that the results
agree: the number of n-grams of each order, and the perplexity of the test text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.setting import CPU, MEMORY, PROCESS, SECONDS, Figures, Setting, Variants

__all__ = ["ORDERS", "check_model", "check_scores", "lm"]

ORDERS = (3, 5)
BYTES = Metric("bytes_per_ngram", "bytes an n-gram", "lower")
RATE = Metric("tokens_per_s", "tokens/s", "higher")
CPU_RATE = Metric("tokens_per_cpu_s", "tokens/s of CPU", "higher")

# Quantised models and rounded numbers differ in the fourth digit at most.
TOLERANCE = 1e-3


def check_model(figures: Figures) -> list[str]:
    """The same n-grams of every order."""
    counts = {name: figure["ngrams"] for name, figure in figures.items()}
    first = next(iter(counts.values()))
    return [
        f"{name} has {found} n-grams, not {first}"
        for name, found in counts.items()
        if found != first
    ]


def check_scores(figures: Figures) -> list[str]:
    """The same tokens and the same perplexity."""
    (_, first), *others = figures.items()
    wrong = []
    for name, figure in others:
        if figure["tokens"] != first["tokens"]:
            wrong.append(f"{name} scored {figure['tokens']} tokens, not {first['tokens']}")
        if abs(figure["perplexity"] / first["perplexity"] - 1) > TOLERANCE:
            wrong.append(f"{name} found {figure['perplexity']}, not {first['perplexity']}")
    return wrong


def lm(setting: Setting) -> Iterator[Case]:
    """From text to ARPA and to a file to be asked, opening it, and scoring.

    A later case asks the files that an earlier one made, so with ``--only`` take those too.
    """
    folder = setting.folder
    train, test = str(folder / "lm-train.txt"), str(folder / "lm-test.txt")
    split = {"path": setting.text["path"], "train": train, "test": test, "line_words": 20}
    setup: tuple[Command, ...] = (setting.contenders["fastembed"].command("split_text", split),)
    most = max(setting.workers)

    def case(
        name: str,
        task: str,
        spec: Mapping[str, Any],
        variants: Variants,
        metrics: tuple[Metric, ...],
        check: Callable[[Figures], list[str]],
        workers: int = 1,
    ) -> Case:
        nonlocal setup
        commands = setting.peer_commands(task, {**spec, "folder": str(folder)}, variants)
        found = Case("lm", name, commands, metrics, check, workers, setup)
        setup = ()
        return found

    for order in ORDERS[:1] if setting.quick else ORDERS:
        files = {
            name: str(folder / f"lm{order}.{name}") for name in ("arpa", "fe", "probing", "trie")
        }
        spec = {"order": order, "text": train, "test": test, **files}
        for workers in dict.fromkeys((1, most)):
            ours: dict[str, tuple[str, Mapping[str, Any]]] = {
                "fastembed": ("fastembed", {"workers": workers})
            }
            named = f"{workers} worker{'s' if workers > 1 else ''}"
            yield case(
                f"text to ARPA, order {order}, {named}", "lm_arpa", spec,
                {**ours, "lmplz": ("kenlm_bin", {})}, (PROCESS, CPU, MEMORY), check_model, workers,
            )  # fmt: skip
            yield case(
                f"text to a file to be asked, order {order}, {named}", "lm_native", spec,
                {**ours, "lmplz, build_binary probing": ("kenlm_bin", {"kind": "probing"}),
                 "lmplz, build_binary trie": ("kenlm_bin", {"kind": "trie"})},
                (PROCESS, CPU, MEMORY, BYTES), check_model, workers,
            )  # fmt: skip
            yield case(
                f"ARPA to a file to be asked, order {order}, {named}", "lm_convert", spec,
                {**ours, "build_binary probing": ("kenlm_bin", {"kind": "probing"}),
                 "build_binary trie": ("kenlm_bin", {"kind": "trie"})},
                (PROCESS, CPU, MEMORY, BYTES), check_model, workers,
            )  # fmt: skip
        yield case(
            f"open and score one sentence, order {order}", "lm_open", spec,
            {"fastembed": ("fastembed", {}), "kenlm, probing": ("kenlm", {"kind": "probing"}),
             "kenlm, ARPA": ("kenlm", {"kind": "arpa"})},
            (SECONDS, MEMORY), check_scores,
        )  # fmt: skip
        for workers in dict.fromkeys((1, most)):
            yield case(
                f"score a text, order {order}, {workers} worker{'s' if workers > 1 else ''}",
                "lm_batch", spec,
                {"fastembed": ("fastembed", {"workers": workers}),
                 "query, probing": ("kenlm_bin", {"kind": "probing"}),
                 "query, trie": ("kenlm_bin", {"kind": "trie"})},
                (RATE, CPU_RATE, MEMORY), check_scores, workers,
            )  # fmt: skip
        yield case(
            f"score sentence by sentence from Python, order {order}", "lm_sentences", spec,
            {"fastembed": ("fastembed", {}), "kenlm, probing": ("kenlm", {"kind": "probing"}),
             "kenlm, trie": ("kenlm", {"kind": "trie"})},
            (RATE, CPU_RATE, MEMORY), check_scores,
        )  # fmt: skip
