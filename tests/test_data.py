"""The bundled texts and test sets are there, whole, documented, and what README.md says."""

from __future__ import annotations

import importlib.util
import lzma
import re
from collections import Counter
from pathlib import Path

import pytest

from fastembed.core import data

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def gloss_counts() -> Counter[str]:
    with lzma.open(data.path("wordnet_glosses.txt.xz"), "rt", encoding="utf-8") as lines:
        return Counter(re.findall(r"[a-z]+(?:-[a-z]+)*", lines.read().lower()))


def analogy_lines() -> list[str]:
    return data.path("analogies.txt").read_text(encoding="utf-8").splitlines()


def similarity_rows() -> list[tuple[str, str, float]]:
    lines = data.path("word_similarity.tsv").read_text(encoding="utf-8").splitlines()
    fields = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(a, b, float(score)) for a, b, score in fields]


def test_unknown_name_lists_those_that_are_there():
    with pytest.raises(FileNotFoundError, match=r"analogies\.txt"):
        data.path("nothing.txt")
    with pytest.raises(FileNotFoundError):
        data.path("../README.md")


@pytest.mark.parametrize(
    ("name", "lines", "size"),
    [("wordnet_glosses.txt.xz", 117_659, 8_963_291), ("kjv.txt.xz", 31_102, 4_137_849)],
)
def test_texts_are_whole(name, lines, size):
    text = lzma.decompress(data.path(name).read_bytes())
    assert len(text) == size
    assert text.count(b"\n") == lines
    text.decode("utf-8")


def test_readme_names_every_file_and_its_licence_is_there():
    folder = data.path("analogies.txt").parent
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for name in data.names():
        assert f"`{name}`" in readme
    for licence in re.findall(r"`(licences/[^`]+)`", readme):
        assert (folder / licence).stat().st_size > 500
    questions = sum(not line.startswith(":") for line in analogy_lines())
    assert f"{questions:,} questions" in readme
    assert f"{len(similarity_rows())} pairs" in readme


def test_analogies_are_four_different_words_in_named_sections(gloss_counts):
    lines = analogy_lines()
    assert lines[0].startswith(": ")
    questions = [line for line in lines if not line.startswith(":")]
    assert len(set(questions)) == len(questions)
    for question in questions:
        words = question.split(" ")
        assert len(set(words)) == len(words) == 4
        assert all(gloss_counts[word] >= 5 for word in words), question


def test_analogies_are_what_the_script_writes():
    spec = importlib.util.spec_from_file_location(
        "make_analogies", ROOT / "tools" / "make_analogies.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.lines() == analogy_lines()


def test_similarity_pairs_are_graded_once(gloss_counts):
    rows = similarity_rows()
    assert len({frozenset(row[:2]) for row in rows}) == len(rows)
    assert {score for *_, score in rows} == {9, 7, 6, 5, 4, 2, 0}
    for a, b, _ in rows:
        assert min(gloss_counts[a], gloss_counts[b]) >= 5, (a, b)
