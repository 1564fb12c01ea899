"""gensim as a contender: the same tasks through its public interface, as its manual shows them."""

from __future__ import annotations

import time
from typing import Any

Spec = dict[str, Any]
Figures = dict[str, Any]


def versions(spec: Spec) -> Figures:
    """What would run."""
    import platform

    import gensim
    import numpy
    import scipy
    from gensim.models.word2vec import FAST_VERSION

    if FAST_VERSION < 0:
        raise RuntimeError("gensim runs without its compiled kernels; that is no comparison")
    return {
        "version": gensim.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
    }


def vocabulary(spec: Spec) -> Figures:
    """The scan and the cut at min_count, without the matrices that build_vocab makes as well."""
    from gensim.models import Word2Vec

    model = Word2Vec(min_count=spec["min_count"])
    start = time.perf_counter()
    n_words, model.corpus_count = model.scan_vocab(corpus_file=spec["path"])
    model.prepare_vocab(update=False)
    seconds = time.perf_counter() - start
    wv = model.wv
    return {
        "seconds": seconds,
        "n_words": n_words,
        "vocabulary": len(wv),
        "words_per_s": n_words / seconds,
        "mb_per_s": spec["n_bytes"] / 1e6 / seconds,
        "pairs": ((word, int(wv.get_vecattr(word, "count"))) for word in wv.index_to_key),
    }


def train(spec: Spec) -> Figures:
    """From the file to vectors in memory, and into a file if the spec has an ``output``."""
    import numpy as np
    from gensim.models import Word2Vec
    from gensim.models.word2vec import LineSentence

    start = time.perf_counter()
    path = spec["path"]
    source: dict[str, Any] = (
        {"corpus_file": path} if spec["corpus_file"] else {"corpus_iterable": LineSentence(path)}
    )
    model = Word2Vec(workers=spec["workers"], **spec["params"])
    model.build_vocab(**source)
    built = time.perf_counter()
    n_trained, _ = model.train(
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=model.epochs,
        **source,
    )
    end = time.perf_counter()
    if spec.get("output"):
        model.wv.save_word2vec_format(spec["output"], binary=True)
    counts = np.array([model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key])
    kept = counts @ (model.wv.expandos["sample_int"] / 2**32)  # by subsampling, on the average
    return {
        "share_trained": n_trained / (kept * model.epochs),
        "seconds": end - start,
        "total_s": time.perf_counter() - start,
        "train_s": end - built,
        "train_words_per_s": model.corpus_total_words * model.epochs / (end - built),
        "n_words": model.corpus_total_words,
        "vocabulary": len(model.wv),
        "finite": bool(np.isfinite(model.wv.vectors).all()),
    }


def load(spec: Spec) -> Figures:
    """Open vectors so that the first query could be asked; sum a few rows to see them."""
    from gensim.models import KeyedVectors

    start = time.perf_counter()
    if spec["format"] == "native":
        wv = KeyedVectors.load(spec["path"], mmap="r")
    else:
        wv = KeyedVectors.load_word2vec_format(spec["path"], binary=spec["format"] == "binary")
    seconds = time.perf_counter() - start
    rows = [wv[wv.index_to_key[i]] for i in spec["rows"]]
    return {
        "seconds": seconds,
        "vocabulary": len(wv),
        "vector_size": wv.vector_size,
        "row_sum": float(sum(row.astype("float64").sum() for row in rows)),
    }


def save_native(spec: Spec) -> Figures:
    """gensim's own file for the loading contest, from the common word2vec one."""
    from gensim.models import KeyedVectors

    KeyedVectors.load_word2vec_format(spec["path"], binary=True).save(spec["output"])
    return {}


def query(spec: Spec) -> Figures:
    """Nearest neighbours, one call a word: gensim has no batch call."""
    from gensim.models import KeyedVectors

    wv = KeyedVectors.load_word2vec_format(spec["path"], binary=True)
    words = [wv.index_to_key[i] for i in spec["rows"]]
    wv.most_similar(words[0], topn=spec["topn"])  # computes the norms
    start = time.perf_counter()
    answers = [wv.most_similar(word, topn=spec["topn"]) for word in words]
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "queries_per_s": len(words) / seconds,
        "neighbours": [[word for word, _ in answer] for answer in answers],
    }


TASKS = {
    "load": load,
    "query": query,
    "save_native": save_native,
    "train": train,
    "versions": versions,
    "vocabulary": vocabulary,
}
