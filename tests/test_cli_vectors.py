"""neighbors, analogy, evaluate, convert: output, errors in one line, exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fastembed import KeyedVectors


@pytest.fixture
def vectors(tmp_path):
    """Squares of words: c1 - c0 is the same difference in every row."""
    rows, columns = np.eye(3, 6), np.eye(3, 6, 3)
    words = [f"r{i}c{j}" for i in range(3) for j in range(3)]
    matrix = [rows[i] + 0.5 * columns[j] for i in range(3) for j in range(3)]
    kv = KeyedVectors(words, np.array(matrix, dtype=np.float32), counts=range(9, 0, -1))
    kv.save(tmp_path / "v.fe")
    return tmp_path / "v.fe"


def one_line(result, status, *parts):
    assert result.status == status
    assert result.out == ""
    assert result.err.startswith("fastembed: error: ")
    assert result.err.count("\n") == 1
    for part in parts:
        assert part in result.err


# ---------------------------------------------------------------------------------- neighbors


def test_neighbors(run_cli, vectors):
    result = run_cli("neighbors", vectors, "r0c0", "r1c1", "-n", 2)
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert [row[:2] for row in rows] == [
        ["r0c0", "r0c1"],
        ["r0c0", "r0c2"],
        ["r1c1", "r1c0"],
        ["r1c1", "r1c2"],
    ]
    assert rows[0][2] == "0.8000"
    assert (result.status, result.err) == (0, "")


def test_neighbors_as_json(run_cli, vectors):
    result = run_cli("neighbors", vectors, "r0c0", "--json", "-n", 1, "--restrict-vocab", 8)
    found = json.loads(result.out)
    assert found["word"] == "r0c0"
    assert found["neighbors"] == [{"word": "r0c1", "similarity": pytest.approx(0.8)}]


def test_neighbors_of_words_from_standard_input(run_cli, vectors):
    result = run_cli("neighbors", vectors, "-n", 1, stdin=b"r0c0\n\nnobody\n r1c0 \n")
    assert [line.split("\t")[0] for line in result.out.splitlines()] == ["r0c0", "r1c0"]
    assert result.status == 1
    assert result.err == "fastembed: 'nobody' is not among the 9 words of these vectors\n"


def test_unknown_words(run_cli, vectors):
    one_line(run_cli("neighbors", vectors, "r0c0", "nobody"), 1, "'nobody' is not among the 9")
    one_line(run_cli("analogy", vectors, "r0c0", "r0c1", "R1C0"), 1, "'R1C0'", "'r1c0' is")


def test_usage_errors(run_cli, vectors, tmp_path):
    one_line(run_cli("neighbors"), 2, "VECTORS")
    one_line(run_cli("neighbors", "-"), 2, "standard input")
    one_line(run_cli("neighbors", vectors, "-n", 0), 2, "-n")
    one_line(run_cli("evaluate", vectors, "--method", "cos"), 2, "--method")
    one_line(run_cli("convert", vectors, tmp_path / "v.csv"), 2, "v.csv: no format goes with")
    one_line(run_cli("convert", vectors, "-"), 2, "no format goes with")


@pytest.mark.parametrize("command", ["neighbors", "evaluate"])
def test_files_that_cannot_be_opened(run_cli, tmp_path, command):
    (tmp_path / "empty").touch()
    one_line(run_cli(command, tmp_path / "missing", stdin=b""), 1, "missing", "No such file")
    one_line(run_cli(command, tmp_path, stdin=b""), 1, str(tmp_path))
    one_line(run_cli(command, tmp_path / "empty", stdin=b""), 1, "empty", "the file is empty")


# ------------------------------------------------------------------------------------ analogy


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_analogy(run_cli, vectors, method):
    args = ("analogy", vectors, "r0c0", "r0c1", "r1c0", "--method", method, "-n", 1)
    assert run_cli(*args).out.split("\t")[0] == "r1c1"
    found = json.loads(run_cli(*args, "--json").out)
    assert (found["a"], found["b"], found["c"], found["method"]) == ("r0c0", "r0c1", "r1c0", method)
    assert [answer["word"] for answer in found["answers"]] == ["r1c1"]


# ----------------------------------------------------------------------------------- evaluate


@pytest.fixture
def tests(tmp_path):
    questions, pairs = tmp_path / "q.txt", tmp_path / "p.tsv"
    questions.write_text(": squares\nr0c0 r0c1 r1c0 r1c1\nr0c0 r0c1 r1c0 nobody\n")
    pairs.write_text("r0c0\tr0c1\t9\nr0c0\tr1c1\t0\nr0c0\tr1c0\t5\nr0c0\tnobody\t1\n")
    return questions, pairs


def test_evaluate(run_cli, vectors, tests):
    questions, pairs = tests
    args = ("evaluate", vectors, "--analogies", questions, "--similarity", pairs)
    result = run_cli(*args)
    assert result.status == 0
    assert f"{questions} (3cosadd)" in result.out
    assert "3 of 4 pairs, 1 with unknown words" in result.out
    data = json.loads(run_cli(*args, "--similarity", pairs, "--bootstrap", 10, "--json").out)
    assert (data["words"], data["vector_size"]) == (9, 6)
    (analogies,) = data["analogies"]
    assert analogies["file"] == str(questions)
    assert analogies["total"]["correct"] == 1
    assert analogies["total"]["oov"] == 1
    assert analogies["total"]["accuracy"] == 1
    assert analogies["total"]["accuracy_with_oov"] == 0.5
    first, second = data["similarity"]
    assert first == second
    assert first["spearman"]["value"] == pytest.approx(1)
    assert first["oov"] == 1


def test_the_same_seed_gives_the_same_output(run_cli, vectors, tests):
    args = ("evaluate", vectors, "--similarity", tests[1], "--json", "--seed")
    assert run_cli(*args, 1).out == run_cli(*args, 1).out


def test_bundled_sets(run_cli, vectors):
    data = json.loads(run_cli("evaluate", vectors, "--json").out)
    assert [item["file"].rsplit("/")[-1] for item in data["analogies"]] == ["analogies.txt"]
    assert data["analogies"][0]["total"]["answered"] == 0
    assert data["analogies"][0]["total"]["oov"] > 1000
    assert data["similarity"][0]["oov"] == data["similarity"][0]["pairs"] > 100
    assert data["similarity"][0]["spearman"]["value"] is None


def test_bad_test_sets(run_cli, vectors, tests):
    tests[0].write_text(": x\na b c\n")
    one_line(run_cli("evaluate", vectors, "--analogies", tests[0]), 1, "q.txt: line 2")
    tests[1].write_text("a\tb\n")
    one_line(run_cli("evaluate", vectors, "--similarity", tests[1]), 1, "p.tsv: line 1")
    one_line(run_cli("evaluate", vectors, "--similarity", "missing.tsv"), 1, "missing.tsv")


# ------------------------------------------------------------------------------------ convert


def test_convert_through_all_formats(run_cli, vectors, tmp_path):
    wanted = KeyedVectors.load(vectors)
    source = vectors
    for name in ("a.bin", "a.txt", "a.glove.txt", "a.vec", "a.fe"):
        result = run_cli("convert", source, tmp_path / name)
        assert (result.status, result.out) == (0, "")
        assert "9 words, 6 dimensions" in result.err
        source = tmp_path / name
    again = KeyedVectors.load(source, verify=True)
    assert again.index_to_key == wanted.index_to_key
    assert np.array_equal(again.vectors, wanted.vectors)


def test_convert_in_a_pipe(run_cli, vectors):
    text = run_cli("convert", vectors, "-", "--format", "word2vec-text").out
    assert text.startswith("9 6\nr0c0 1.0 0.0 0.0 0.5")
    assert run_cli("convert", "-", "-", "--format", "glove", stdin=text.encode()).out in text
    one_line(
        run_cli("convert", "-", "-", "--format", "glove", stdin=vectors.read_bytes()),
        1,
        "opened by name",
    )


def test_convert_names_the_format_of_its_input(run_cli, tmp_path):
    (tmp_path / "v").write_text("2 3\n4 5\n")  # two words of GloVe, or a header and a bad row
    args = ("convert", tmp_path / "v", "-", "--format", "glove")
    one_line(run_cli(*args), 1, "line 1: the header promises 2 vectors of 3 dimensions")
    assert run_cli(*args, "--from", "glove").out == "2 3.0\n4 5.0\n"


def test_convert_mends_words_when_asked(run_cli, tmp_path):
    (tmp_path / "v").write_bytes(b"1 1\ncaf\xe9 1\n")
    args = ("convert", tmp_path / "v", "-", "--format", "glove")
    one_line(run_cli(*args), 1, "row 1", "is not utf8")
    assert run_cli(*args, "--errors", "replace").out == "caf� 1.0\n"


def test_convert_warns_of_repeated_words(run_cli, tmp_path):
    (tmp_path / "v").write_text("2 1\na 1\na 2\n")
    result = run_cli("convert", tmp_path / "v", "-", "--format", "glove")
    assert (result.status, result.out) == (0, "a 1.0\n")
    assert result.err.startswith("fastembed: warning: ")
    assert "1 of 2 rows repeat" in result.err


def test_convert_verifies_when_asked(run_cli, vectors, tmp_path):
    data = bytearray(vectors.read_bytes())
    data[8 + int.from_bytes(data[:8], "little") + 3] ^= 1
    vectors.write_bytes(data)
    one_line(run_cli("convert", vectors, tmp_path / "v.bin", "--verify"), 1, "is damaged")
    assert not (tmp_path / "v.bin").exists()


def test_outputs_that_cannot_be_written(run_cli, vectors, tmp_path):
    one_line(run_cli("convert", vectors, tmp_path / "no" / "v.bin"), 1, "no/v.bin")
    (tmp_path / "v.bin").mkdir()
    one_line(run_cli("convert", vectors, tmp_path / "v.bin"), 1, "v.bin", "folder")
