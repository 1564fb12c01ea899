"""fastembed as a contender: the tasks through its public interface.

Imports come before the clocks, as in the peers' files; `startup` measures them.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from fastembed.bench.children import (
    clusterings,
    fastembed_autoencoder,
    fastembed_counts,
    fastembed_lm,
    fastembed_neural,
    fastembed_nn,
    fastembed_svd,
)

Spec = dict[str, Any]
Figures = dict[str, Any]


def versions(spec: Spec) -> Figures:
    """What would run, and on what: the same as ``fastembed info``."""
    from fastembed.core.system import describe

    return describe()


def prepare(spec: Spec) -> Figures:
    """Copy a text for everybody: unpacked, in lines of at most ``max_words``, ended by a newline.

    gensim's corpus_file is slow on a text without line breaks and leaves words out of lines of
    thousands of words, the original word2vec cuts lines at 1,000 words and forgets a last word that
    no space follows: none of that is what is to be measured. With ``tokens`` (options
    of `Corpus`) the words of the copy are the tokens, for the peers split at spaces only.
    """
    from fastembed.core.files import open_read

    if spec["tokens"]:
        return prepare_tokens(spec)
    room = spec["max_words"]  # on the line that is being written
    n_words = n_bytes = 0
    rest = b""
    with open_read(spec["path"]) as source, open(spec["output"], "wb") as target:
        while n_bytes < (spec["limit"] or n_bytes + 1):
            block = source.read(1 << 20)
            # whole words only; a last block without its newline gets one
            cut = max(block.rfind(b" "), block.rfind(b"\n")) + 1 if block else 0
            whole, rest = (rest + block[:cut], block[cut:]) if cut else (b"", rest + block)
            if not block:
                whole, rest = (rest + b"\n" if rest else b""), b""
            for i, line in enumerate(whole.split(b"\n")):
                if i:
                    target.write(b"\n")
                    room = spec["max_words"]
                words = line.split()
                n_words += len(words)
                while len(words) > room:
                    target.write(b" ".join(words[:room]) + b"\n")
                    words, room = words[room:], spec["max_words"]
                    line = b" ".join(words) + b" "
                target.write(line)
                room -= len(words)
            n_bytes = target.tell()
            if not block:
                break
        if room < spec["max_words"]:
            target.write(b"\n")
        n_bytes = target.tell()
    return {"n_words": n_words, "n_bytes": n_bytes}


def prepare_tokens(spec: Spec) -> Figures:
    """The same by way of the tokeniser."""
    import fastembed as fe

    n_words = n_bytes = 0
    with open(spec["output"], "wb") as target:
        for sentence in fe.Corpus(spec["path"], **spec["tokens"]):
            n_words += len(sentence)
            n_bytes += target.write(" ".join(sentence).encode() + b"\n")
            if spec["limit"] and n_bytes >= spec["limit"]:
                break
    return {"n_words": n_words, "n_bytes": n_bytes}


def vocabulary(spec: Spec) -> Figures:
    """The vocabulary alone (``encode`` false) or with the text as word ids beside it."""
    from fastembed import Corpus

    start = time.perf_counter()
    corpus = Corpus(spec["path"], workers=spec["workers"])
    figures: Figures = {}
    if spec["encode"]:
        with corpus.encode(min_count=spec["min_count"], workers=spec["workers"]) as encoded:
            seconds = time.perf_counter() - start
            vocab = encoded.vocabulary
            figures["n_tokens"] = encoded.n_tokens
    else:
        vocab = corpus.vocabulary(min_count=spec["min_count"])
        seconds = time.perf_counter() - start
    return {
        **figures,
        "seconds": seconds,
        "n_words": vocab.n_raw_tokens,
        "vocabulary": len(vocab),
        "words_per_s": vocab.n_raw_tokens / seconds,
        "mb_per_s": spec["n_bytes"] / 1e6 / seconds,
        "pairs": zip(vocab.words.to_list(), vocab.counts.tolist(), strict=True),
    }


def train(spec: Spec) -> Figures:
    """From the file to vectors in memory, and into a file if the spec has an ``output``."""
    import numpy as np

    from fastembed import Corpus, Word2Vec

    start = time.perf_counter()
    deterministic = spec.get("deterministic", False)
    model = Word2Vec(workers=spec["workers"], deterministic=deterministic, **spec["params"])
    model.fit(Corpus(spec["path"], workers=spec["workers"]))
    end = time.perf_counter()
    n_words = model.vocabulary_.n_raw_tokens
    if spec.get("output"):
        model.wv.save_word2vec_format(spec["output"], binary=True)
    total_s = time.perf_counter() - start
    return {
        "seconds": end - start,
        "total_s": total_s,
        "train_s": model.training_seconds_,
        "train_words_per_s": n_words * model.epochs / model.training_seconds_,
        "n_words": n_words,
        "vocabulary": len(model.wv),
        "loss": model.loss_history_,
        "matrices_mb": 2 * model.wv.vectors.size * 4 / 2**20,
        "finite": bool(np.isfinite(model.wv.vectors).all()),
    }


def make_vectors(spec: Spec) -> Figures:
    """Random vectors in the formats of the loading contest; text for the first part only."""
    import numpy as np

    import fastembed as fe

    folder = Path(spec["folder"])
    rng = np.random.default_rng(spec["seed"])
    vectors = rng.standard_normal((spec["n"], spec["vector_size"]), dtype=np.float32)
    words = [f"word{i}" for i in range(spec["n"])]
    fe.KeyedVectors(words, vectors).save(folder / "vectors.fe")
    fe.KeyedVectors(words, vectors).save_word2vec_format(folder / "vectors.bin", binary=True)
    few = spec["n_text"]
    fe.KeyedVectors(words[:few], vectors[:few]).save_word2vec_format(folder / "vectors.txt")
    return {}


def load(spec: Spec) -> Figures:
    """Open vectors so that the first query could be asked; sum a few rows to see them."""
    from fastembed import KeyedVectors

    start = time.perf_counter()
    if spec["format"] == "native":
        wv = KeyedVectors.load(spec["path"], mmap=True)
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


def query(spec: Spec) -> Figures:
    """Nearest neighbours, one call a word or (``batch``) all words in one call."""
    import fastembed as fe

    wv = fe.KeyedVectors.load_word2vec_format(spec["path"], binary=True)
    words = [wv.index_to_key[i] for i in spec["rows"]]
    wv.most_similar(words[0], topn=spec["topn"])  # computes the norms
    start = time.perf_counter()
    if spec["batch"]:
        answers = wv.most_similar_batch(words, topn=spec["topn"])
    else:
        answers = [wv.most_similar(word, topn=spec["topn"]) for word in words]
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "queries_per_s": len(words) / seconds,
        "neighbours": [[word for word, _ in answer] for answer in answers],
    }


def evaluate(spec: Spec) -> Figures:
    """Score any contender's vectors by one and the same evaluation."""
    import fastembed as fe

    wv = fe.KeyedVectors.load(spec["path"])
    figures: Figures = {"vocabulary": len(wv)}
    for path in spec["analogies"]:
        accuracy, _ = wv.evaluate_word_analogies(path, restrict_vocab=spec["restrict_vocab"])
        figures[f"{Path(path).stem} accuracy %"] = 100 * accuracy
    for path in spec["similarity"]:
        pearson, spearman, oov = wv.evaluate_word_pairs(path)
        figures[f"{Path(path).stem} Spearman"] = float(spearman[0])
        figures[f"{Path(path).stem} Pearson"] = float(pearson[0])
        figures[f"{Path(path).stem} OOV %"] = float(oov)
    return figures


TASKS = {
    **fastembed_counts.TASKS,
    "cluster": clusterings.fastembed,
    **fastembed_svd.TASKS,
    **fastembed_lm.TASKS,
    **fastembed_neural.TASKS,
    **fastembed_nn.TASKS,
    **fastembed_autoencoder.TASKS,
    "evaluate": evaluate,
    "load": load,
    "make_vectors": make_vectors,
    "prepare": prepare,
    "query": query,
    "train": train,
    "versions": versions,
    "vocabulary": vocabulary,
}
