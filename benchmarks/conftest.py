"""Data of the benchmarks: made here from a seed, or bundled; nothing is fetched."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest


class Text(NamedTuple):
    """A text file and what a benchmark may expect of it."""

    path: Path
    n_words: int
    n_bytes: int


@pytest.fixture(scope="session")
def zipf_text(tmp_path_factory: pytest.TempPathFactory) -> Text:
    """A million words of 50,000 types by Zipf's law, 20 a line: a large vocabulary for its size."""
    rng = np.random.default_rng(1)
    n_types, n_words = 50_000, 1_000_000
    share = 1 / np.arange(1, n_types + 1)
    ids = rng.choice(n_types, size=n_words, p=share / share.sum())
    letters = rng.integers(ord("a"), ord("z") + 1, size=(n_types, 6), dtype=np.uint8)
    # the number makes each word unlike the others
    words = np.array([f"{letters[i].tobytes().decode()}{i}" for i in range(n_types)])
    path = tmp_path_factory.mktemp("text") / "zipf.txt"
    path.write_text("".join(" ".join(row) + "\n" for row in words[ids].reshape(-1, 20)))
    return Text(path, n_words, path.stat().st_size)


@pytest.fixture(scope="session")
def kjv_text(tmp_path_factory: pytest.TempPathFactory) -> Text:
    """The bundled running text, unpacked."""
    from fastembed.core import data

    with lzma.open(data.path("kjv.txt.xz")) as packed:
        content = packed.read()
    path = tmp_path_factory.mktemp("text") / "kjv.txt"
    path.write_bytes(content)
    return Text(path, len(content.split()), len(content))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``workers``: one, and every core that this process may use."""
    if "workers" in metafunc.fixturenames:
        from fastembed.core.threads import resolve_workers

        metafunc.parametrize("workers", sorted({1, resolve_workers(None)}))
