"""Training word2vec: the text as words, the training alone, and the whole from file to file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from fastembed.bench.measure import Case, Metric
from fastembed.bench.setting import CPU, MEMORY, PROCESS, Figures, Setting, Variants, same

__all__ = ["HYPERPARAMETERS", "check_training", "pipeline", "text", "training"]

# The same for everybody, in the names of gensim.
HYPERPARAMETERS: dict[str, Any] = {
    "sg": 1,
    "hs": 0,
    "vector_size": 100,
    "window": 5,
    "negative": 5,
    "sample": 1e-3,
    "min_count": 5,
    "alpha": 0.025,
    "epochs": 1,
    "seed": 1,
}

# What training may take beside the word vectors and the output vectors, whatever the text.
MEMORY_BEYOND_MATRICES = 200

TRAINING = (
    Metric("train_words_per_s", "training, words/s", "higher"),
    Metric("seconds", "file to vectors, s", "lower"),
    CPU,
    MEMORY,
)
SCANNING = (
    Metric("words_per_s", "words/s", "higher"),
    Metric("mb_per_s", "MB/s", "higher"),
    CPU,
    MEMORY,
)


def check_vocabulary(figures: Figures) -> list[str]:
    """The same words with the same counts."""
    return same("n_words", figures) + same("vocabulary", figures) + same("digest", figures)


def check_training(figures: Figures) -> list[str]:
    """As many vectors, all finite; our loss finite and falling, our memory as promised."""
    wrong = same("n_words", figures) + same("vocabulary", figures)
    for name, f in figures.items():
        if not f.get("finite", True):
            wrong.append(f"{name} made vectors that are not finite")
        if f.get("peak_mb", 0) > f.get("matrices_mb", math.inf) + MEMORY_BEYOND_MATRICES:
            wrong.append(f"{name} took {f['peak_mb']:.0f} MB for {f['matrices_mb']:.0f} of vectors")
        if abs(f.get("share_trained", 1) - 1) > 0.05:
            wrong.append(f"{name} trained {f['share_trained']:.0%} of the words that it should")
        loss = f.get("loss")
        if loss is not None:
            if not loss or not all(math.isfinite(x) and x > 0 for x in loss):
                wrong.append(f"{name} had a loss of {loss}")
            elif any(x >= loss[0] for x in loss[1:]):
                wrong.append(f"{name} did not lower its loss: {loss}")
    return wrong


def training(setting: Setting) -> Iterator[Case]:
    """Text file to vectors in memory, and the rate of the training alone."""
    base = {**HYPERPARAMETERS, "epochs": setting.epochs}
    ours: Variants = {"fastembed": ("fastembed", {})}
    best: Variants = {"gensim corpus_file": ("gensim", {"corpus_file": True})}
    sentences: Variants = {"gensim sentences": ("gensim", {"corpus_file": False})}
    original: Variants = {"word2vec": ("word2vec", {})}

    def case(name: str, workers: int, variants: Variants, **params: Any) -> Case:
        spec = {
            **setting.text,
            "workers": workers,
            "folder": str(setting.folder),
            "params": {**base, **params},
        }
        label = f"{name}, {workers} worker{'s' if workers > 1 else ''}"
        return Case(
            "training",
            label,
            setting.peer_commands("train", spec, variants),
            TRAINING,
            check_training,
            workers,
        )

    everybody = {**ours, **best, **sentences, **original}
    for size in setting.sizes:
        for workers in setting.workers:
            yield case(f"skip-gram, d = {size}", workers, everybody, vector_size=size)
    if setting.quick:
        return
    most = max(setting.workers)
    some = {**ours, **best, **original}
    size = setting.sizes[0]
    yield case(f"CBOW, d = {size}", most, some, vector_size=size, sg=0)
    yield case(
        f"skip-gram, hierarchical softmax, d = {size}",
        most,
        some,
        vector_size=size,
        hs=1,
        negative=0,
    )
    yield case(f"skip-gram, min_count 1, d = {size}", most, some, vector_size=size, min_count=1)
    exact: Variants = {"fastembed deterministic": ("fastembed", {"deterministic": True})}
    yield case(f"skip-gram, deterministic, d = {size}", most, {**ours, **exact}, vector_size=size)


def text(setting: Setting) -> Iterator[Case]:
    """Tokenising and counting: the vocabulary at min_count 5, and the text turned into ids."""
    spec = {**setting.text, "min_count": HYPERPARAMETERS["min_count"], "encode": False}
    for workers in setting.workers:
        variants = {
            "fastembed": ("fastembed", {"workers": workers}),
            "fastembed encode": ("fastembed", {"workers": workers, "encode": True}),
        }
        if workers == min(setting.workers):
            variants |= {"gensim": ("gensim", {}), "word2vec": ("word2vec", {})}
        yield Case(
            "text",
            f"vocabulary, {workers} worker{'s' if workers > 1 else ''}",
            setting.peer_commands("vocabulary", spec, variants),
            SCANNING,
            check_vocabulary,
            workers,
        )


def pipeline(setting: Setting) -> Iterator[Case]:
    """One process from the text file to a file of vectors: start, read, train, save."""
    for workers in setting.workers:
        spec = {
            **setting.text,
            "workers": workers,
            "output": str(setting.folder / "pipeline.bin"),
            "params": {
                **HYPERPARAMETERS,
                "epochs": setting.epochs,
                "vector_size": setting.sizes[0],
            },
        }
        variants = {
            "fastembed": ("fastembed", {}),
            "gensim corpus_file": ("gensim", {"corpus_file": True}),
            "word2vec": ("word2vec", {}),
        }
        yield Case(
            "pipeline",
            f"text file to saved vectors, {workers} worker{'s' if workers > 1 else ''}",
            setting.peer_commands("train", spec, variants),
            (PROCESS, CPU, MEMORY),
            check_training,
            workers,
        )
