"""The topics of the suite: which tasks, who does them, what is read off, what must agree."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastembed.bench.measure import Case, Command, Metric
from fastembed.bench.peers import Contender, python_command

__all__ = ["HYPERPARAMETERS", "TOPICS", "Setting"]

Figures = Mapping[str, Mapping[str, Any]]
Variants = Mapping[str, tuple[str, Mapping[str, Any]]]  # label: (contender, more of the spec)

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


@dataclass(frozen=True)
class Setting:
    """What the cases of a run have in common."""

    contenders: Mapping[str, Contender]
    text: Mapping[str, Any]  # path, n_bytes, n_words of the prepared text
    folder: Path  # scratch
    workers: tuple[int, ...] = (1,)
    sizes: tuple[int, ...] = (100, 300)
    epochs: int = 1
    n_vectors: int = 200_000
    n_queries: int = 1000
    quick: bool = False

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


# What training may take beside the word vectors and the output vectors, whatever the text.
MEMORY_BEYOND_MATRICES = 200

SECONDS = Metric("seconds", "seconds", "lower")
CPU = Metric("cpu_s", "CPU, s", "lower")
MEMORY = Metric("peak_mb", "peak memory, MB", "lower")
PROCESS = Metric("process_s", "wall, s", "lower")
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


def same(key: str, figures: Figures) -> list[str]:
    """A complaint if the contenders that report ``key`` report different values."""
    values = {name: f[key] for name, f in figures.items() if f.get(key) is not None}
    if len(set(values.values())) <= 1:
        return []
    return [f"{key} differs: " + ", ".join(f"{name} {value}" for name, value in values.items())]


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


def check_rows(figures: Figures) -> list[str]:
    """As many vectors with the same values in the rows that were looked at."""
    wrong = same("vocabulary", figures) + same("vector_size", figures)
    sums = {name: f["row_sum"] for name, f in figures.items()}
    first = next(iter(sums.values()))
    # text files carry some seven digits
    wrong += [f"{n} read other values" for n, s in sums.items() if abs(s - first) > 1e-2]
    return wrong


def check_neighbours(figures: Figures) -> list[str]:
    """The same nearest neighbours, up to ties in the last digit."""
    names = list(figures)
    first = [set(answer) for answer in figures[names[0]]["neighbours"]]
    wrong = []
    for name in names[1:]:
        other = [set(answer) for answer in figures[name]["neighbours"]]
        shared = sum(len(a & b) for a, b in zip(first, other, strict=True))
        if shared < 0.999 * sum(len(a) for a in first):
            wrong.append(f"{name} finds other neighbours than {names[0]}")
    return wrong


def check_nothing(figures: Figures) -> list[str]:
    """For programs whose exit status says all."""
    return []


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


def startup(setting: Setting) -> Iterator[Case]:
    """What a script or a command waits for before anything happens."""

    def case(name: str, *commands: Command) -> Case:
        return Case("startup", name, commands, (PROCESS, MEMORY), check_nothing)

    def silent(label: str, python: str, *argv: str) -> Command:
        command = python_command(label, *argv)
        return Command(label, (python, *argv), command.env, reports=False)

    def ours(*argv: str) -> Command:
        return silent("fastembed", sys.executable, *argv)

    bare = silent("python alone", sys.executable, "-c", "pass")
    yield case("import fastembed", ours("-c", "import fastembed"), bare)
    importing = "from fastembed import Corpus, KeyedVectors, Word2Vec"
    commands = [ours("-c", importing)]
    gensim = setting.contenders.get("gensim")
    if gensim is not None:
        commands.append(Command("gensim", (gensim.python, "-c", "import gensim"), reports=False))
    yield case("import of all it takes to train", *commands)
    yield case("fastembed --help", ours("-m", "fastembed", "--help"), bare)


def vectors(setting: Setting) -> Iterator[Case]:
    """Opening vectors and asking for neighbours."""
    n, size = setting.n_vectors, 300
    n_text = min(n, 50_000)  # text takes ten times longer than all the others
    folder = setting.folder
    rows = [(i * 7919) % n_text for i in range(setting.n_queries)]
    paths = {"native": "vectors.fe", "binary": "vectors.bin", "text": "vectors.txt"}

    def case(name: str, task: str, spec: Mapping[str, Any], setup: Any = (), **more: Any) -> Case:
        variants = more.pop("variants")
        metrics, check = (
            ((SECONDS, CPU, MEMORY), check_rows)
            if task == "load"
            else ((Metric("queries_per_s", "queries/s", "higher"), MEMORY), check_neighbours)
        )
        commands = setting.peer_commands(task, spec, variants)
        return Case("vectors", name, commands, metrics, check, setup=setup)

    spec = {"folder": str(folder), "n": n, "n_text": n_text, "vector_size": size, "seed": 1}
    setup = [setting.contenders["fastembed"].command("make_vectors", spec)]
    if "gensim" in setting.contenders:
        files = {"path": str(folder / paths["binary"]), "output": str(folder / "gensim.kv")}
        setup.append(setting.contenders["gensim"].command("save_native", files))
    for kind, label in (
        ("native", f"open {n:,} x {size}, each library's own format, mapped"),
        ("binary", f"load {n:,} x {size}, word2vec binary"),
        ("text", f"load {n_text:,} x {size}, word2vec text"),
    ):
        spec = {"path": str(folder / paths[kind]), "format": kind, "rows": rows}
        own = {"path": str(folder / "gensim.kv")} if kind == "native" else {}
        variants = {"fastembed": ("fastembed", {}), "gensim": ("gensim", own)}
        yield case(label, "load", spec, tuple(setup), variants=variants)
        setup = []
    spec = {"path": str(folder / paths["binary"]), "rows": rows, "topn": 10}
    one = {"fastembed": ("fastembed", {"batch": False}), "gensim": ("gensim", {})}
    many = {"fastembed": ("fastembed", {"batch": True}), "gensim": ("gensim", {})}
    yield case(f"10 nearest of {n:,} x {size}, one by one", "query", spec, variants=one)
    yield case(f"10 nearest of {n:,} x {size}, in one call", "query", spec, variants=many)


TOPICS: dict[str, Callable[[Setting], Iterator[Case]]] = {
    "training": training,
    "text": text,
    "pipeline": pipeline,
    "startup": startup,
    "vectors": vectors,
}
