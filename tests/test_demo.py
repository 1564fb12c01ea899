"""``fastembed demo`` shows what it promises and saves vectors that say the same in each format."""

from __future__ import annotations

import re

import numpy as np

import fastembed as fe


def test_demo(run_cli, tmp_path):
    result = run_cli("demo", "--epochs", "2", "--workers", "2", "--output", tmp_path / "made")
    assert result.status == 0, result.err
    # progress and its figures on standard error, results on standard output
    assert "words/s" in result.err
    assert "loss" in result.err
    for expected in ("Nearest words", "man is to king as woman is to", "Spearman", "analogies"):
        assert expected in result.out
    paths = re.findall(r"^  (\S+\.(?:fe|bin|txt))\b", result.out, flags=re.MULTILINE)
    assert len(paths) == 3
    native, binary, text = (fe.KeyedVectors.load(path) for path in paths)
    assert len(native) > 10_000
    assert native.index_to_key == binary.index_to_key == text.index_to_key
    np.testing.assert_array_equal(native.vectors, binary.vectors)
    np.testing.assert_array_equal(native.vectors, text.vectors)


def test_folder_that_cannot_be_made_is_said_before_training(run_cli, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    result = run_cli("demo", "--output", blocker / "made")
    assert result.status == 1
    assert "file" in result.err
    assert result.err.count("\n") == 1
