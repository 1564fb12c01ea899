"""The topic svd of ``fastembed bench``: its figures and its checks."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from fastembed.bench.children.fastembed_svd import svd_errors
from fastembed.bench.measure import run_command
from fastembed.bench.peers import Contender
from fastembed.bench.topics.svd import BEST, COUNTING, check_svd


def test_errors_are_shares_of_the_exact_values():
    u = np.eye(5, 2)
    figures = svd_errors(u, np.array([4.0, 1.5]), np.array([4.0, 2.0]))
    assert figures["last_low"] == pytest.approx(25)
    assert figures["squares_low"] == pytest.approx(100 * (4 - 2.25) / 20)
    assert figures["excess"] < 0
    assert figures["overlap"] == 0
    exact = svd_errors(u, np.array([4.0, 2.1]), np.array([4.0, 2.0]))
    assert (exact["last_low"], exact["excess"]) == (1e-4, pytest.approx(5))


def test_a_result_that_cannot_be_is_a_complaint():
    good = {"last_low": 0.5, "squares_low": 0.1, "excess": -0.5, "overlap": 1e-6}
    assert check_svd({"fastembed": good, BEST: {**good, "last_low": 3.0}}) == []
    assert "than there is" in check_svd({"fastembed": {**good, "excess": 0.3}})[0]
    assert "not orthonormal" in check_svd({BEST: {**good, "overlap": 0.3}})[0]
    assert check_svd({"fastembed": {**good, "last_low": 4.0}, BEST: {**good, "last_low": 3.0}})


def test_more_steps_are_more_exact_on_a_text(tmp_path, kjv_text):
    ours = Contender("fastembed", sys.executable)
    spec = {"path": str(kjv_text), "counting": COUNTING, "k": 20, "folder": str(tmp_path)}
    made = run_command(ours.command("make_matrix", spec)).figures
    assert made["entries"] > made["vocabulary"] > 1000
    low = []
    for params in ({"n_iter": 2}, {}, {"solver": "exact"}):
        task = {"k": 20, "folder": str(tmp_path), "workers": 1, "params": params}
        low.append(run_command(ours.command("svd", task)).figures["last_low"])
    assert low[0] > 10 * low[1]
    assert low[1] < 1
    assert low[2] == 1e-4
