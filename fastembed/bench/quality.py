"""Quality beside speed: the same training with several seeds, scored by one evaluation.

Each contender trains on one worker (where a seed means the same run again), writes its vectors in
a format of a peer's, and our evaluation reads and scores them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastembed.bench.measure import Case, Command, Metric, Result, Sample, run_command
from fastembed.bench.setting import Figures, Setting, Variants, check_nothing
from fastembed.bench.topics.counts import GLOVE, TRAINING, check_glove, counts_setup
from fastembed.bench.topics.word2vec import HYPERPARAMETERS, check_training

__all__ = ["QUALITY", "measure_quality"]

RESTRICT = 300_000  # gensim's default: analogies among the most frequent words only


@dataclass(frozen=True)
class _Plan:
    """What a model's quality is measured with."""

    name: str
    task: str
    params: Mapping[str, Any]
    variants: Variants
    metrics: tuple[Metric, ...]
    check: Callable[[Figures], list[str]]
    suffix: str  # what the task adds to the name of its output
    seedless: tuple[str, ...] = ()  # contenders that take no seed and are trained once


WORD2VEC = _Plan(
    "skip-gram",
    "train",
    HYPERPARAMETERS,
    {
        "fastembed": ("fastembed", {}),
        "gensim": ("gensim", {"corpus_file": True}),
        "word2vec": ("word2vec", {}),
    },
    (Metric("train_words_per_s", "training, words/s", "higher"),),
    check_training,
    "",
    ("word2vec",),
)
GLOVE_PLAN = _Plan(
    "GloVe",
    "train_glove",
    GLOVE,
    {"fastembed": ("fastembed", {}), "GloVe": ("glove", {})},
    tuple(metric for metric in TRAINING if metric.key in ("pairs_per_s", "last_loss")),
    check_glove,
    ".txt",
)
# Topic -> what it trains.
QUALITY = {"quality": WORD2VEC, "glove-quality": GLOVE_PLAN}


def measure_quality(
    setting: Setting,
    analogies: Sequence[str],
    similarity: Sequence[str],
    seeds: int,
    epochs: int,
    progress: Callable[[str], None],
    topic: str = "quality",
) -> Result:
    """Train with seeds 1 to ``seeds`` and score; a round of the result is a seed."""
    plan = QUALITY[topic]
    if plan is GLOVE_PLAN:
        for command in counts_setup(setting):
            progress(f"{topic}: prepares the counts of {command.contender}")
            run_command(command)
    ours = setting.contenders["fastembed"]
    output = str(setting.folder / "quality.bin")
    score = {
        "path": output + plan.suffix,
        "analogies": list(analogies),
        "similarity": list(similarity),
        "restrict_vocab": RESTRICT,
    }
    samples: dict[str, list[Sample]] = {}
    commands: tuple[Command, ...] = ()
    for seed in range(1, seeds + 1):
        params = {**plan.params, "epochs": epochs, "seed": seed}
        spec = {**setting.text, "workers": 1, "output": output, "params": params}
        spec["folder"] = str(setting.folder)
        commands = setting.peer_commands(plan.task, spec, plan.variants)
        for command in commands:
            name = command.contender
            if name in plan.seedless and seed > 1:
                continue
            progress(f"{topic}: {name}, {epochs} epochs, seed {seed}")
            trained = run_command(command)
            wrong = plan.check({name: trained.figures})
            if wrong:
                raise ValueError("; ".join(wrong))
            scored = run_command(ours.command("evaluate", score))
            figures = {**trained.figures, **scored.figures}
            samples.setdefault(name, []).append(Sample(figures))
    metrics = list(plan.metrics)
    keys = samples["fastembed"][0].figures
    metrics += [Metric(k, k, "higher") for k in keys if k.endswith(("accuracy %", "Spearman"))]
    name = f"{plan.name}, d = 100, {epochs} epochs, seeds 1 to {seeds}"
    return Result(Case(topic, name, commands, tuple(metrics), check_nothing), samples)
