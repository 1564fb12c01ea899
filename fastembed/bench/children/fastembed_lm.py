"""fastembed's tasks of the topic ``lm`` (see ``topics/lm.py``)."""

from __future__ import annotations

import os
import time
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]

TEST_SHARE = 0.04


def split_text(spec: Spec) -> Figures:
    """Cut a text into lines of ``line_words`` words, if that was not done; its end is the test
    text, and the same over and over what is scored for long enough."""
    if os.path.exists(spec["test"]):
        return {}
    with open(spec["path"], encoding="utf-8") as source:
        words = source.read().split()
    n = spec["line_words"]
    cut = int(len(words) * (1 - TEST_SHARE)) // n * n
    for name, part in (("train", words[:cut]), ("test", words[cut:])):
        with open(spec[name], "w", encoding="utf-8") as target:
            for start in range(0, len(part), n):
                target.write(" ".join(part[start : start + n]) + "\n")
    with (
        open(spec["test"], encoding="utf-8") as test,
        open(spec["long"], "w", encoding="utf-8") as target,
    ):
        target.write(test.read() * spec["times"])
    return {"n_words": len(words)}


def lm_stages(spec: Spec) -> Figures:
    """What the way from text to tables is made of."""
    from fastembed.ngram.binary import QueryTables
    from fastembed.ngram.counts import count_ngrams
    from fastembed.ngram.smoothing import ModifiedKneserNey

    workers = spec["workers"]
    method = ModifiedKneserNey(kenlm_compatible=True, discount_fallback=True)
    clocks = [(time.perf_counter(), time.process_time())]
    counts = count_ngrams(spec["text"], spec["order"], workers=workers)
    clocks.append((time.perf_counter(), time.process_time()))
    tables = method.estimate(counts, workers=workers, consume=True)
    clocks.append((time.perf_counter(), time.process_time()))
    del counts
    made = QueryTables.from_backoff(tables, workers=workers, consume=True)
    clocks.append((time.perf_counter(), time.process_time()))
    figures: Figures = {"ngrams": made.counts}
    for stage, (wall, cpu), (end, end_cpu) in zip(
        ("count", "estimate", "tables"), clocks, clocks[1:], strict=False
    ):
        figures |= {f"{stage}_s": end - wall, f"{stage}_cpu_s": end_cpu - cpu}
    return figures


def _fit(spec: Spec) -> Any:
    from fastembed import NgramLM

    # the estimate of lmplz, with its discounts where a quick text is too small
    return NgramLM(
        order=spec["order"], kenlm_compatible=True, discount_fallback=True, workers=spec["workers"]
    ).fit(spec["text"])


def lm_arpa(spec: Spec) -> Figures:
    """From text to an ARPA file."""
    model = _fit(spec)
    model.save_arpa(spec["arpa"])
    return {"ngrams": model.ngram_counts}


def lm_native(spec: Spec) -> Figures:
    """From text to a native file."""
    model = _fit(spec)
    model.save(spec["fe"])
    return _size(model)


def lm_convert(spec: Spec) -> Figures:
    """From an ARPA file to a native one."""
    from fastembed import NgramLM

    model = NgramLM.load(spec["arpa"], workers=spec["workers"])
    model.save(spec["converted"])
    return _size(model)


def _size(model: Any) -> Figures:
    counts = model.ngram_counts
    return {"ngrams": counts, "bytes_per_ngram": model.tables_.nbytes / sum(counts)}


def lm_open(spec: Spec) -> Figures:
    """From the file to the score of a first sentence."""
    from fastembed import NgramLM
    from fastembed.io import native
    from fastembed.ngram import arpa_reader

    assert native, arpa_reader  # imports come before the clock

    sentence = _lines(spec)[0]
    start, cpu = time.perf_counter(), time.process_time()
    model = NgramLM.load(spec[spec["file"]], workers=spec["workers"])
    score = model.score_sentence(sentence)
    clocks = {"seconds": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}
    tokens = len(sentence.split()) + 1
    return {**clocks, "tokens": tokens, "perplexity": 10 ** (-score / tokens)}


def lm_batch(spec: Spec) -> Figures:
    """The perplexity of a text file, the model in memory."""
    from fastembed import NgramLM

    model = NgramLM.load(spec["fe"], mmap=False, workers=spec["workers"])
    model.perplexity(spec["test"])
    start, cpu = time.perf_counter(), time.process_time()
    result = model.perplexity(spec["test"])
    return _rates(result.tokens, result.perplexity, start, cpu)


def lm_sentences(spec: Spec) -> Figures:
    """One call a sentence."""
    from fastembed import NgramLM

    model = NgramLM.load(spec["fe"], mmap=False)
    lines = _lines(spec)
    score = model.score_sentence
    for line in lines:
        score(line)
    start, cpu = time.perf_counter(), time.process_time()
    total = 0.0
    for line in lines:
        total += score(line)
    tokens = sum(len(line.split()) + 1 for line in lines)
    return _rates(tokens, 10 ** (-total / tokens), start, cpu)


def _lines(spec: Spec) -> list[str]:
    with open(spec["test"], encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file]


def _rates(tokens: int, perplexity: float, start: float, cpu: float) -> Figures:
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    return {
        "tokens": tokens,
        "perplexity": perplexity,
        "tokens_per_s": tokens / seconds,
        "tokens_per_cpu_s": tokens / cpu_seconds,
    }


TASKS = {
    "lm_arpa": lm_arpa,
    "lm_batch": lm_batch,
    "lm_convert": lm_convert,
    "lm_native": lm_native,
    "lm_open": lm_open,
    "lm_sentences": lm_sentences,
    "lm_stages": lm_stages,
    "split_text": split_text,
}
