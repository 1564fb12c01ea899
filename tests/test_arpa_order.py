"""ARPA files in any order of their lines; their numbers; the memory that their rows lie in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from oracle_lm import random_arpa

from fastembed import FormatError
from fastembed.ngram import arpa_lines
from fastembed.ngram.arpa import write_arpa
from fastembed.ngram.arpa_reader import read_arpa
from fastembed.ngram.arpa_section import Column, Spare


def sections(text: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """What stands before the n-grams; each heading with its lines."""
    header, *parts = text.split("\n\n\\")
    found = []
    for part in parts:
        heading, *lines = part.strip("\n").split("\n")
        found.append(("\\" + heading, [line for line in lines if line]))
    return header, found


def arranged(text: str, kind: str) -> str:
    """The n-grams in another order; words stay where they are."""
    header, parts = sections(text)
    ids = {line.split()[1]: i for i, line in enumerate(parts[0][1])}
    random = np.random.default_rng(7)
    for k, (_, lines) in enumerate(parts[1:], 2):

        def words(line: str, k: int = k) -> list[int]:
            return [ids[word] for word in line.split()[1 : k + 1]]

        lines.sort(key=(lambda line: words(line)[::-1]) if kind != "forward" else words)
        if kind == "swapped":
            for _ in range(len(lines) // 10):
                i, j = random.integers(len(lines), size=2)
                lines[i], lines[j] = lines[j], lines[i]
        elif kind == "one order shuffled" and k == 3:
            random.shuffle(lines)
    return header + "".join("\n\n" + "\n".join([name, *lines]) for name, lines in parts) + "\n"


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("block", [700, 1 << 22])
def test_any_order_is_the_same_model(tmp_path, monkeypatch, workers, block):
    monkeypatch.setattr(arpa_lines, "BLOCK", block)
    text = random_arpa(5, 5, 30, 600)
    models = []
    for kind in ("backward", "forward", "swapped", "one order shuffled"):
        path = tmp_path / f"{kind}.arpa"
        path.write_text(arranged(text, kind))
        write_arpa(read_arpa(path, workers=workers).to_backoff(), tmp_path / "out.arpa")
        models.append((tmp_path / "out.arpa").read_text())
    assert models[0].count("\n") > 500
    assert models == [models[0]] * 4


def test_suffixes_that_are_missing_in_an_ordered_file(tmp_path):
    """They are added, and the orders above find the n-grams all the same."""
    text = arranged(random_arpa(5, 5, 30, 600), "backward")
    header, parts = sections(text)
    whole = read_arpa(write(tmp_path / "whole.arpa", header, parts))
    # a trigram that is the suffix of others and the context of none
    ends = {" ".join(line.split()[2:5]) for line in parts[3][1]}
    begins = {" ".join(line.split()[1:4]) for line in parts[3][1]}
    gone = next(x for x in parts[2][1] if " ".join(x.split()[1:4]) in ends - begins)
    parts[2][1].remove(gone)
    header = header.replace(f"ngram 3={len(parts[2][1]) + 1}", f"ngram 3={len(parts[2][1])}")
    cut = read_arpa(write(tmp_path / "cut.arpa", header, parts))
    assert cut.metadata["suffixes_added"] == 1
    assert cut.counts == whole.counts
    assert [len(level) for level in cut.to_backoff().levels] == whole.counts


def write(path: Path, header: str, parts: list[tuple[str, list[str]]]) -> Path:
    path.write_text(header + "".join("\n\n" + "\n".join([n, *x]) for n, x in parts) + "\n")
    return path


@pytest.mark.parametrize("kind", ["backward", "forward"])
def test_missing_context_in_any_order(tmp_path, kind):
    header, parts = sections(arranged(random_arpa(5, 4, 30, 600), kind))
    contexts = {" ".join(line.split()[1:4]) for line in parts[3][1]}
    ends = {" ".join(line.split()[2:5]) for line in parts[3][1]}
    gone = next(x for x in parts[2][1] if " ".join(x.split()[1:4]) in contexts - ends)
    parts[2][1].remove(gone)
    header = header.replace(f"ngram 3={len(parts[2][1]) + 1}", f"ngram 3={len(parts[2][1])}")
    path = write(tmp_path / "x.arpa", header, parts)
    with pytest.raises(FormatError, match=f"needs its context '{' '.join(gone.split()[1:4])}'"):
        read_arpa(path)


@given(st.lists(st.from_regex(r"-?[0-9]{1,2}(\.[0-9]{1,10})?", fullmatch=True), min_size=1))
@examples(200)
def test_numbers_are_read_exactly(tmp_path, numbers):
    numbers = [number if number.startswith("-") else "-" + number for number in numbers]
    lines = [f"{number}\tw{i}\t{number}" for i, number in enumerate(numbers)]
    lines += ["-1\t<s>\t0", "-1\t</s>"]
    text = f"\\data\\\nngram 1={len(lines)}\nngram 2=0\n\n\\1-grams:\n" + "\n".join(lines)
    (tmp_path / "x.arpa").write_text(text + "\n\n\\2-grams:\n\n\\end\\\n")
    tables = read_arpa(tmp_path / "x.arpa")
    wanted = np.array(numbers, dtype=np.float32)
    for name in ("log_prob", "backoff"):
        found = tables.arrays[name][: len(numbers)]
        assert found.view(np.uint32).tolist() == wanted.view(np.uint32).tolist()


def test_columns_use_memory_again():
    spare = Spare()
    first = Column(np.uint32, 100, spare, 3)
    first.add(2)[:] = [[1, 2, 3], [4, 5, 6]]
    first.add(1)[:] = 7
    assert first.array.tolist() == [[1, 2, 3], [4, 5, 6], [7, 7, 7]]
    spare.give(first)
    assert len(first.array) == 0
    again = Column(np.uint64, 150, spare)
    assert again._bytes.nbytes == 1200
    again.add(1000)[:] = np.arange(1000)  # more than was expected
    again.add(1)[:] = 1000
    assert again.array.tolist() == list(range(1001))
