"""Makes tests/golden/lm with KenLM's ``lmplz`` and its Python module; not run by the tests.

    python tests/golden/make_lm_golden.py LMPLZ

``kenlm.arpa``: what lmplz writes for the first 30 verses of the bundled text. ``scores.json``: what
the module says about some sentences under it, and under ``srilm.arpa``, which is written by hand
in SRILM's dialect (text before ``\\data\\``, -99, left out back-off weights, no ``<unk>``, a
trigram whose suffix was pruned).
"""

from __future__ import annotations

import itertools
import json
import lzma
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import kenlm

HERE = Path(__file__).resolve().parent
TEXT = HERE.parent.parent / "data" / "kjv.txt.xz"
SENTENCES = [
    "in the beginning god created the heaven and the earth",
    "and god said let there be light",
    "the light called the darkness day",
    "a word that nobody knows",
    "god god god",
    "",
    "the",
    "<unk> the earth",
]
BY_HAND = ["a b", "b a", "a b a", "b b", "a", "", "c a b", "a a b b"]


def main() -> None:
    with lzma.open(TEXT, "rt", encoding="utf-8") as verses:
        lines = [re.sub("[^a-z ]", "", verse.lower()) for verse in itertools.islice(verses, 30)]
    command = [sys.argv[1], "-o", "3", "--discount_fallback", "-S", "100M"]
    text = "\n".join(lines) + "\n"
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    (HERE / "lm" / "kenlm.arpa").write_bytes(done.stdout)
    golden = {}
    for name, sentences in (("kenlm", SENTENCES), ("srilm", BY_HAND)):
        arpa = (HERE / "lm" / f"{name}.arpa").read_text()
        with tempfile.NamedTemporaryFile("w", suffix=".arpa") as file:
            file.write(arpa[arpa.index("\\data\\") :])  # KenLM takes no text before it
            file.flush()
            model = kenlm.Model(file.name)
        golden[name] = [
            {
                "sentence": sentence,
                "score": model.score(sentence),
                "without_bos_eos": model.score(sentence, bos=False, eos=False),
                "full_scores": list(model.full_scores(sentence)),
            }
            for sentence in sentences
        ]
    (HERE / "lm" / "scores.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
