"""Which peers ``fastembed bench`` finds, and what it says of the others."""

from __future__ import annotations

import pytest

from fastembed.bench import peers
from fastembed.bench.measure import BenchmarkError
from fastembed.bench.peers import find_contenders

pytestmark = pytest.mark.usefixtures("peers_once")


def test_missing_peers_are_named(tmp_path):
    # an empty module in place of gensim: it is there but is not gensim
    found, missing = find_contenders()
    assert found["fastembed"].info["isa"]["used"]
    assert "word2vec" not in found
    assert any("--word2vec-bin" in line for line in missing)
    for module in ("gensim", "sklearn"):
        assert (module in found) != any(f"{module} is left out" in line for line in missing)


def test_peer_asked_for_must_run(tmp_path):
    for option in ("peer_python", "torch_python"):
        with pytest.raises(BenchmarkError, match="no-such-python: has none of the peers"):
            find_contenders(**{option: "no-such-python"})
    with pytest.raises(BenchmarkError, match="not a program"):
        find_contenders(word2vec_bin=str(tmp_path / "missing"))


def test_a_python_with_some_of_the_peers_is_enough(tmp_path, monkeypatch):
    def probe(contender):
        if contender.python == "some" and contender.module != "kenlm":
            raise BenchmarkError(f"{contender.module} failed: no module")
        return contender

    monkeypatch.setattr(peers, "_probe", probe)
    found, missing = find_contenders(peer_python="some")
    assert {"fastembed", "kenlm"} == set(found)
    assert any(line.startswith("gensim is left out (gensim failed: no module)") for line in missing)
    with pytest.raises(BenchmarkError, match=r"^some: has none of the peers \(torch failed"):
        find_contenders(torch_python="some")
