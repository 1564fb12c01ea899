"""``fastembed train word2vec --continue``: a saved model learns more text."""

from __future__ import annotations

import os

import numpy as np
import pytest

import fastembed as fe

OLD = "the cat sat on the mat and the dog sat on the cat\n" * 60
NEW = "the dog ran to the house and the cat ran to the mat\n" * 60


@pytest.fixture
def files(tmp_path):
    """A model of OLD with options of its own, and NEW."""
    (tmp_path / "new.txt").write_text(NEW)
    model = fe.Word2Vec(vector_size=6, window=2, min_count=3, epochs=2, workers=1)
    model.fit([line.split() for line in OLD.splitlines()]).save(tmp_path / "old.fe")
    return tmp_path


def train(run_cli, files, *arguments):
    return run_cli("train", "word2vec", files / "new.txt", "--continue", files / "old.fe",
                   "-o", files / "both.fe", *arguments)  # fmt: skip


def test_it_is_partial_fit_with_the_parameters_of_the_model(run_cli, files):
    done = train(run_cli, files)
    assert done.status == 0, done.err
    assert "10 vectors of 6 dimensions; loss" in done.err.splitlines()[-1]
    found = fe.Word2Vec.load(files / "both.fe")
    again = fe.Word2Vec.load(files / "old.fe").partial_fit([s.split() for s in NEW.splitlines()])
    np.testing.assert_array_equal(found.wv.vectors, again.wv.vectors)
    assert (found.window, found.epochs, found.epochs_done_) == (2, 2, 4)
    assert found.wv.get_vecattr("the", "count") == 60 * 8
    assert sorted(os.listdir(files)) == ["both.fe", "new.txt", "old.fe"]


def test_options_that_are_given_count(run_cli, files):
    config = files / "run.toml"
    config.write_text("epochs = 5\nmin-count = 100\n")
    done = train(run_cli, files, "--config", config, "--epochs", 1, "-o", files / "old.fe")
    assert done.status == 0, done.err
    found = fe.Word2Vec.load(files / "old.fe")  # in the place of the old one
    assert (found.epochs, found.min_count, found.window) == (1, 100, 2)
    assert "house" not in found.wv
    assert "ran" in found.wv


def test_what_cannot_be_continued(run_cli, files):
    for arguments, message in [
        (("--vector-size", 7), "vector_size is 7 but the model was trained with 6"),
        (("--hs", 1), "partial_fit cannot switch an output layer on or off"),
        (("--continue", files / "new.txt"), "new.txt"),
        (("--continue", files / "none.fe"), "none.fe"),
    ]:
        done = train(run_cli, files, *arguments)
        assert done.status in (1, 2)
        assert message in done.err
        assert not (files / "both.fe").exists()
    glove = fe.GloVe(vector_size=6, min_count=1, epochs=1, workers=1)
    glove.fit([line.split() for line in OLD.splitlines()]).save(files / "glove.fe")
    done = train(run_cli, files, "--continue", files / "glove.fe")
    assert done.status == 1
    assert "holds GloVe, not a Word2Vec model" in done.err


def test_text_that_can_be_read_only_once_or_has_other_ids(run_cli, files):
    done = train(run_cli, files, "-")
    assert done.status == 2
    assert "--continue reads the text twice, and - only once: write it to a file" in done.err
    run_cli("encode", files / "new.txt", "-o", files / "new.fe", "--min-count", 1)
    done = run_cli("train", "word2vec", files / "new.fe", "--continue", files / "old.fe", "-o",
                   files / "both.fe")  # fmt: skip
    assert done.status == 2
    assert "takes text, not an encoded corpus" in done.err
    assert not (files / "both.fe").exists()
