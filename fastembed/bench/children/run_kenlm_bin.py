"""KenLM's programs ``lmplz``, ``build_binary`` and ``query`` as a contender."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from fastembed.bench.children.program import run

Spec = dict[str, Any]
Figures = dict[str, Any]


def _silent(seconds: float, piece: bytes) -> None:
    """Progress that nobody reads."""


def _counts(arpa: str) -> list[int]:
    counts: list[int] = []
    with open(arpa, "rb") as file:
        for line in file:
            found = re.match(rb"ngram \d+=(\d+)", line)
            if found:
                counts.append(int(found[1]))
            elif counts:
                return counts
    raise RuntimeError(f"{arpa} has no counts")


def _estimate(spec: Spec, arpa: str) -> Figures:
    argv = [
        spec["programs"]["lmplz"], "-o", str(spec["order"]), "-S", spec["memory"],
        "-T", spec["folder"] + "/", "--discount_fallback",
    ]  # fmt: skip
    return run(argv, _silent, stdin=spec["text"], stdout=arpa)


def _convert(spec: Spec, arpa: str, binary: str) -> Figures:
    program, kind = spec["programs"]["build_binary"], spec["kind"]
    account = run([program, "-T", spec["folder"] + "/", kind, arpa, binary], _silent)
    counts = _counts(arpa)
    size = os.path.getsize(binary) / sum(counts)
    return {**account, "ngrams": counts, "bytes_per_ngram": size}


def lm_arpa(spec: Spec) -> Figures:
    """From text to an ARPA file."""
    arpa = spec["kenlm_arpa"]
    return {**_estimate(spec, arpa), "ngrams": _counts(arpa)}


def lm_native(spec: Spec) -> Figures:
    """From text to a binary, by way of an ARPA file.

    The trie is made of the file that was estimated for probing just before, which is charged for
    both: on large texts lmplz takes minutes.
    """
    arpa, account = spec["kenlm_arpa"], spec["kenlm_arpa"] + ".json"
    if spec["kind"] == "trie" and os.path.exists(account):
        with open(account, encoding="utf-8") as file:
            estimated = json.load(file)
    else:
        estimated = _estimate(spec, arpa)
        with open(account, "w", encoding="utf-8") as file:
            json.dump(estimated, file)
    converted = _convert(spec, arpa, spec[spec["kind"]])
    total = {key: estimated[key] + converted[key] for key in estimated}
    return {**converted, **total, "peak_mb": max(estimated["peak_mb"], converted["peak_mb"])}


def lm_convert(spec: Spec) -> Figures:
    """From the common ARPA file to a binary."""
    return _convert(spec, spec["arpa"], spec["converted"])


def lm_batch(spec: Spec) -> Figures:
    """The perplexity of a text file. User CPU time: mapping the model is the system's."""
    pieces: list[bytes] = []
    argv = [spec["programs"]["query"], "-v", "summary", spec[spec["kind"]]]
    run(argv, _silent, stdin=spec["test"])
    account = run(argv, lambda _, piece: pieces.append(piece), stdin=spec["test"])
    output = b"".join(pieces).decode()
    tokens = re.search(r"Tokens:\s+(\d+)", output)
    perplexity = re.search(r"including OOVs:\s+([\d.e+]+)", output)
    if tokens is None or perplexity is None:
        raise RuntimeError(f"query printed {output[-200:]!r}")
    n = int(tokens[1])
    return {
        **account,
        "tokens": n,
        "perplexity": float(perplexity[1]),
        "tokens_per_s": n / account["process_s"],
        "tokens_per_cpu_s": n / max(account["user_s"], 1e-3),
    }


TASKS = {
    "lm_arpa": lm_arpa,
    "lm_batch": lm_batch,
    "lm_convert": lm_convert,
    "lm_native": lm_native,
}
