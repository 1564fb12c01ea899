"""Opening vectors and asking for neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastembed.bench.measure import Case, Metric
from fastembed.bench.setting import CPU, MEMORY, SECONDS, Figures, Setting, same

__all__ = ["vectors"]


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
