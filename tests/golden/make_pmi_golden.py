"""Write pmi.json: what nltk and gensim say of the same counts and the same text.

Run with a Python that has nltk and gensim: ``python tests/golden/make_pmi_golden.py``.
"""

from __future__ import annotations

import json
import lzma
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from gensim.corpora import Dictionary
from gensim.models import CoherenceModel
from nltk.metrics import BigramAssocMeasures

HERE = Path(__file__).resolve().parent
VERSES = 600
TABLES = [(150, 12593, 932, 14307668), (20, 42, 20, 14307668), (3, 5, 4, 50), (1, 20, 30, 60),
          (4, 4, 4, 9)]  # fmt: skip
TOPICS = [
    ["God", "heaven", "earth"],
    ["son", "father", "brother", "wife"],
    ["cattle", "beast", "flood"],
    ["and", "flood"],
]
WINDOWS = [5, 10, 110]


def tables() -> list[dict[str, object]]:
    found = []
    for joint, first, second, total in TABLES:
        marginals = (joint, (first, second), total)
        found.append(
            {
                "counts": [joint, first, second, total],
                "pmi": BigramAssocMeasures.pmi(*marginals),
                "llr": BigramAssocMeasures.likelihood_ratio(*marginals),
            }
        )
    return found


def coherence() -> dict[str, list[float]]:
    text = HERE.parent.parent / "data" / "kjv.txt.xz"
    with lzma.open(text, "rt", encoding="utf-8") as lines:
        verses = [line.split() for line in islice(lines, VERSES)]
    dictionary = Dictionary(verses)
    return {
        str(window): CoherenceModel(
            topics=TOPICS, texts=verses, dictionary=dictionary, coherence="c_npmi",
            window_size=window, processes=1,
        ).get_coherence_per_topic()
        for window in WINDOWS
    }  # fmt: skip


if __name__ == "__main__":
    golden = {
        "versions": {name: version(name) for name in ("nltk", "gensim")},
        "tables": tables(),
        "verses": VERSES,
        "topics": TOPICS,
        "c_npmi": {window: [float(x) for x in scores] for window, scores in coherence().items()},
    }
    (HERE / "pmi.json").write_text(json.dumps(golden, indent=1) + "\n")
