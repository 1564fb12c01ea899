"""The topic ``lm``: n-gram models beside KenLM, from text to file, from file to scores.

KenLM takes part twice: its Python module where it is installed, and its programs ``lmplz``,
``build_binary`` and ``query`` where their folder is given. Every case checks that the results
agree: the number of n-grams of each order, and the perplexity of the test text. What is scored are
the models that each made of the text itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.setting import CPU, MEMORY, PROCESS, SECONDS, Figures, Setting, Variants

__all__ = ["ORDERS", "check_model", "check_scores", "lm"]

ORDERS = (3, 5)
TIMES = 10  # the test text is short beside the pages of a model that are read for the first time
LARGE = 100_000_000  # bytes of a text for which lmplz may take 4 GB instead of 2
BYTES = Metric("bytes_per_ngram", "bytes an n-gram", "lower")
RATE = Metric("tokens_per_s", "tokens/s", "higher")
CPU_RATE = Metric("tokens_per_cpu_s", "tokens/s of CPU", "higher")
STAGES = tuple(
    Metric(f"{stage}_{clock}s", f"{label}, {'CPU ' if clock else ''}s", "lower")
    for stage, label in (
        ("count", "counting"),
        ("estimate", "estimating"),
        ("tables", "making tables"),
    )
    for clock in ("", "cpu_")
)

# Sums of float32 logarithms, and numbers that were written with six digits.
TOLERANCE = 1e-5


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
    """From text to ARPA and to a binary file, opening it, and scoring.

    A later case asks the files that an earlier one made, so with ``--only`` take those too.
    """
    folder = setting.folder
    train, test = str(folder / "lm-train.txt"), str(folder / "lm-test.txt")
    long = str(folder / "lm-long.txt")
    split = {"path": setting.text["path"], "train": train, "test": test, "line_words": 20}
    split |= {"long": long, "times": TIMES}
    # of every case, since it may be the only one; what is there already is left
    setup: tuple[Command, ...] = (setting.contenders["fastembed"].command("split_text", split),)
    most = max(setting.workers)
    # with KenLM's programs its module asks the files that they made
    compiled = "kenlm_bin" in setting.contenders
    ours: dict[str, tuple[str, Mapping[str, Any]]] = {"fastembed": ("fastembed", {"workers": most})}
    if most > 1 and min(setting.workers) == 1:
        ours["fastembed, 1 worker"] = ("fastembed", {"workers": 1})
    only_ours = {"fastembed": ours["fastembed"]}

    def kenlm(module: str, *kinds: str) -> Variants:
        return {f"KenLM {kind}": (module, {"kind": kind}) for kind in kinds}

    def case(
        name: str,
        task: str,
        variants: Variants,
        metrics: tuple[Metric, ...],
        check: Callable[[Figures], list[str]],
        **more: Any,
    ) -> Case:
        commands = setting.peer_commands(task, {**spec, **more}, variants)
        name = f"{name}, order {spec['order']}"
        return Case("lm", name, commands, metrics, check, most, setup)

    for order in ORDERS[:1] if setting.quick else ORDERS:
        names = ("arpa", "kenlm_arpa", "fe", "probing", "trie", "converted")
        spec: dict[str, Any] = {name: str(folder / f"lm{order}.{name}") for name in names}
        spec |= {"order": order, "text": train, "test": test, "folder": str(folder)}
        spec["memory"] = "4G" if setting.text.get("n_bytes", 0) > LARGE else "2G"
        yield case("stages", "lm_stages", ours, STAGES, check_model)
        yield case(
            "text to ARPA", "lm_arpa", {**ours, "KenLM": ("kenlm_bin", {})},
            (PROCESS, CPU, MEMORY), check_model,
        )  # fmt: skip
        binaries = {**ours, **kenlm("kenlm_bin", "probing", "trie")}
        made = (PROCESS, CPU, MEMORY, BYTES)
        yield case("text to binary", "lm_native", binaries, made, check_model)
        yield case("ARPA to binary", "lm_convert", binaries, made, check_model)
        modules = kenlm("kenlm", "probing", "trie") if compiled else kenlm("kenlm", "arpa")
        opened = (SECONDS, CPU, MEMORY)
        yield case(
            "open the binary and score a sentence", "lm_open", {**only_ours, **modules}, opened,
            check_scores, file="fe",
        )  # fmt: skip
        yield case(
            "read the ARPA and score a sentence", "lm_open", {**ours, **kenlm("kenlm", "arpa")},
            opened, check_scores, file="arpa",
        )  # fmt: skip
        rates = (RATE, CPU_RATE, MEMORY)
        yield case("score a text", "lm_batch", binaries, rates, check_scores, test=long)
        yield case(
            "score sentence by sentence from Python", "lm_sentences", {**only_ours, **modules},
            rates, check_scores,
        )  # fmt: skip
