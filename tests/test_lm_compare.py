"""``fastembed lm compare``: the table, its conventions, and the order of the literature."""

from __future__ import annotations

import json

import pytest

import fastembed as fe
from fastembed.bench.lm_quality import compare, open_texts
from fastembed.ngram.smoothing import SMOOTHINGS


@pytest.fixture(scope="module")
def parts(kjv_text):
    lines = kjv_text.read_text().splitlines()
    return [fe.Corpus(part) for part in (lines[:2400], lines[2400:2700], lines[2700:])]


def test_the_bundled_text(run_cli):
    done = run_cli("lm", "compare", "--quick", "--json", "-q")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    table = {row["name"]: [cell.get("perplexity") for cell in row["orders"]]
             for row in found["rows"]}  # fmt: skip
    assert list(table)[: len(SMOOTHINGS)] == list(SMOOTHINGS)
    assert table["stupid_backoff"] == [None] * 3
    assert table["mle"][0] > 100
    assert table["mle"][1:] == [None, None]
    # Chen & Goodman (1998); on a text this small one discount does as well as three
    for k in (1, 2):
        column = {name: row[k] for name, row in table.items() if row[k] is not None}
        best = min(column["kneser_ney"], column["modified_kneser_ney"])
        worst = max(column["kneser_ney"], column["modified_kneser_ney"])
        assert worst < 1.03 * best
        others = set(SMOOTHINGS) & set(column) - {"kneser_ney", "modified_kneser_ney"}
        assert worst < min(column[name] for name in others)
        for name in ("katz", "jelinek_mercer", "absolute_discounting", "witten_bell"):
            assert column[name] < min(column["additive"], column["good_turing"])
        mixed = column["modified_kneser_ney + class-based, C = 50"]
        assert mixed < min(column["modified_kneser_ney"], column["class-based, C = 50"])
        assert column["modified_kneser_ney + class-based + cache"] < 1.001 * mixed
    weights = found["rows"][-1]["orders"][2]["weights"]
    assert sum(weights) == pytest.approx(1)
    assert len(weights) == 3


def test_figures_are_those_of_the_models(parts, tmp_path):
    with open_texts(*parts) as texts:
        found = compare(texts, orders=[2], smoothings=["witten_bell"], n_clusters=[])
        assert [row.name for row in found.rows] == ["witten_bell"]
        model = fe.NgramLM(order=2, smoothing="witten_bell", min_count=2).fit(parts[0])
        cell = found.rows[0].cells[0]
        assert cell.result == model.perplexity(parts[2])
        assert found.facts["test_oov"] == cell.result.oov > 0
        assert found.facts["train_unk"] > 0
        assert found.facts["vocabulary"] == len(model.words) - 3
        # the models that are mixed are there even if their row is not
        mixed = compare(texts, orders=[2], smoothings=["mle"], n_clusters=[20, 5])
        assert [len(row.cells[0].weights) for row in mixed.rows] == [0, 0, 0, 2, 2, 4]
        assert mixed.rows[5].name == "modified_kneser_ney + all class-based + cache"
        markdown = mixed.to_markdown()
    lines = markdown.splitlines()
    assert "| mle | infinite |" in lines
    assert sum("**" in line for line in lines) == 1


def test_blank_lines(tmp_path, run_cli):
    text = "a b c a\n\nb a c b\n\n" * 40
    for name in ("train", "held", "test"):
        (tmp_path / name).write_text(text)
    files = (tmp_path / "train", "--heldout", tmp_path / "held", "--test", tmp_path / "test")
    command = ("lm", "compare", *files, "--order", 2, "--clusters", 0, "-q")
    smoothing = ("--smoothing", "additive", "--smoothing", "stupid_backoff")
    for option, sentences in (("--blank-lines", 160), ("--no-blank-lines", 80)):
        done = run_cli(*command, *smoothing, option, "--json")
        assert done.status == 0, done.err
        assert json.loads(done.out)["test_sentences"] == sentences
    done = run_cli(*command, *smoothing)
    assert "(a blank line is a sentence)" in done.out
    assert "| stupid_backoff | -\\* |" in done.out
    assert "\n\\* the scores of stupid_backoff are no probabilities" in done.out


def test_bad_input(run_cli, tmp_path, kjv_text):
    assert run_cli("lm", "compare", kjv_text, "--test", kjv_text).status == 2
    done = run_cli("lm", "compare", "--smoothing", "magic")
    assert done.status == 2
    assert "modified_kneser_ney" in done.err
    assert run_cli("lm", "compare", tmp_path / "none").status == 2
    (tmp_path / "empty").write_text("")
    assert run_cli("lm", "compare", tmp_path / "empty").status == 1
    (tmp_path / "bad").write_bytes(b"good\nb\xffd\n" * 20)
    done = run_cli("lm", "compare", tmp_path / "bad")
    assert done.status == 1
    assert "byte 6: not UTF-8" in done.err
    assert "Traceback" not in done.err
