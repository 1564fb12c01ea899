"""``fastembed train svd|lsa``."""

from __future__ import annotations

import numpy as np
import pytest

import fastembed as fe


def test_svd_of_text_and_of_counts(run_cli, tmp_path, kjv_text):
    options = ["--vector-size", 16, "--n-iter", 3]
    done = run_cli("train", "svd", kjv_text, "-o", tmp_path / "a.bin", *options)
    assert (done.status, done.out) == (0, "")
    assert "16 dimensions; singular values" in done.err.splitlines()[-1]
    vectors = fe.KeyedVectors.load(tmp_path / "a.bin")
    model = fe.SVDVectors(vector_size=16, n_iter=3).fit(kjv_text)
    assert np.array_equal(vectors.vectors, model.wv.vectors)
    fe.Cooccurrence(window=5, weights="linear").fit(kjv_text, path=tmp_path / "counts.fe")
    done = run_cli("train", "svd", tmp_path / "counts.fe", "-o", tmp_path / "b.fe", "-q", *options)
    assert done == (0, "", "")
    loaded = fe.SVDVectors.load(tmp_path / "b.fe")
    assert np.array_equal(loaded.wv.vectors, model.wv.vectors)
    wrong = run_cli("train", "svd", tmp_path / "counts.fe", "-o", tmp_path / "c.fe", "--window", 3)
    assert wrong.status == 2
    assert "--window" in wrong.err
    assert not (tmp_path / "c.fe").exists()


def test_lsa_of_text(run_cli, tmp_path, kjv_text):
    done = run_cli("train", "lsa", kjv_text, "-o", tmp_path / "a.fe", "--vector-size", 12)
    assert (done.status, done.out) == (0, "")
    assert "12 dimensions; 3,000 documents" in done.err.splitlines()[-1]
    assert fe.LSA.load(tmp_path / "a.fe").document_vectors_.shape == (3000, 12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--solver", "magic"], "'magic' is not one of"),
        (["--shift", "-1"], "shift must be a number > 0"),
        (["--vector-size", "5000"], "take it smaller"),
    ],
)
def test_wrong_usage_is_one_line(run_cli, tmp_path, kjv_text, options, message):
    done = run_cli("train", "svd", kjv_text, "-o", tmp_path / "a.fe", "-q", *options)
    assert done.status == 2
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "a.fe").exists()
