"""evaluate/analogy.py: the definition, gensim's habits, and files that are wrong."""

from __future__ import annotations

import json

import numpy as np
import oracle_vectors as oracle
import pytest

from fastembed import FormatError, KeyedVectors, evaluate
from fastembed.evaluate import bootstrap
from fastembed.evaluate.analogy import Section


@pytest.fixture
def grid():
    """Words at the corners of squares: row + column, so that every analogy holds."""
    rows, columns = np.eye(4, 8), np.eye(4, 8, 4)
    words = [f"r{i}c{j}" for i in range(4) for j in range(4)]
    vectors = [rows[i] + 2 * columns[j] for i in range(4) for j in range(4)]
    return KeyedVectors(words, np.array(vectors, dtype=np.float32))


def square_questions(rows, columns):
    return [
        (f"r{i}c{j}", f"r{i}c{k}", f"r{m}c{j}", f"r{m}c{k}")
        for i in rows
        for m in rows
        for j in columns
        for k in columns
        if i != m and j != k
    ]


@pytest.fixture
def random_vectors():
    vectors = np.random.default_rng(4).normal(size=(90, 10)).astype(np.float32)
    return KeyedVectors([f"w{i}" for i in range(90)], vectors)


def random_questions(n, words, seed=1):
    rng = np.random.default_rng(seed)
    return [tuple(f"w{i}" for i in rng.choice(words, 4, replace=False)) for _ in range(n)]


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_true_analogies_are_found(grid, method):
    questions = square_questions(range(4), range(4))
    report = evaluate.analogies(grid, [Section("grid", questions)], method=method)
    assert report.total.correct == report.total.answered == len(questions)
    assert report.accuracy == 1


@pytest.mark.parametrize("restrict", [None, 40])
def test_answers_are_those_of_the_definition(random_vectors, restrict):
    kv = random_vectors
    questions = random_questions(300, restrict or 90)
    asked = [q[:3] for q in questions]
    expected = oracle.analogy_answers(kv.vectors, kv.index_to_key, asked, restrict or 90)
    # ask for what the oracle says: all of it must count as right
    asked = [(*q[:3], answer) for q, answer in zip(questions, expected, strict=True)]
    report = evaluate.analogies(
        kv, [Section("all", asked)], restrict_vocab=restrict, case_insensitive=False
    )
    assert report.total.correct == 300


def test_cosmul_agrees_with_the_query(random_vectors):
    kv = random_vectors
    questions = random_questions(60, 90)
    asked = [
        (a, b, c, kv.most_similar_cosmul([b, c], [a], topn=1)[0][0]) for a, b, c, _ in questions
    ]
    report = evaluate.analogies(kv, [Section("x", asked)], method="3cosmul", case_insensitive=False)
    assert report.total.correct == 60


def test_unknown_words_are_counted_both_ways(grid):
    sections = [
        Section("places", [*square_questions([0, 1], [0, 1]), ("r0c0", "r0c1", "r1c0", "nowhere")]),
        Section("gram1-x", [("r0c0", "r0c1", "r1c0", "r2c2"), ("x", "y", "z", "r0c0")]),
        Section("empty"),
    ]
    report = evaluate.analogies(grid, sections, n_bootstrap=200, seed=3)
    semantic, syntactic, total = report.semantic, report.syntactic, report.total
    n = len(sections[0].questions) - 1
    assert (semantic.correct, semantic.answered, semantic.oov) == (n, n, 1)
    assert (syntactic.correct, syntactic.answered, syntactic.oov) == (0, 1, 1)
    assert total.accuracy == n / (n + 1)
    assert total.accuracy_with_oov == n / (n + 3)
    assert report.accuracy == total.accuracy
    low, high = total.interval
    assert 0 < low < total.accuracy <= high <= 1
    assert total.interval_with_oov[0] < low
    again = evaluate.analogies(grid, sections, n_bootstrap=200, seed=3, dummy4unknown=True)
    assert again.total == total
    assert again.accuracy == total.accuracy_with_oov
    score, listed = again.gensim_result()
    assert score == total.accuracy_with_oov
    assert [s["section"] for s in listed] == ["places", "gram1-x", "empty", "Total accuracy"]
    assert listed[0]["incorrect"] == [("R0C0", "R0C1", "R1C0", "NOWHERE")]


def test_the_report_as_json_and_as_a_table(grid):
    report = evaluate.analogies(grid, [Section("family", square_questions([0, 1], [0, 1]))])
    data = json.loads(report.to_json())
    assert data["total"]["accuracy"] == 1
    assert data["total"]["interval"] == [1, 1]
    assert data["sections"][0]["name"] == "family"
    assert data["method"] == "3cosadd"
    lines = report.table().splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["family", "semantic", "syntactic", "total"]
    assert "100.0%" in lines[1]


def test_case_variants(grid):
    words = [*grid.index_to_key, "R0C0"]
    vectors = np.vstack([grid.vectors, [grid.vectors[0] * -1]])
    kv = KeyedVectors(words, vectors.astype(np.float32))
    question = [Section("x", [("R0C1", "r0c0", "R1C1", "r1C0")])]
    assert evaluate.analogies(kv, question).total.correct == 1
    assert evaluate.analogies(kv, question, case_insensitive=False).total.oov == 1


def test_a_word_of_the_question_is_never_the_answer(grid):
    report = evaluate.analogies(grid, [Section("x", [("r0c0", "r0c1", "r1c0", "r0c1")])])
    assert report.total.correct == 0


def test_fewer_words_than_candidates():
    kv = KeyedVectors(list("abcd"), np.eye(4, dtype=np.float32) + 0.1)
    report = evaluate.analogies(kv, [Section("x", [("a", "b", "c", "d")])])
    assert report.total.correct == 1


# -------------------------------------------------------------------------------------- files


def test_reading_questions(tmp_path):
    path = tmp_path / "q.txt"
    path.write_bytes(
        b"\xef\xbb\xbf# made by hand\n: family \r\na b c d\r\n\n: gram1-x\nE f  g\th\n"
    )
    family, gram = evaluate.read_questions(path)
    assert (family.name, family.questions) == ("family", [("a", "b", "c", "d")])
    assert (gram.name, gram.questions) == ("gram1-x", [("E", "f", "g", "h")])
    assert gram.syntactic
    assert not family.syntactic


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no questions"),
        (b": family\n", "no questions"),
        (b"a b c d\n", "line 1: expected a colon"),
        (b": x\na b c\n", "line 2: expected four words.*found 3 words"),
        (b": x\na b c d\na b c d e\n", "line 3: .*found 5 words"),
        (b": x\na b c \xff\n", "line 2: not UTF-8"),
    ],
)
def test_bad_files_name_the_line(tmp_path, content, message):
    path = tmp_path / "q.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        evaluate.read_questions(path)


def test_wrong_arguments(grid):
    with pytest.raises(ValueError, match="method must be one of 3cosadd, 3cosmul; got 'cos'"):
        evaluate.analogies(grid, [], method="cos")
    with pytest.raises(ValueError, match="similarity_function must be one of"):
        grid.evaluate_word_analogies("x", similarity_function="similarity")


# ---------------------------------------------------------------------------------- intervals


def test_the_interval_of_an_accuracy_covers_what_resampling_covers():
    rng = np.random.default_rng(0)
    answers = np.arange(200) < 60
    resampled = rng.choice(answers, size=(4000, 200)).mean(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    ours = bootstrap.of_accuracy(60, 200, 4000, seed=1)
    assert ours == pytest.approx((low, high), abs=0.01)
    assert ours == bootstrap.of_accuracy(60, 200, 4000, seed=1)
    assert ours != bootstrap.of_accuracy(60, 200, 4000, seed=2)


def test_no_interval_without_questions_or_samples():
    assert bootstrap.of_accuracy(0, 0, 100, 0) is None
    assert bootstrap.of_accuracy(1, 2, 0, 0) is None
    assert bootstrap.percentiles(np.array([np.nan])) is None
