"""``fastembed train word2vec``: outputs, Ctrl-C, configuration, wrong usage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fastembed as fe

COMMAND = [sys.executable, "-m", "fastembed", "train", "word2vec"]


def run(*arguments, **options):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options
    )


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(300)]
    p = 1 / np.arange(1, 301)
    path = tmp_path_factory.mktemp("text") / "text.txt"
    lines = (" ".join(rng.choice(words, size=20, p=p / p.sum())) for _ in range(2000))
    path.write_text("\n".join(lines))
    return path


SMALL = ["--vector-size", 8, "--epochs", 2, "--workers", 1, "--quiet"]


@pytest.mark.parametrize("suffix", ["bin", "txt", "vec", "fe"])
def test_the_suffix_chooses_the_format(tmp_path, text, suffix):
    output = tmp_path / f"vectors.{suffix}"
    done = run(text, "-o", output, *SMALL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    vectors = fe.KeyedVectors.load(output)
    assert vectors.vectors.shape == (300, 8)
    assert vectors.index_to_key[0] == "w0"
    assert os.listdir(tmp_path) == [output.name]


def test_standard_input_and_output(text):
    done = subprocess.run(
        [*COMMAND, "-", "-o", "-", "--format", "word2vec-text", *map(str, SMALL)],
        input=text.read_bytes(), capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "300 8"
    assert len(lines) == 301


def test_an_encoded_corpus_is_a_text(tmp_path, text):
    encode = [sys.executable, "-m", "fastembed", "encode", str(text), "-o", str(tmp_path / "c.fe")]
    subprocess.run([*encode, "--min-count", "5", "--quiet"], check=True, timeout=300)
    first = run(tmp_path / "c.fe", "-o", tmp_path / "a.bin", *SMALL)
    second = run(text, "-o", tmp_path / "b.bin", *SMALL)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()


def test_progress_goes_to_standard_error_as_lines(tmp_path, text):
    done = run(text, "-o", tmp_path / "v.bin", *SMALL[:-1])
    assert done.returncode == 0
    assert done.stdout == ""
    assert "epoch 1/2: 100%" in done.stderr
    assert "words/s loss" in done.stderr
    assert "300 vectors of 8 dimensions" in done.stderr


def test_ctrl_c_while_the_text_is_read_leaves_nothing(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [*COMMAND, str(fifo), "-o", str(tmp_path / "v.bin")], stderr=subprocess.PIPE, text=True
    )
    # for reading too, or opening would wait for a reader that may never come
    with os.fdopen(os.open(fifo, os.O_RDWR), "wb") as writer:
        writer.write(b"some words " * 1000)
        writer.flush()
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip().splitlines()[-1] == "fastembed: error: interrupted"
    assert os.listdir(tmp_path) == ["fifo"]


def test_resume_without_a_checkpoint_says_that_it_starts_anew(tmp_path, text):
    done = run(text, "-o", tmp_path / "v.bin", *SMALL, "--resume")
    assert done.returncode == 0
    assert "starting from the beginning" in done.stderr


def test_a_configuration_file_sets_defaults(tmp_path, text):
    config = tmp_path / "run.toml"
    config.write_text(
        'vector-size = 6\nepochs = 1\nworkers = 1\nquiet = true\nschedule = "constant"\n'
    )
    done = run(text, "-o", tmp_path / "v.txt", "--config", config)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "v.txt").read_text().startswith("300 6\n")
    done = run(text, "-o", tmp_path / "v.txt", "--config", config, "--vector-size", 3)
    assert (tmp_path / "v.txt").read_text().startswith("300 3\n")
    config.write_text("vektor = 6\n")
    done = run(text, "-o", tmp_path / "v.txt", "--config", config)
    assert done.returncode == 2
    assert "sets vektor; known are" in done.stderr
    config.write_text("vector-size = \n")
    done = run(text, "-o", tmp_path / "v.txt", "--config", config)
    assert done.returncode == 2
    assert "is not TOML" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--vector-size", "0"], 2, "vector_size must be an integer >= 1"),
        (["--window", "0"], 2, "window must be an integer >= 1"),
        (["--alpha", "nan"], 2, "alpha must be a number > 0"),
        (["--epochs", "x"], 2, "'x' is not an integer"),
        (["--negative", "0"], 2, "nothing to train with"),
        (["--no-such-option"], 2, "No such option"),
        (["--output", "v.unknown"], 2, "name one of native"),
        (["--schedule", "cubic"], 2, "cubic"),
        (["--min-count", "100000"], 1, "min_count"),
    ],
)
def test_wrong_options_give_one_line(run_cli, tmp_path, text, arguments, status, message):
    done = run_cli("train", "word2vec", text, "-o", tmp_path / "v.bin", *arguments)
    assert done.status == status
    lines = [line for line in done.err.splitlines() if line.startswith("fastembed: error:")]
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in done.err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("output", "message"),
    [("none/v.bin", "no such folder"), (".", "is a folder"), ("/dev/full", "No space left")],
)
def test_an_output_that_cannot_be_written(tmp_path, text, output, message):
    done = run(text, "-o", output, "--format", "word2vec-text", *SMALL, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_checkpoint_that_is_there_is_neither_overwritten_nor_deleted(tmp_path, text):
    precious = tmp_path / "precious.txt"
    precious.write_text("precious")
    done = run(text, "-o", tmp_path / "v.bin", "--checkpoint", precious, *SMALL)
    assert done.returncode == 1
    assert "is there already: go on from it with --resume, or remove it" in done.stderr
    assert precious.read_text() == "precious"
    done = run(text, "-o", tmp_path / "v.bin", "--checkpoint", precious, "--resume", *SMALL)
    assert done.returncode == 1
    assert precious.read_text() == "precious"
    assert os.listdir(tmp_path) == ["precious.txt"]


def test_options_that_cannot_change_an_encoded_corpus_are_refused(tmp_path, text):
    encode = [sys.executable, "-m", "fastembed", "encode", str(text), "-o", str(tmp_path / "c.fe")]
    subprocess.run([*encode, "--quiet"], check=True, timeout=300)
    done = run(tmp_path / "c.fe", "-o", tmp_path / "v.bin", "--min-count", 9, "--lowercase", *SMALL)
    assert done.returncode == 2
    assert "--lowercase, --min-count cannot change them" in done.stderr


def test_no_arguments_show_the_help():
    done = subprocess.run([*COMMAND[:3]], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Commands" in done.stderr
    assert "fastembed: error" not in done.stderr
