"""The topic ``lm`` of ``fastembed bench``: its tasks and its checks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fastembed.bench.children import fastembed_lm, run_kenlm_bin
from fastembed.bench.measure import Case
from fastembed.bench.peers import Contender
from fastembed.bench.setting import Setting
from fastembed.bench.topics.lm import check_model, check_scores, lm


@pytest.fixture
def spec(kjv_text, tmp_path):
    names = ("train", "test", "long", "arpa", "fe", "converted")
    paths = {name: str(tmp_path / name) for name in names}
    fastembed_lm.split_text({"path": str(kjv_text), "line_words": 20, "times": 2, **paths})
    return {**paths, "text": paths["train"], "order": 3, "workers": 2}


def test_tasks_agree(spec, kjv_text):
    lines = [
        line for name in ("train", "test") for line in Path(spec[name]).read_text().split("\n")
    ]
    lines = [line for line in lines if line]
    assert " ".join(lines).split() == kjv_text.read_text().split()
    assert {len(line.split()) for line in lines[:-1]} == {20}
    models = {task: getattr(fastembed_lm, task)(spec) for task in ("lm_arpa", "lm_native")}
    models["lm_convert"] = fastembed_lm.lm_convert(spec)
    models["lm_stages"] = fastembed_lm.lm_stages(spec)
    assert models["lm_stages"]["count_s"] > 0
    assert check_model(models) == []
    assert fastembed_lm.split_text(spec) == {}  # nothing to do
    assert run_kenlm_bin._counts(spec["arpa"]) == models["lm_arpa"]["ngrams"]
    assert 5 < models["lm_native"]["bytes_per_ngram"] < 30
    scores = {task: getattr(fastembed_lm, task)(spec) for task in ("lm_batch", "lm_sentences")}
    assert check_scores(scores) == []
    opened = {file: fastembed_lm.lm_open({**spec, "file": file}) for file in ("fe", "arpa")}
    assert opened["fe"]["tokens"] == 21
    assert check_scores(opened) == []


def test_the_trie_is_made_of_what_was_estimated_for_probing(spec, monkeypatch):
    estimated = []

    def estimate(spec, arpa):
        estimated.append(spec["kind"])
        return {"cpu_s": 2.0, "peak_mb": 5.0}

    monkeypatch.setattr(run_kenlm_bin, "_estimate", estimate)
    monkeypatch.setattr(
        run_kenlm_bin, "_convert", lambda *_: {"cpu_s": 1.0, "peak_mb": 3.0, "ngrams": [1]}
    )
    spec = {**spec, "kenlm_arpa": spec["arpa"], "probing": "p", "trie": "t"}
    for kind in ("probing", "trie", "probing"):
        figures = run_kenlm_bin.lm_native({**spec, "kind": kind})
        assert figures == {"cpu_s": 3.0, "peak_mb": 5.0, "ngrams": [1]}
    assert estimated == ["probing", "probing"]


def test_checks():
    assert check_model({"a": {"ngrams": [3, 4]}, "b": {"ngrams": [3, 5]}}) == [
        "b has [3, 5] n-grams, not [3, 4]"
    ]
    first = {"tokens": 10, "perplexity": 100.0}
    assert check_scores({"a": first, "b": {"tokens": 10, "perplexity": 100.0005}}) == []
    assert len(check_scores({"a": first, "b": {"tokens": 11, "perplexity": 101.0}})) == 2


def test_cases(tmp_path):
    """Peers that are not there are left out; the text is cut before any case."""
    ours = Contender("fastembed", sys.executable)
    setting = Setting({"fastembed": ours}, {"path": "x"}, tmp_path, workers=(1, 2))
    cases = list(lm(setting))
    assert all(isinstance(case, Case) and len(case.commands) <= 2 for case in cases)
    assert all(case.setup == cases[0].setup for case in cases)
    assert len({case.name for case in cases}) == len(cases) == 16
    bins = Contender("kenlm_bin", sys.executable, {}, {"programs": {}})
    module = Contender("kenlm", sys.executable)
    everybody = {"fastembed": ours, "kenlm_bin": bins, "kenlm": module}
    both = list(lm(Setting(everybody, {"path": "x"}, tmp_path, workers=(1, 2))))
    kenlm = ["KenLM probing", "KenLM trie"]
    assert [[command.contender for command in case.commands] for case in both[:6]] == [
        ["fastembed", "fastembed, 1 worker"],
        ["fastembed", "fastembed, 1 worker", "KenLM"],
        ["fastembed", "fastembed, 1 worker", *kenlm],
        ["fastembed", "fastembed, 1 worker", *kenlm],
        ["fastembed", *kenlm],
        ["fastembed", "fastembed, 1 worker", "KenLM arpa"],
    ]
    # without the programs there are no files of KenLM's own
    alone = list(lm(Setting({"fastembed": ours, "kenlm": module}, {"path": "x"}, tmp_path)))
    assert [command.contender for command in alone[4].commands] == ["fastembed", "KenLM arpa"]
