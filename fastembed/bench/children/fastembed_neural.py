"""Tasks of `run_fastembed` about neural language models: the data for everybody, and ours of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def neural_data(spec: Spec) -> Figures:
    """The words of training and held-out text as streams of ids, and the first parameters."""
    import numpy as np

    from fastembed import Corpus, NeuralLM
    from fastembed.ngram.sentences import open_sentences
    from fastembed.nlm.model import _with_counts
    from fastembed.nlm.network import Shape, initial_arrays

    folder = Path(spec["folder"])
    lines = []
    with open(spec["path"], "rb") as file:
        words = 0
        for line in file:
            # a text without lines of its own gets short ones
            tokens = line.split()
            lines += [tokens[i : i + 25] for i in range(0, len(tokens), 25)]
            words += len(tokens)
            if words >= spec["tokens"]:
                break
    held = max(1, len(lines) // 20)
    parts = {"train": lines[:-held], "heldout": lines[-held:]}
    for name, part in parts.items():
        text = b"\n".join(b" ".join(tokens) for tokens in part) + b"\n"
        (folder / f"{name}.txt").write_bytes(text)
    model = NeuralLM(max_vocab=spec["max_vocab"], **spec["params"])
    params = model._checked()
    with open_sentences(
        Corpus(str(folder / "train.txt")), vocab=None, min_count=1, max_vocab=spec["max_vocab"],
        keep_empty=True, skip=True, workers=1, progress=None,
    ) as sentences:  # fmt: skip
        vocabulary = _with_counts(sentences)
        np.save(folder / "train.npy", sentences.stream(0, sentences.size, 0, 1).words)
        held_out = Corpus(str(folder / "heldout.txt")).encode(
            sentences.vocabulary, oov="unk", keep_empty=True
        )
        stream = [np.concatenate([[1], ids, [2]]) for ids in held_out]
        np.save(folder / "heldout.npy", np.concatenate(stream).astype(np.uint32))
    shape = Shape(params, len(vocabulary))
    arrays = initial_arrays(shape, vocabulary.counts, None, params["seed"])
    for name, array in arrays.items():
        np.save(folder / f"initial_{name}.npy", array)
    return {"vocabulary": len(vocabulary), "tokens": int(vocabulary.counts.sum())}


def neural_lm(spec: Spec) -> Figures:
    """Train on the text; tokens/s of the training loop, perplexity of the held-out text."""
    import numpy as np

    from fastembed import NeuralLM

    folder = Path(spec["folder"])
    peak = sgemm_peak(spec["workers"])
    params = {**spec["params"], **spec.get("more", {})}
    model = NeuralLM(max_vocab=spec["max_vocab"], workers=spec["workers"], **params)
    cpu = time.process_time()
    model.fit(str(folder / "train.txt"))
    cpu = time.process_time() - cpu
    tokens = sum(model.n_examples_)
    d, h = model.vector_size * model.context, model.hidden
    # multiplications and additions: forward, and two products backward, of both layers
    flops = 6.0 * h * (d + len(model.words))
    return {
        "seconds": model.training_seconds_,
        "tokens_per_s": tokens / model.training_seconds_,
        "tokens_per_cpu_s": tokens / cpu,
        "of_peak": 100 * flops * tokens / model.training_seconds_ / peak
        if params.get("output_layer", "softmax") == "softmax"
        else None,
        "perplexity": model.perplexity(str(folder / "heldout.txt")).perplexity,
        "tokens": int(np.sum(model.n_examples_)),
    }


def sgemm_peak(workers: int) -> float:
    """The most floating-point operations a second that BLAS reaches with so many threads."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    a = np.random.default_rng(1).random((2048, 2048), dtype=np.float32)
    best = 0.0
    with threadpool_limits(workers):
        for _ in range(6):
            start = time.perf_counter()
            a @ a
            best = max(best, 2 * 2048**3 / (time.perf_counter() - start))
    return best


TASKS = {"neural_data": neural_data, "neural_lm": neural_lm}
