"""The machinery of ``fastembed bench``: accounts, turns, checks, reports. No time is asserted."""

from __future__ import annotations

import gzip
import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastembed.bench import chart, quality, report
from fastembed.bench.measure import (
    BenchmarkError,
    Case,
    Command,
    Metric,
    Result,
    Sample,
    paired_ratio,
    run_case,
    run_command,
    spread,
)
from fastembed.bench.peers import Contender, find_contenders
from fastembed.bench.setting import Setting, check_nothing, same
from fastembed.bench.suite import environment, prepare_text, run_topics
from fastembed.bench.topics import TOPICS
from fastembed.bench.topics.vectors import check_neighbours, check_rows
from fastembed.bench.topics.word2vec import HYPERPARAMETERS, check_training, check_vocabulary

pytestmark = pytest.mark.usefixtures("peers_once")

SPEED = Metric("rate", "words/s", "higher")
COST = Metric("seconds", "seconds", "lower")
OURS = Contender("fastembed", sys.executable)


def python(name, code, **more):
    return Command(name, (sys.executable, "-c", code), **more)


def case(*commands, check=check_nothing, **more):
    return Case("topic", "a task", commands, (SPEED, COST), check, **more)


# figures


def test_spread_of_runs():
    summary = spread([3.0, 1.0, 8.0])
    assert (summary.median, summary.mean, summary.low, summary.high, summary.n) == (3, 4, 1, 8, 3)
    assert spread([]) is None


@given(st.lists(st.tuples(*[st.floats(0.1, 1e9)] * 2), min_size=1))
def test_ratio_above_one_is_better_in_both_directions(pairs):
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    lower = paired_ratio(ours, theirs, "lower")
    higher = paired_ratio(theirs, ours, "higher")
    assert lower.median == pytest.approx(higher.median)
    assert lower.low <= lower.median <= lower.high
    if all(a < b for a, b in pairs):
        assert lower.low > 1


def test_ratio_pairs_neighbouring_runs():
    # both ran twice slower in the second round; each ratio is 3 all the same
    assert paired_ratio([1, 2], [3, 6], "lower").high == pytest.approx(3)


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], []), ([0.0], [1.0])])
def test_no_ratio_where_there_is_nothing_to_divide(ours, theirs):
    assert paired_ratio(ours, theirs, "lower") is None


# processes


def test_process_is_accounted():
    code = "x = bytearray(200_000_000); print('noise'); print('{\"rate\": 7}')"
    figures = run_command(python("p", code)).figures
    assert figures["rate"] == 7
    assert figures["peak_mb"] > 190
    assert figures["process_s"] > 0
    assert figures["cpu_s"] == figures["user_s"] + figures["system_s"] > 0


def test_wrapper_reports_the_account_of_what_it_ran():
    assert run_command(python("p", "print('{\"peak_mb\": 1.5}')")).figures["peak_mb"] == 1.5


def test_environment_of_a_process(monkeypatch):
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "KEPT"):
        monkeypatch.setenv(name, "x")
    code = "import os, json; print(json.dumps({'names': sorted(os.environ)}))"
    names = run_command(python("p", code, env={"ADDED": "1"})).figures["names"]
    assert {"KEPT", "ADDED"} <= set(names)
    assert not {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & set(names)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (python("p", "raise SystemExit('out of luck')"), "p failed: out of luck"),
        (python("p", "raise SystemExit(3)"), "p failed: exit status 3"),
        (python("p", "print('words')"), "last line of its output is not JSON: 'words"),
        (python("p", ""), "not JSON: ''"),
        (Command("p", ("no-such-program",)), "p: cannot run no-such-program"),
    ],
)
def test_failure_is_told_in_one_line(command, message):
    with pytest.raises(BenchmarkError) as raised:
        run_command(command)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_other_programs_need_not_report():
    figures = run_command(python("p", "print('help')", reports=False)).figures
    assert set(figures) == {"process_s", "user_s", "system_s", "cpu_s", "peak_mb"}


def test_contenders_take_turns_after_the_setup(tmp_path):
    log = tmp_path / "log"

    def writes(name):
        return python(name, f"open({str(log)!r}, 'a').write({name!r}); print('{{}}')")

    said = []
    task = case(writes("A"), writes("B"), setup=(writes("S"),))
    result = run_case(task, 3, said.append)
    assert log.read_text() == "SABABAB"
    assert [len(samples) for samples in result.samples.values()] == [3, 3]
    assert len(said) == 7
    assert "B, run 3" in said[-1]


def test_results_that_disagree_stop_the_run():
    task = case(
        python("A", "print('{\"vocabulary\": 4}')"),
        python("B", "print('{\"vocabulary\": 5}')"),
        check=lambda figures: same("vocabulary", figures),
    )
    with pytest.raises(BenchmarkError, match="a task: vocabulary differs: A 4, B 5"):
        run_case(task, 2, lambda line: None)


# checks

GOOD = {"vocabulary": 3, "finite": True, "loss": [2.5, 2.0], "digest": "d", "n_words": 9}


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (check_vocabulary, {"digest": "e"}),
        (check_vocabulary, {"n_words": 8}),
        (check_vocabulary, {"vocabulary": 2}),
        (check_training, {"vocabulary": 2}),
        (check_training, {"finite": False}),
        (check_training, {"loss": [2.5, float("nan")]}),
        (check_training, {"loss": [2.5, 2.6]}),
        (check_training, {"loss": []}),
        (check_training, {"share_trained": 0.75}),
        (check_training, {"matrices_mb": 30, "peak_mb": 231}),
    ],
)
def test_checks_find_what_is_wrong(check, wrong):
    assert check({"A": GOOD, "B": GOOD}) == []
    assert check({"A": GOOD}) == []
    assert len(check({"A": GOOD, "B": {**GOOD, **wrong}})) == 1


def test_check_of_loaded_rows():
    rows = {"vocabulary": 3, "vector_size": 2, "row_sum": 1.0}
    assert check_rows({"A": rows, "B": {**rows, "row_sum": 1.0001}}) == []
    assert check_rows({"A": rows, "B": {**rows, "row_sum": 1.5}}) != []


def test_check_of_neighbours():
    right = {"neighbours": [["a", "b"], ["c", "d"]]}
    assert check_neighbours({"A": right, "B": {"neighbours": [["b", "a"], ["c", "d"]]}}) == []
    assert check_neighbours({"A": right, "B": {"neighbours": [["b", "x"], ["c", "d"]]}}) != []


# contenders


FAKE_WORD2VEC = r"""#!{python}
import sys, time
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
words = open(options["-train"]).read().split()
print("Vocab size: 3\nWords in train file: %d" % len(words), flush=True)
if "-save-vocab" in options:
    with open(options["-save-vocab"], "w") as file:
        file.write("</s> 1\n")
        for word in sorted(set(words)):
            file.write("%s %d\n" % (word, words.count(word)))
if "-output" in options:
    for percent in (10, 60, 95):
        print("\rAlpha: 0.02  Progress: %d.00%%  Words/thread/sec: 1.0k  " % percent, end="")
        sys.stdout.flush()
        time.sleep(0.05)
    with open(options["-output"], "wb") as file:
        file.write(b"3 %s\n" % options["-size"].encode())
"""


@pytest.fixture
def word2vec(tmp_path):
    program = tmp_path / "word2vec"
    program.write_text(FAKE_WORD2VEC.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    found, _ = find_contenders(word2vec_bin=str(program))
    return found["word2vec"]


@pytest.fixture
def small_text(tmp_path):
    path = tmp_path / "small.txt"
    path.write_text("b a\nb\n")
    return {"path": str(path), "n_words": 3, "n_bytes": 6}


def test_word2vec_vocabulary_is_read_back(word2vec, small_text):
    spec = {**small_text, "min_count": 1}
    figures = run_command(word2vec.command("vocabulary", spec)).figures
    ours = run_command(OURS.command("vocabulary", {**spec, "workers": 1, "encode": False})).figures
    assert figures["vocabulary"] == 2
    assert check_vocabulary({"A": ours, "B": figures}) == []
    assert figures["seconds"] == figures["process_s"]


def test_word2vec_rate_is_that_between_its_progress_lines(word2vec, small_text, tmp_path):
    params = HYPERPARAMETERS
    spec = {**small_text, "workers": 1, "params": params, "folder": str(tmp_path)}
    figures = run_command(word2vec.command("train", spec)).figures
    assert figures["vocabulary"] == 2
    # 85 % of three words in 0.1 s or more
    assert 0 < figures["train_words_per_s"] <= 0.85 * 3 / 0.1
    assert figures["seconds"] <= figures["process_s"] + figures["train_s"]
    assert not (tmp_path / "word2vec.bin").exists()


# the text


@pytest.mark.parametrize("ending", ["", "\n"])
def test_text_is_copied_in_short_lines(tmp_path, ending):
    source = tmp_path / "long.txt.gz"
    long = " ".join(f"w{i}" for i in range(25_001))
    with gzip.open(source, "wt") as file:
        file.write(f"first line\n\n{long}{ending}")
    text = prepare_text(OURS, str(source), tmp_path)
    lines = Path(text["path"]).read_text().split("\n")
    assert lines.pop() == ""
    assert [len(line.split()) for line in lines] == [2, 0, *25 * [1000], 1]
    assert " ".join(lines).split() == f"first line {long}".split()
    assert text["n_words"] == 25_003
    assert text["n_bytes"] == os.path.getsize(text["path"])


def test_text_larger_than_a_block_keeps_its_words(tmp_path):
    source = tmp_path / "text.txt"
    words = [f"word{i % 977}" for i in range(400_000)]
    lines = [" ".join(words[i : i + 7]) for i in range(0, len(words), 7)]
    source.write_text("\n".join(lines))
    assert source.stat().st_size > 2 << 20
    text = prepare_text(OURS, str(source), tmp_path / "..")
    assert Path(text["path"]).read_text().splitlines() == lines
    part = prepare_text(OURS, str(source), tmp_path / "..", limit=1000)
    assert 1000 <= part["n_bytes"] <= 2 << 20
    assert source.read_text().startswith(Path(part["path"]).read_text().rstrip("\n"))


def test_bundled_text_is_tokenised(tmp_path):
    from fastembed.core import data

    source = str(data.path("wordnet_glosses.txt.xz"))
    tokens = {"lowercase": True, "punctuation": "drop"}
    text = prepare_text(OURS, source, tmp_path, limit=10_000, tokens=tokens)
    content = Path(text["path"]).read_text()
    assert content == content.lower()
    assert not set(content) & set(".,;()")
    assert text["n_words"] == len(content.split())


# reports


@pytest.fixture
def results():
    ours = [Sample({"rate": 4e6, "seconds": 1.0}), Sample({"rate": 6e6, "seconds": 1.5})]
    theirs = [Sample({"rate": 1e6, "seconds": 4.0}), Sample({"rate": 1e6, "seconds": 4.5})]
    partial = [Sample({"rate": 2e6, "neighbours": [["a"]]})] * 2
    commands = tuple(Command(name, ()) for name in ("ours", "peer", "other"))
    return [Result(case(*commands), {"ours": ours, "peer": theirs, "other": partial})]


@pytest.fixture(scope="module")
def facts(peers_once):
    found, _ = find_contenders()
    text = {"name": "a text", "n_bytes": 2_000_000, "n_words": 300_000}
    return environment(found) | {"text": text, "runs": 2, "epochs": 1}


def test_table(results, facts):
    table = report.as_table(results, facts)
    rows = [line for line in table.splitlines() if "words/s" in line or "seconds" in line]
    assert "5 M (4 M to 6 M)" in rows[0]
    assert "1 M (1 M to 1 M)  5x" in rows[0]
    assert "2 M (2 M to 2 M)  2.5x" in rows[0]
    assert "3.5x" in rows[1]
    assert rows[1].endswith("-")
    assert "not alone" not in report.as_table(results, {**facts, "load": 0.1})
    assert "not alone: other programs kept 2.0" in report.as_table(results, {**facts, "load": 2.0})
    for fact in (facts["processor"], facts["isa"], "300,000 words", "runs: 2"):
        assert str(fact) in table


def test_markdown_has_equal_columns(results, facts):
    lines = [line for line in report.as_markdown(results, facts).splitlines() if line[:1] == "|"]
    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1


def test_json_has_everything_but_the_words(results, facts):
    stored = json.loads(json.dumps(report.as_json(results, facts)))
    found = stored["results"][0]
    assert found["first"] == "ours"
    assert found["contenders"]["ours"]["runs"] == [s.figures for s in results[0].samples["ours"]]
    rate = found["contenders"]["peer"]["summary"]["rate"]
    assert rate["median"] == 1e6
    assert rate["first_is_better_by"]["median"] == 5
    assert found["contenders"]["ours"]["summary"]["rate"]["first_is_better_by"] is None
    assert "neighbours" not in json.dumps(stored)
    assert stored["environment"]["contenders"]["fastembed"]["version"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999.4, "999"),
        (1345.6, "1346"),
        (10_000, "10 k"),
        (999_600, "1 M"),
        (1e6, "1 M"),
        (2.5e9, "2.5 G"),
        (0.00123, "0.00123"),
    ],
)
def test_human_figures(value, text):
    assert report.human(value) == text


def test_chart_has_a_bar_for_each_peer(results, facts):
    assert [(peer, ratio) for _, peer, ratio, *_ in chart.bars(results)] == [
        ("peer", pytest.approx(5)),
        ("other", pytest.approx(2.5)),
    ]
    pytest.importorskip("matplotlib")
    assert chart.draw_chart(results, facts).startswith(b"<?xml")
    assert chart.draw_chart([], facts) is None


# the whole


@pytest.fixture(scope="module")
def setting(tmp_path_factory, kjv_text, peers_once):
    found, _ = find_contenders()
    folder = tmp_path_factory.mktemp("bench")
    text = prepare_text(found["fastembed"], str(kjv_text), folder)
    return Setting(
        found,
        text,
        folder,
        workers=(1,),
        sizes=(16,),
        clusters=(20,),
        n_vectors=500,
        n_queries=20,
        epochs=2,
    )


@pytest.mark.parametrize("topic", TOPICS)
def test_topic_runs_and_its_checks_hold(setting, topic):
    # the slow ones: fewer rows, or less time for each
    quick = replace(setting, quick=topic in ("lm", "neural-lm", "nn"))
    measured = list(run_topics(quick, [topic], 1, lambda line: None))
    if topic == "autoencoder":  # of images: test_bench_nn
        assert not measured
        return
    assert measured
    for result in measured:
        for name in result.samples:
            figures = [result.values(name, metric.key) for metric in result.case.metrics]
            assert any(figures), (result.case.name, name)
            assert all(value > 0 for values in figures for value in values)


def test_only_some_rows_can_be_measured(setting):
    names = [r.case.name for r in run_topics(setting, ["startup"], 1, lambda line: None, "--help")]
    assert names == ["fastembed --help", "fastembed lm train --help"]
    assert not list(run_topics(setting, ["startup"], 1, lambda line: None, "no such row"))


def test_quality_scores_every_seed(setting, tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("God\tLORD\t9\nearth\theaven\t7\nIsrael\tbread\t1\nking\tpeople\t4\n")
    questions = tmp_path / "questions.txt"
    questions.write_text(": family\nfather mother son daughter\nman woman father mother\n")
    result = quality.measure_quality(
        setting, [str(questions)], [str(pairs)], seeds=2, epochs=1, progress=lambda line: None
    )
    scores = result.values("fastembed", "pairs Spearman")
    assert len(scores) == 2
    assert scores[0] != scores[1]
    assert all(0 <= value <= 100 for value in result.values("fastembed", "questions accuracy %"))


def test_command_prints_and_writes(run_cli, kjv_text, tmp_path):
    folder = tmp_path / "results"
    done = run_cli("bench", kjv_text, "--quick", "--topic", "text", "-o", folder, "--markdown")
    assert done.status == 0, done.err
    assert "| vocabulary, 1 worker | words/s |" in done.out
    stored = json.loads((folder / "bench.json").read_text())
    assert [result["topic"] for result in stored["results"]] == ["text"]
    assert stored["environment"]["text"]["name"] == kjv_text.name
    assert (folder / "bench.md").read_text().strip() == done.out.strip()
    assert (folder / "bench.svg").exists() <= chart.can_draw()


def test_what_was_measured_before_a_failure_is_kept(run_cli, word2vec, kjv_text, tmp_path):
    # the stand-in program claims two words for every text
    program = word2vec.spec["binary"]
    options = ["--quick", "--topic", "startup", "--topic", "training", "-o", tmp_path]
    done = run_cli("bench", kjv_text, *options, "--word2vec-bin", program)
    assert done.status == 1
    assert done.err.splitlines()[-1].startswith("fastembed: error: training: skip-gram")
    assert "vocabulary differs: fastembed" in done.err
    assert "fastembed --help" in done.out
    stored = json.loads((tmp_path / "bench.json").read_text())
    assert {result["topic"] for result in stored["results"]} == {"startup"}


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["no-such.txt"], 2, "no-such.txt"),
        (["--topic", "speed"], 2, "speed"),
        (["--json", "--markdown"], 2, "not both"),
        (["--runs", "0"], 2, "0"),
        (["--peer-python", "no-such-python"], 1, "no-such-python"),
    ],
)
def test_command_refuses(run_cli, arguments, status, message):
    done = run_cli("bench", *arguments)
    assert done.status == status
    assert message in done.err
    assert done.out == ""
