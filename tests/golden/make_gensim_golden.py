"""Makes the files of tests/golden/gensim with gensim, so that parity is tested without it.

python tests/golden/make_gensim_golden.py        # needs gensim 4.4
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "gensim"
SIZE = 12

# relation, pairs; two of the words stand in two cases
RELATIONS = {
    "capital": ["Paris France", "Berlin Germany", "Rom Italien", "Wien Österreich", "Oslo Norway"],
    "gram-plural": ["cat cats", "dog dogs", "tree trees", "rock rocks", "naïve naïves"],
}
EXTRA = ["paris", "DOG", "the", "of", "and", "zero", "日本", "κόσμος", "a_b", "x-y", "3.14"]


def make_vectors() -> tuple[list[str], np.ndarray]:
    """Words in pairs with a common difference a relation, and noise."""
    rng = np.random.default_rng(7)
    words: list[str] = []
    rows: list[np.ndarray] = []
    for pairs in RELATIONS.values():
        shift = rng.normal(size=SIZE)
        for pair in pairs:
            base = rng.normal(size=SIZE)
            for word, row in zip(pair.split(), (base, base + shift), strict=True):
                words.append(word)
                rows.append(row + 0.25 * rng.normal(size=SIZE))
    for word in EXTRA:
        words.append(word)
        rows.append(rng.normal(size=SIZE))
    rows[words.index("paris")] = rows[words.index("Paris")] + 0.1
    vectors = np.array(rows, dtype=np.float32)
    vectors[words.index("zero")] *= 1e-7  # exponents in the text format
    return words, vectors


def write_tests(folder: Path) -> None:
    """A file of questions and a file of pairs, with unknown words in both."""
    lines = []
    for name, pairs in RELATIONS.items():
        lines.append(f": {name}")
        for first in pairs:
            lines += [f"{first} {second}" for second in pairs if second != first]
        lines.append("cat cats unknown word")
    (folder / "questions.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw = random.Random(3)
    words = make_vectors()[0]
    rows = ["# word1\tword2\tscore"]
    for _ in range(40):
        a, b = draw.sample(words, 2)
        rows.append(f"{a}\t{b}\t{draw.randint(0, 20) / 2}")
    rows += ["cat\tunknown\t3", "missing\tdog\t1.5"]
    (folder / "pairs.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, np.ndarray):
        return value.astype(float).tolist()
    if isinstance(value, (np.floating, np.integer)):
        return value.item()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) or type(value).__name__.endswith("Result"):
        return [plain(item) for item in value]
    return value


def ask(kv: Any, folder: Path) -> dict[str, Any]:
    """Answers of a KeyedVectors, gensim's or ours, to everything that both have."""
    vector = kv["Berlin"] + 2 * kv["dog"]
    answers: dict[str, Any] = {
        "most_similar": [kv.most_similar(word) for word in ("Paris", "cat", "zero", "日本")],
        "most_similar positive negative": kv.most_similar(["Paris", "Germany"], ["Berlin"], topn=4),
        "most_similar weights": kv.most_similar(
            [("Paris", 0.5), "dog", (kv["cats"], -1.25)], [("the", -0.3), "of"]
        ),
        "most_similar clip": kv.most_similar("dog", clip_start=3, clip_end=20, topn=30),
        "most_similar restrict": kv.most_similar("dog", restrict_vocab=8),
        "most_similar index": kv.most_similar(5, topn=3),
        "most_similar none": kv.most_similar("dog", topn=0),
        "most_similar all": kv.most_similar("dog", topn=None),
        "similar_by": [
            kv.similar_by_word("tree", topn=3),
            kv.similar_by_key("tree", 3, 9),
            kv.similar_by_vector(vector, topn=5),
        ],
        "cosmul": [
            kv.most_similar_cosmul(["Paris", "Germany"], ["Berlin"]),
            kv.most_similar_cosmul("dog", "cat", topn=3),
            kv.most_similar_cosmul([vector], topn=3),
        ],
        "similarity": [kv.similarity(a, b) for a in ("cat", "Oslo") for b in ("dog", "of", "cat")],
        "n_similarity": kv.n_similarity(["cat", "dog"], ["Oslo", "Paris", "zero"]),
        "distance": kv.distance("cat", "dog"),
        "distances": [
            kv.distances("cat"),
            kv.distances("cat", ["dog", "Oslo"]),
            kv.distances(vector, ["dog", "Oslo"]),
        ],
        "doesnt_match": [
            kv.doesnt_match(["cats", "dogs", "trees", "Oslo"]),
            kv.doesnt_match(["Oslo", "Wien", "unknown", "rock"]),
        ],
        "rank_by_centrality": kv.rank_by_centrality(["cats", "dogs", "trees", "Oslo"]),
        "closer_than": kv.closer_than("cat", "dog"),
        "rank": [kv.rank("cat", "dog"), kv.rank("cat", "of")],
        "relative": kv.relative_cosine_similarity("cat", "dog", 5),
        "to_given": kv.most_similar_to_given("cat", ["Oslo", "dog", "the"]),
        "mean": [
            kv.get_mean_vector(["cat", "unknown", "dog"]),
            kv.get_mean_vector(["cat", "dog"], [1, -2.5], pre_normalize=False),
            kv.get_mean_vector(["cat", vector], post_normalize=True),
        ],
        "vector": [kv.get_vector("cat", norm=True), kv["cat"], kv[["cat", "dog"]]],
        "normed": kv.get_normed_vectors(),
        "lookup": [
            kv.index_to_key,
            kv.key_to_index["日本"],
            "dog" in kv,
            "unknown" in kv,
            kv.has_index_for("cat"),
            kv.get_index("unknown", -7),
            kv.get_vecattr("cat", "count"),
            len(kv),
            kv.vector_size,
        ],
        "for_all": kv.vectors_for_all(["dog", "unknown", "cat", "dog"]).index_to_key,
    }
    for name, options in {
        "": {},
        " case": {"case_insensitive": False},
        " restrict": {"restrict_vocab": 12},
        " dummy": {"dummy4unknown": True},
    }.items():
        answers[f"analogies{name}"] = kv.evaluate_word_analogies(
            folder / "questions.txt", **options
        )
        answers[f"pairs{name}"] = kv.evaluate_word_pairs(folder / "pairs.tsv", **options)
    return plain(answers)


def main() -> None:
    from gensim.models import KeyedVectors

    FOLDER.mkdir(exist_ok=True)
    write_tests(FOLDER)
    words, vectors = make_vectors()
    kv = KeyedVectors(SIZE)
    kv.add_vectors(words, vectors)
    for i, word in enumerate(words):
        kv.set_vecattr(word, "count", 1000 - 7 * i)
    for name, binary in (("vectors.txt", False), ("vectors.bin", True)):
        vocab = FOLDER / "vocab.txt"
        kv.save_word2vec_format(FOLDER / name, fvocab=vocab, binary=binary)
    text = json.dumps(ask(kv, FOLDER), ensure_ascii=False, indent=0)
    (FOLDER / "answers.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
