"""What every script and every call of the command pays before it does anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALLS = {
    "python": ["-c", "pass"],
    "import fastembed": ["-c", "import fastembed"],
    "import Word2Vec": ["-c", "from fastembed import Corpus, KeyedVectors, Word2Vec"],
    "fastembed --help": ["-m", "fastembed", "--help"],
}


@pytest.mark.parametrize("name", CALLS)
def test_start(benchmark, name):
    def start():
        argv = [sys.executable, *CALLS[name]]
        return subprocess.run(argv, capture_output=True, text=True, check=True)

    done = benchmark.pedantic(start, rounds=10, warmup_rounds=1)
    assert ("train" in done.stdout) == (name == "fastembed --help")
