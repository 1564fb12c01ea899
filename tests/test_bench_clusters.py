"""The clusterings of ``fastembed bench``, with stand-ins for the peers' programs."""

from __future__ import annotations

import stat
import sys

import oracle_brown as oracle
import pytest

from fastembed.bench.measure import BenchmarkError, run_command
from fastembed.bench.peers import Contender, find_contenders
from fastembed.bench.topics.clusters import check_brown, check_exchange

pytestmark = pytest.mark.usefixtures("peers_once")

OURS = Contender("fastembed", sys.executable)
TEXT = "b a c\na b\nc c a\n"

FAKE = r"""#!{python}
import os, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
words = sorted(set(open(options["{text}"]).read().split()))
if "{text}" == "--text":
    with open(os.path.join(options["--output_dir"], "paths"), "w") as file:
        for word in words:
            file.write("%s\t%s\t1\n" % ("0" if word == "a" else "1", word))
else:
    assert options["--classes"] == "4"
    with open(options["--out"], "w") as file:
        file.write("<s>\t7\n</s>\t9\n")
        for word in words:
            file.write("%s\t%d\n" % (word, word == "a"))
"""


@pytest.fixture
def contenders(tmp_path):
    given = {}
    for name, option in (("wcluster", "--text"), ("clustercat", "--in")):
        program = tmp_path / name
        program.write_text(FAKE.format(python=sys.executable, text=option))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        given[f"{name}_bin"] = str(program)
    found, missing = find_contenders(**given)
    assert not any("cluster" in line for line in missing)
    return found


@pytest.mark.parametrize("name", ["wcluster", "clustercat"])
def test_a_peer_is_run_and_judged(contenders, tmp_path, name):
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    spec = {"path": str(text), "folder": str(tmp_path), "n_clusters": 2, "passes": 3}
    theirs = run_command(contenders[name].command("cluster", spec)).figures
    assert (theirs["n_clusters"], theirs["n_words"]) == (2, 3)
    words = TEXT.split()
    pairs = oracle.bigrams([words])
    classes = {word: word == "a" for word in words}
    expected = oracle.average_mutual_information(pairs, classes)
    assert theirs["ami_bits"] == pytest.approx(expected)
    # the account is that of the program
    assert theirs["process_s"] > 0
    ours = run_command(OURS.command("cluster", {**spec, "options": []})).figures
    assert check_brown({"fastembed": ours, name: theirs}) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "clustercat",
        "text.txt",
        "wcluster",
    ]


def test_less_information_is_a_complaint():
    def figures(ami, n=2):
        return {"ami_bits": ami, "n_clusters": n, "n_words": 9}

    assert check_brown({"a": figures(1.0), "b": figures(1.005)}) == []
    assert check_brown({"a": figures(1.0), "b": figures(1.2)}) == [
        "b keeps 1.2000 bits, fastembed 1.0000"
    ]
    assert check_exchange({"a": figures(1.0), "b": figures(0.9)}) == []
    assert len(check_exchange({"a": figures(1.0), "b": figures(1.0001)})) == 1
    assert check_exchange({"a": figures(1.0), "b": figures(0.9, n=3)}) == [
        "n_clusters differs: a 2, b 3"
    ]


def test_a_clustering_that_lacks_words_is_refused(tmp_path, contenders):
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    program = tmp_path / "wcluster"
    program.write_text(program.read_text().replace("for word in words", "for word in words[1:]"))
    spec = {"path": str(text), "folder": str(tmp_path), "n_clusters": 2, "passes": 3}
    with pytest.raises(BenchmarkError, match="3 words have no cluster"):
        run_command(contenders["wcluster"].command("cluster", spec))
