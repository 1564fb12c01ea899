"""The topic ``neural-lm``: training beside PyTorch, same model, data, first parameters, optimiser.

The model is that of Bengio et al. (2003) with a vocabulary of 10,000 words; ours also with the
output layers that do not touch all words, which are compared with PyTorch's full softmax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.setting import CPU, MEMORY, Figures, Setting, Variants

__all__ = ["PARAMS", "check_neural", "neural_lm"]

PARAMS: Mapping[str, Any] = {
    "context": 5, "vector_size": 100, "hidden": 200, "batch_size": 256, "alpha": 1e-3,
    "min_alpha": 1e-5, "optimizer": "adam", "seed": 1,
}  # fmt: skip
TOKENS, QUICK_TOKENS = 250_000, 30_000
FIGURES = (
    Metric("tokens_per_s", "tokens/s", "higher"),
    Metric("tokens_per_cpu_s", "tokens/s of CPU", "higher"),
    Metric("of_peak", "of sgemm's peak, %", "higher"),
    Metric("perplexity", "held-out perplexity", "lower"),
    CPU,
    MEMORY,
)
OUTPUTS = ("class_factored", "sampled", "nce")
NOISE = 0.03  # by which perplexities of two trainings of one model differ


def check_neural(figures: Figures) -> list[str]:
    """As many examples, and the perplexity of the full softmax that PyTorch reaches."""
    wrong = []
    tokens = {name: f["tokens"] for name, f in figures.items()}
    if len(set(tokens.values())) > 1:
        wrong.append(f"different numbers of examples: {tokens}")
    ours, peer = figures.get("fastembed"), figures.get("torch")
    if ours and peer and ours["perplexity"] > (1 + NOISE) * peer["perplexity"]:
        wrong.append(
            f"fastembed's perplexity is {ours['perplexity']:.1f}, PyTorch's "
            f"{peer['perplexity']:.1f}"
        )
    return wrong


def neural_lm(setting: Setting) -> Iterator[Case]:
    """Some epochs of the text's beginning."""
    tokens = setting.tokens or (QUICK_TOKENS if setting.quick else TOKENS)
    spec = {
        "path": setting.text["path"], "folder": str(setting.folder), "tokens": tokens,
        "max_vocab": 2_000 if setting.quick else 9_997,
        "params": {**PARAMS, "epochs": setting.epochs, "seed": setting.seed},
    }  # fmt: skip
    setup: tuple[Command, ...] = (setting.contenders["fastembed"].command("neural_data", spec),)
    variants: Variants = {
        "fastembed": ("fastembed", {}),
        **{
            f"fastembed, {name.replace('_', '-')}": ("fastembed", {"more": {"output_layer": name}})
            for name in OUTPUTS
        },
        "torch": ("torch", {}),
    }
    for workers in setting.workers:
        yield Case(
            "neural-lm",
            f"{tokens:,} tokens, {setting.epochs} epoch{'s' if setting.epochs > 1 else ''}, "
            f"seed {setting.seed}, {workers} worker{'s' if workers > 1 else ''}",
            setting.peer_commands("neural_lm", {**spec, "workers": workers}, variants),
            FIGURES,
            check_neural,
            workers,
            setup=setup,
        )
        setup = ()
