"""Writes tests/golden/ngram: models of toy.txt as KenLM's lmplz estimates them.

    python tests/golden/make_ngram_golden.py path/to/lmplz

The last word to appear in toy.txt is there more than once, so that lmplz's way to count the last
n-gram of each order (kpu/kenlm issue 405) changes the discounts of the unigrams.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "ngram"


def main(lmplz: str) -> None:
    for name, options in (("toy", []), ("toy-pruned", ["--prune", "0", "1", "1"])):
        with open(FOLDER / "toy.txt", "rb") as text, open(FOLDER / f"{name}.arpa", "wb") as arpa:
            command = [lmplz, "-o", "3", "-S", "10%", *options]
            subprocess.run(command, stdin=text, stdout=arpa, check=True)


if __name__ == "__main__":
    main(sys.argv[1])
