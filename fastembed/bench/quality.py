"""Quality beside speed: the same training with several seeds, scored by one evaluation.

Each contender trains on one worker (where a seed means the same run again), writes its vectors in
word2vec's binary format, and our evaluation reads and scores them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastembed.bench.measure import Case, Command, Metric, Result, Sample, run_command
from fastembed.bench.topics import HYPERPARAMETERS, Setting, check_nothing, check_training

__all__ = ["measure_quality"]

RESTRICT = 300_000  # gensim's default: analogies among the most frequent words only


def measure_quality(
    setting: Setting,
    analogies: Sequence[str],
    similarity: Sequence[str],
    seeds: int,
    epochs: int,
    progress: Callable[[str], None],
) -> Result:
    """Train with seeds 1 to ``seeds`` and score; a round of the result is a seed.

    The published word2vec takes no seed, so it is trained once.
    """
    ours = setting.contenders["fastembed"]
    output = str(setting.folder / "quality.bin")
    score = {
        "path": output,
        "analogies": list(analogies),
        "similarity": list(similarity),
        "restrict_vocab": RESTRICT,
    }
    variants = {
        "fastembed": ("fastembed", {}),
        "gensim": ("gensim", {"corpus_file": True}),
        "word2vec": ("word2vec", {}),
    }
    samples: dict[str, list[Sample]] = {}
    commands: tuple[Command, ...] = ()
    for seed in range(1, seeds + 1):
        params = {**HYPERPARAMETERS, "epochs": epochs, "seed": seed}
        spec = {**setting.text, "workers": 1, "output": output, "params": params}
        commands = setting.peer_commands("train", spec, variants)
        for command in commands:
            name = command.contender
            if name == "word2vec" and seed > 1:
                continue
            progress(f"quality: {name}, {epochs} epochs, seed {seed}")
            trained = run_command(command)
            wrong = check_training({name: trained.figures})
            if wrong:
                raise ValueError("; ".join(wrong))
            scored = run_command(ours.command("evaluate", score))
            figures = {**trained.figures, **scored.figures}
            samples.setdefault(name, []).append(Sample(figures))
    metrics = [Metric("train_words_per_s", "training, words/s", "higher")]
    keys = samples["fastembed"][0].figures
    metrics += [Metric(k, k, "higher") for k in keys if k.endswith(("accuracy %", "Spearman"))]
    name = f"skip-gram, d = 100, {epochs} epochs, seeds 1 to {seeds}"
    return Result(Case("quality", name, commands, tuple(metrics), check_nothing), samples)
