"""The topic nn of ``fastembed bench``: MNIST's files, its figures and checks."""

from __future__ import annotations

import gzip
import struct
import sys

import numpy as np
import pytest

from fastembed.bench.measure import run_command
from fastembed.bench.peers import Contender
from fastembed.bench.setting import Setting
from fastembed.bench.topics.autoencoders import autoencoders, check_losses
from fastembed.bench.topics.nn import check_mnist, nn


@pytest.fixture
def mnist(tmp_path):
    """Four files in MNIST's format: ten easy classes, each a bright row."""
    rng = np.random.default_rng(0)
    for kind, n in (("train", 2000), ("t10k", 300)):
        labels = rng.integers(0, 10, n).astype(np.uint8)
        images = rng.integers(0, 60, (n, 28, 28)).astype(np.uint8)
        images[np.arange(n), labels * 2] += 150
        for name, array, magic in (("images-idx3", images, 0x803), ("labels-idx1", labels, 0x801)):
            header = struct.pack(f">{1 + array.ndim}I", magic, *array.shape)
            path = tmp_path / f"{kind}-{name}-ubyte"
            if kind == "train":
                path.with_name(path.name + ".gz").write_bytes(
                    gzip.compress(header + array.tobytes())
                )
            else:
                path.write_bytes(header + array.tobytes())
    return str(tmp_path)


def test_ours_and_numpy_learn_the_same_images(mnist, tmp_path):
    ours = Contender("fastembed", sys.executable)
    setting = Setting({"fastembed": ours}, {}, tmp_path, quick=True, mnist=mnist)
    first, *small = nn(setting)
    run_command(first.setup[0])
    figures = {c.contender: run_command(c).figures for c in first.commands}
    assert set(figures) == {"fastembed", "NumPy"}
    assert check_mnist(figures) == []
    assert all(f["accuracy"] > 0.95 for f in figures.values())
    assert [case.name.split(",")[0] for case in small] == ["16-8-2", "16-64-2"] * 2
    case = small[0]
    figures = {c.contender: run_command(c).figures for c in case.commands}
    assert case.check(figures) == []


def test_a_network_that_learned_too_little_is_a_complaint():
    good = {"accuracy": 0.979, "epochs": 5}
    assert check_mnist({"fastembed": good, "torch": {**good, "accuracy": 0.976}}) == []
    assert "torch" in check_mnist({"fastembed": good, "torch": {**good, "accuracy": 0.96}})[0]
    assert "fastembed" in check_mnist({"fastembed": {**good, "accuracy": 0.977}})[0]
    assert "nothing" in check_mnist({"torch": {"accuracy": 0.1, "epochs": 1}})[0]


def test_autoencoders_of_the_same_images(mnist, tmp_path):
    ours = Contender("fastembed", sys.executable)
    assert not list(autoencoders(Setting({"fastembed": ours}, {}, tmp_path)))
    setting = Setting({"fastembed": ours}, {}, tmp_path, quick=True, mnist=mnist)
    plain, variational = autoencoders(setting)
    run_command(plain.setup[0])
    for case in (plain, variational):
        figures = {c.contender: run_command(c).figures for c in case.commands}
        assert 0 < figures["fastembed"]["loss"] < 784 * np.log(2)
        assert case.check(figures) == []
    assert "loss" in check_losses({"fastembed": {"loss": 110.0}, "torch": {"loss": 100.0}})[0]
