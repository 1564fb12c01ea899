"""The topics of counts and GloVe in ``fastembed bench``, with stand-ins for Stanford's programs."""

from __future__ import annotations

import stat
import sys

import pytest

from fastembed.bench import quality
from fastembed.bench.measure import BenchmarkError, run_command
from fastembed.bench.peers import Contender, find_contenders
from fastembed.bench.setting import Setting
from fastembed.bench.suite import prepare_text, run_topics
from fastembed.bench.topics.counts import COUNTING, GLOVE, check_counts, check_glove

pytestmark = pytest.mark.usefixtures("peers_once")

OURS = Contender("fastembed", sys.executable)

# As the programs read and write; counting is left to the oracle's formula.
HEAD = """#!{python}
import struct, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
"""
PROGRAMS = {
    "vocab_count": """
from collections import Counter
found = Counter(sys.stdin.read().split())
for word, n in sorted(found.items(), key=lambda item: (-item[1], item[0])):
    if n >= int(options["-min-count"]):
        print(word, n)
""",
    "cooccur": """
words = [line.split()[0] for line in open(options["-vocab-file"])]
ids = {word: i + 1 for i, word in enumerate(words)}
counts = {}
for line in sys.stdin:
    found = [ids[word] for word in line.split() if word in ids]
    for j, right in enumerate(found):
        for d in range(1, min(int(options["-window-size"]), j) + 1):
            for pair in ((found[j - d], right), (right, found[j - d])):
                counts[pair] = counts.get(pair, 0) + 1 / d
for (i, j), x in sorted(counts.items()):
    sys.stdout.buffer.write(struct.pack("<iid", i, j, x))
""",
    "shuffle": "sys.stdout.buffer.write(sys.stdin.buffer.read())\n",
    "glove": """
import time
print("TRAINING MODEL\\nRead 9 lines.\\nalpha: 0.750000", file=sys.stderr, flush=True)
for i in range(int(options["-iter"])):
    time.sleep(0.05)
    print("11/20/26 - 07:40.15AM, iter: %03d, cost: %f" % (i + 1, COST / (i + 1)), file=sys.stderr,
          flush=True)
words = [line.split()[0] for line in open(options["-vocab-file"])]
with open(options["-save-file"] + ".txt", "w") as file:
    for i, word in enumerate([*words, "<unk>"]):
        file.write(" ".join([word, *(str(i * k % 7 - 3.5) for k in range(1, 5))]) + "\\n")
""",
}


@pytest.fixture
def programs(tmp_path):
    def make(cost):
        folder = tmp_path / "glove-bin"
        folder.mkdir(exist_ok=True)
        for name, body in PROGRAMS.items():
            program = folder / name
            program.write_text(HEAD.format(python=sys.executable) + body.replace("COST", str(cost)))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(folder)

    return make


@pytest.fixture
def setting(tmp_path, programs):
    source = tmp_path / "source.txt"
    lines = [f"a b c{i % 7} d{i % 3} e the of the" for i in range(60)]
    source.write_text("\n".join(lines) + "\n")
    # a first loss of ours, so that the stand-in's agrees
    found, missing = find_contenders(glove_bin=programs(1.0))
    assert not any("--glove-bin" in line for line in missing)
    folder = tmp_path / "bench"
    folder.mkdir()
    text = prepare_text(found["fastembed"], str(source), folder)
    return Setting(found, text, folder, workers=(1,), sizes=(4,), epochs=1)


def ours_loss(setting, epochs=1):
    spec = {"workers": 1, "folder": str(setting.folder)}
    run_command(OURS.command("count", {**spec, **setting.text, "params": COUNTING, "keep": True}))
    params = {**GLOVE, "vector_size": 4, "epochs": epochs}
    return run_command(OURS.command("train_glove", {**spec, "params": params})).figures


def test_counting_agrees_pair_by_pair(setting):
    (result,) = run_topics(setting, ["cooccurrence"], 1, lambda line: None)
    assert list(result.samples) == ["fastembed", "fastembed to a file", "GloVe"]
    for samples in result.samples.values():
        figures = samples[0].figures
        assert figures["vocabulary"] == 15
        assert figures["n_pairs"] == result.samples["fastembed"][0].figures["n_pairs"]
        assert 0 < figures["count_s"] < figures["seconds"]
    assert not list(setting.folder.glob("*.bin"))
    assert not list(setting.folder.glob("*.fe"))


def test_training_is_timed_from_line_to_line(setting, programs):
    cost = ours_loss(setting)["last_loss"]
    programs(cost)
    (result,) = run_topics(setting, ["glove"], 1, lambda line: None)
    ours, theirs = (samples[0].figures for samples in result.samples.values())
    assert theirs["last_loss"] == pytest.approx(cost, rel=1e-4)
    assert theirs["n_pairs"] == ours["n_pairs"]
    assert 0.04 < theirs["train_s"] < theirs["seconds"] <= theirs["process_s"]
    assert theirs["pairs_per_s"] == pytest.approx(theirs["n_pairs"] / theirs["train_s"])


def test_a_loss_that_disagrees_stops_the_run(setting, programs):
    programs(3 * ours_loss(setting)["last_loss"])
    with pytest.raises(BenchmarkError, match="GloVe ended with a loss of"):
        list(run_topics(setting, ["glove"], 1, lambda line: None))


def test_quality_scores_both(setting, tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("a\tb\t9\nthe\tof\t7\nc1\td1\t1\nc2\td2\t4\n")
    result = quality.measure_quality(
        setting, [], [str(pairs)], seeds=2, epochs=1, progress=lambda line: None,
        topic="glove-quality",
    )  # fmt: skip
    for name in ("fastembed", "GloVe"):
        assert len(result.values(name, "pairs Spearman")) == 2
        assert all(value > 0 for value in result.values(name, "pairs_per_s"))
    assert result.case.topic == "glove-quality"


GOOD = {"vocabulary": 3, "n_pairs": 5, "sum": 7.0, "finite": True, "loss": [2.0, 1.0]}
GOOD |= {"last_loss": 1.0, "peak_mb": 100, "matrices_mb": 10}


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (check_counts, {"vocabulary": 4}),
        (check_counts, {"n_pairs": 4}),
        (check_counts, {"sum": 7.1}),
        (check_glove, {"n_pairs": 4}),
        (check_glove, {"last_loss": 1.2}),
        (check_glove, {"last_loss": float("nan")}),
        (check_glove, {"loss": [1.0, 2.0]}),
        (check_glove, {"finite": False}),
        (check_glove, {"peak_mb": 300}),
    ],
)
def test_checks_find_what_is_wrong(check, wrong):
    assert check({"A": GOOD, "B": GOOD}) == []
    assert len(check({"A": GOOD, "B": {**GOOD, **wrong}})) == 1


def test_programs_that_are_not_there(tmp_path):
    with pytest.raises(BenchmarkError, match="no program vocab_count"):
        find_contenders(glove_bin=str(tmp_path))


def test_a_program_that_fails_is_named(setting, programs, tmp_path):
    programs(1.0)
    (tmp_path / "glove-bin" / "cooccur").write_text(
        f"#!{sys.executable}\nraise SystemExit('no memory')\n"
    )
    with pytest.raises(BenchmarkError, match=r"cooccur failed.*no memory"):
        list(run_topics(setting, ["cooccurrence"], 1, lambda line: None))
