"""KenLM's Python module as a contender. Python 3.9 suffices."""

from __future__ import annotations

import time
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def versions(spec: Spec) -> Figures:
    """What would run."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import kenlm

    try:
        release = version("kenlm")
    except PackageNotFoundError:
        release = "of " + kenlm.__file__
    return {"version": release, "python": platform.python_version()}


def lm_open(spec: Spec) -> Figures:
    """From the file to the score of a first sentence."""
    import kenlm

    with open(spec["test"], encoding="utf-8") as file:
        sentence = file.readline().rstrip("\n")
    start, cpu = time.perf_counter(), time.process_time()
    score = kenlm.Model(spec[spec["kind"]]).score(sentence)
    clocks = {"seconds": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}
    tokens = len(sentence.split()) + 1
    return {**clocks, "tokens": tokens, "perplexity": 10 ** (-score / tokens)}


def lm_sentences(spec: Spec) -> Figures:
    """One call a sentence."""
    import kenlm

    score = kenlm.Model(spec[spec["kind"]]).score
    with open(spec["test"], encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    for line in lines:
        score(line)
    start, cpu = time.perf_counter(), time.process_time()
    total = 0.0
    for line in lines:
        total += score(line)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    tokens = sum(len(line.split()) + 1 for line in lines)
    return {
        "tokens": tokens,
        "perplexity": 10 ** (-total / tokens),
        "tokens_per_s": tokens / seconds,
        "tokens_per_cpu_s": tokens / cpu_seconds,
    }


TASKS = {"lm_open": lm_open, "lm_sentences": lm_sentences, "versions": versions}
