"""The topic neural-lm of ``fastembed bench``: its data, its checks, what the peer is given."""

from __future__ import annotations

import json
import sys

import numpy as np
import oracle_nlm as oracle

from fastembed.bench.children import fastembed_neural, neural_torch
from fastembed.bench.peers import Contender
from fastembed.bench.setting import Setting
from fastembed.bench.topics.neural_lm import PARAMS, check_neural, neural_lm


def test_a_result_that_cannot_be_is_a_complaint():
    good = {"tokens": 100, "perplexity": 200.0}
    assert check_neural({"fastembed": good, "torch": {**good, "perplexity": 199.0}}) == []
    worse = {"fastembed": good, "torch": {**good, "perplexity": 180.0}}
    assert "PyTorch's 180.0" in check_neural(worse)[0]
    assert "examples" in check_neural({"fastembed": good, "torch": {**good, "tokens": 99}})[0]


def test_everybody_gets_the_same_examples(tmp_path, kjv_text):
    spec = {"path": str(kjv_text), "folder": str(tmp_path), "tokens": 3000, "max_vocab": 200,
            "params": {**PARAMS, "epochs": 1}}  # fmt: skip
    made = fastembed_neural.neural_data(spec)
    stream = np.load(tmp_path / "train.npy")
    context, target = neural_torch.examples(stream, 5)
    assert made["tokens"] == len(target)
    assert made["vocabulary"] == 203 > stream.max()

    class Shape:
        n, window = 5, 0

    expected = oracle.examples_of(stream, np.flatnonzero(stream != 1), Shape, 1, 2)
    assert [list(map(int, row)) for row, _ in expected] == context.tolist()
    assert [int(word) for _, word in expected] == target.tolist()
    held = np.load(tmp_path / "heldout.npy")
    assert (held[0], held[-1]) == (1, 2)
    figures = fastembed_neural.neural_lm({**spec, "workers": 1})
    assert figures["tokens"] == len(target)
    assert 1 < figures["perplexity"] < 203
    assert figures["of_peak"] > 0  # above 100 if others had the processor while the peak was timed


def test_a_case_for_each_number_of_workers(tmp_path):
    found = {name: Contender(name, sys.executable) for name in ("fastembed", "torch")}
    cases = list(neural_lm(Setting(found, {"path": "x"}, tmp_path, workers=(1, 2), epochs=3)))
    assert [case.workers for case in cases] == [1, 2]
    assert "3 epochs, seed 1, 2 workers" in cases[1].name
    assert len(cases[0].setup) == 1 > len(cases[1].setup)
    assert cases[0].commands[-1].contender == "torch"
    (case,) = neural_lm(Setting(found, {"path": "x"}, tmp_path, tokens=5000, seed=4, epochs=3))
    assert case.name == "5,000 tokens, 3 epochs, seed 4, 1 worker"
    for command in (*case.setup, *case.commands):
        spec = json.loads(command.argv[-1])
        assert (spec["tokens"], spec["params"]["seed"]) == (5000, 4)
