"""``fastembed train glove``: text or counts in, vectors out, wrong usage."""

from __future__ import annotations

import os

import numpy as np
import pytest

import fastembed as fe

SMALL = ["--vector-size", 8, "--epochs", 2]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(300)]
    p = 1 / np.arange(1, 301)
    path = tmp_path_factory.mktemp("text") / "text.txt"
    lines = (" ".join(rng.choice(words, size=20, p=p / p.sum())) for _ in range(2000))
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def counts(text):
    path = text.parent / "counts.fe"
    fe.Cooccurrence().fit(text, path=path)
    return path


def test_text_encoded_text_and_counts_give_the_same_vectors(tmp_path, run_cli, text, counts):
    assert run_cli("encode", text, "-o", tmp_path / "c.fe", "--min-count", 5, "-q").status == 0
    outputs = []
    for source in (text, tmp_path / "c.fe", counts):
        output = tmp_path / f"{len(outputs)}.bin"
        done = run_cli("train", "glove", source, "-o", output, *SMALL, "--quiet")
        assert done == (0, "", "")
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]
    assert outputs[0].startswith(b"300 8\n")


@pytest.mark.parametrize("suffix", ["txt", "vec", "fe"])
def test_the_suffix_chooses_the_format(tmp_path, run_cli, counts, suffix):
    output = tmp_path / f"vectors.{suffix}"
    done = run_cli("train", "glove", counts, "-o", output, *SMALL)
    assert done.status == 0
    assert fe.KeyedVectors.load(output).vectors.shape == (300, 8)
    assert "epoch 2/2: 100%" in done.err
    assert "pairs/s loss" in done.err
    assert "300 vectors of 8 dimensions; loss " in done.err.splitlines()[-1]
    assert os.listdir(tmp_path) == [output.name]
    if suffix == "fe":
        assert fe.GloVe.load(output).wv.vectors.shape == (300, 8)


def test_options_reach_the_model(tmp_path, run_cli, text):
    config = tmp_path / "run.toml"
    config.write_text("x-max = 10\neta = 0.1\nvector = 'word'\n")
    output = tmp_path / "v.fe"
    options = ["--config", config, "--no-symmetric", "--window", 3, "--grad-clip", 2, "--eta", 0.2]
    assert run_cli("train", "glove", text, "-o", output, *SMALL, *options).status == 0
    model = fe.GloVe.load(output)
    assert (model.x_max, model.eta, model.vector) == (10, 0.2, "word")
    assert (model.symmetric, model.window, model.grad_clip) == (False, 3, 2)


def test_training_begins_at_the_vectors_that_are_given(tmp_path, run_cli, counts):
    first, second, other = (tmp_path / name for name in ("a.fe", "b.fe", "c.bin"))
    assert run_cli("train", "glove", counts, "-o", first, *SMALL).status == 0
    again = ["train", "glove", counts, "-o", second, *SMALL, "--initial", first]
    assert run_cli(*again).status == 0
    losses = [fe.GloVe.load(path).loss_history_ for path in (first, second)]
    assert losses[1][0] < losses[0][0]
    run_cli("train", "glove", counts, "-o", other, "--vector-size", 5, "--epochs", 1)
    done = run_cli("train", "glove", counts, "-o", tmp_path / "d.fe", *SMALL, "--initial", other)
    assert (done.status, done.out) == (2, "")
    assert "initial has 5 dimensions and vector_size is 8" in done.err


def test_a_run_that_diverges_leaves_nothing(tmp_path, run_cli, counts):
    first, huge, output = (tmp_path / name for name in ("a.fe", "huge.fe", "v.fe"))
    run_cli("train", "glove", counts, "-o", first, *SMALL)
    words = list(fe.KeyedVectors.load(first).words)
    fe.KeyedVectors(words, np.full((len(words), 8), 1e25, dtype=np.float32)).save(huge)
    done = run_cli("train", "glove", counts, "-o", output, *SMALL, "-q", "--initial", huge)
    assert (done.status, done.out, output.exists()) == (1, "", False)
    assert done.err.startswith("fastembed: error: the loss is not finite in epoch 1")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--x-max", "0"], 2, "x_max must be a number > 0"),
        (["--eta", "x"], 2, "'x' is not a number"),
        (["--vector", "both"], 2, "both"),
        (["--weights", "square"], 2, "square"),
        (["--memory", "much"], 2, "memory must be bytes"),
        (["--output", "v.unknown"], 2, "name one of native"),
        (["--min-count", "100000"], 1, "min_count"),
    ],
)
def test_wrong_options_give_one_line(tmp_path, run_cli, text, arguments, status, message):
    done = run_cli("train", "glove", text, "-o", tmp_path / "v.bin", *SMALL, "-q", *arguments)
    assert done.status == status
    assert done.err.startswith("fastembed: error:")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_options_that_cannot_change_counts_are_refused(tmp_path, run_cli, counts):
    options = ["--window", 9, "--lowercase", "--no-symmetric"]
    done = run_cli("train", "glove", counts, "-o", tmp_path / "v.bin", *options)
    assert done.status == 2
    assert "--lowercase, --window, --symmetric cannot change them" in done.err


@pytest.mark.parametrize("command", [["train", "glove"], ["cooccur"]])
def test_triples_alone_are_named(tmp_path, run_cli, counts, command):
    fe.Cooccurrence.load(counts).save_triples(tmp_path / "t.bin")
    done = run_cli(*command, tmp_path / "t.bin", "-o", tmp_path / "v.fe")
    assert done.status == 1
    assert "t.bin: these are co-occurrence triples" in done.err
    assert "fastembed cooccur TRIPLES --vocab VOCABULARY -o COUNTS.fe" in done.err


def test_damaged_counts_are_named(tmp_path, run_cli, counts):
    place = tmp_path / "cut.fe"
    place.write_bytes(counts.read_bytes()[:-100])
    done = run_cli("train", "glove", place, "-o", tmp_path / "v.bin", *SMALL)
    assert done.status == 1
    assert "cut.fe" in done.err
    assert "Traceback" not in done.err
