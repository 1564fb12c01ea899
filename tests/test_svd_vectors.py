"""SVDVectors and LSA: weights against the oracle, products against NumPy, files, arguments."""

from __future__ import annotations

import numpy as np
import oracle_pmi as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_svd_kernel import compressed, dense, restored

import fastembed as fe
from fastembed.embed.ppmi import weigh

TEXT = [
    ["cats", "chase", "mice", "and", "mice", "eat", "cheese"],
    ["dogs", "chase", "cats", "and", "cats", "climb", "trees"],
    ["stocks", "fell", "and", "bonds", "rose"],
    ["bonds", "fell", "while", "stocks", "rose", "and", "rose"],
    [],
    ["naïve", "mice", "eat", "naïve", "cheese"],
]


@given(
    n=st.integers(1, 9), m=st.integers(1, 9), seed=st.integers(0, 50),
    weighting=st.sampled_from(["ppmi", "pmi"]), shift=st.sampled_from([0.5, 1.0, 5.0]),
    smoothing=st.sampled_from([0.0, 0.75, 1.0]), cap=st.sampled_from([None, 3.0]),
)  # fmt: skip
def test_weights_equal_the_oracle(n, m, seed, weighting, shift, smoothing, cap):
    counts = dense(n, m, density=0.6, seed=seed)
    found = weigh(
        compressed(counts), weighting, shift=shift, context_smoothing=smoothing, count_cap=cap
    )
    if not counts.any():
        assert len(found.data) == 0
        return
    expected = oracle.pmi_matrix(
        counts, shift=shift, smoothing=smoothing, cap=cap or np.inf, positive=weighting == "ppmi"
    )
    np.testing.assert_allclose(restored(found), expected, atol=1e-6)


def test_other_weights():
    counts = dense(9, 7)
    log = restored(weigh(compressed(counts), "log"))
    np.testing.assert_allclose(log, np.log1p(counts), rtol=1e-6)
    assert np.array_equal(
        restored(weigh(compressed(counts), "count", count_cap=3)), np.minimum(counts, 3)
    )
    for wrong, message in (
        ({"weighting": "idf"}, "weighting must be one of ppmi, pmi, log, count"),
        ({"shift": 0}, "shift must be > 0"),
        ({"count_cap": 0}, "count_cap must be > 0"),
    ):
        with pytest.raises(ValueError, match=message):
            weigh(compressed(counts), **wrong)


@pytest.mark.parametrize("solver", ["exact", "randomized"])
@pytest.mark.parametrize("p", [0, 0.5, 1])
def test_vectors_are_those_of_the_dense_decomposition(solver, p):
    counts = fe.Cooccurrence(window=3, min_count=1).fit(TEXT)
    model = fe.SVDVectors(vector_size=4, eigenvalue_weight=p, solver=solver, shift=1.5).fit(counts)
    matrix = oracle.pmi_matrix(counts.matrix_.toarray(), shift=1.5, smoothing=0.75)
    u, s, vt = np.linalg.svd(matrix)
    np.testing.assert_allclose(model.singular_values_, s[:4], rtol=1e-5)
    # the products do not depend on signs; the fourth and fifth value differ
    assert s[3] > s[4] + 1e-3
    expected = (u[:, :4] * s[:4] ** (2 * p)) @ u[:, :4].T
    np.testing.assert_allclose(model.wv.vectors @ model.wv.vectors.T, expected, atol=1e-4)
    mixed = (u[:, :4] * s[:4] ** (2 * p)) @ vt[:4]
    np.testing.assert_allclose(model.wv.vectors @ model.context_vectors_.T, mixed, atol=1e-4)
    assert model.captured_ == pytest.approx((s[:4] ** 2).sum() / (s**2).sum(), rel=1e-5)
    both = fe.SVDVectors(
        vector_size=4, eigenvalue_weight=p, solver=solver, shift=1.5, add_context=True
    ).fit(counts)
    assert np.array_equal(both.wv.vectors, model.wv.vectors + model.context_vectors_)


def test_text_file_counts_and_options_of_counting(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(words) for words in TEXT))
    options = {"window": 2, "weights": "flat", "min_count": 2}
    counts = fe.Cooccurrence(**options).fit(path)
    counts.save(tmp_path / "counts.fe")
    model = fe.SVDVectors(vector_size=3, **options).fit(str(path))
    for source in (counts, tmp_path / "counts.fe", fe.Corpus(path)):
        again = fe.SVDVectors(vector_size=3, **options).fit(source)
        assert np.array_equal(again.wv.vectors, model.wv.vectors)
    assert list(model.vocabulary_) == list(counts.vocabulary_)
    assert model.wv.get_vecattr("rose", "count") == 3


@pytest.mark.parametrize("kind", ["SVDVectors", "LSA"])
def test_same_result_for_any_workers_and_saved(kind, tmp_path, kjv_text):
    make = getattr(fe, kind)
    model = make(vector_size=20, n_iter=3, workers=1).fit(kjv_text)
    other = make(vector_size=20, n_iter=3, workers=2).fit(kjv_text)
    assert np.array_equal(model.wv.vectors, other.wv.vectors)
    model.save(tmp_path / "model.fe")
    other.save(tmp_path / "other.fe")
    assert (tmp_path / "model.fe").read_bytes() == (tmp_path / "other.fe").read_bytes()
    for mmap in (True, False):
        loaded = make.load(tmp_path / "model.fe", mmap=mmap)
        assert loaded.saved_params() == model.saved_params()
        assert np.array_equal(loaded.wv.vectors, model.wv.vectors)
        assert np.array_equal(loaded.singular_values_, model.singular_values_)
        assert loaded.captured_ == model.captured_
        assert loaded.wv.most_similar("king") == model.wv.most_similar("king")
        if kind == "LSA":
            assert np.array_equal(loaded.transform(TEXT), model.transform(TEXT))
            assert np.array_equal(loaded.document_vectors_, model.document_vectors_)
        else:
            assert np.array_equal(loaded.context_vectors_, model.context_vectors_)
    assert np.array_equal(fe.KeyedVectors.load(tmp_path / "model.fe").vectors, model.wv.vectors)


@pytest.mark.parametrize("weighting", ["tfidf", "log-entropy", "count"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("p", [1, 0.5, 0])
def test_lsa_equals_the_dense_decomposition(weighting, normalize, p):
    model = fe.LSA(
        vector_size=3, weighting=weighting, normalize=normalize, eigenvalue_weight=p, min_count=1
    ).fit(TEXT)
    tf = fe.WordDocument(min_count=1).fit(TEXT).matrix_.toarray().astype(np.float64)
    n_documents = len(TEXT)
    if weighting == "tfidf":
        idf = np.log((1 + n_documents) / (1 + (tf > 0).sum(axis=1))) + 1
        weighted = tf * idf[:, np.newaxis]
    elif weighting == "log-entropy":
        share = tf / tf.sum(axis=1, keepdims=True)
        logs = np.log(share, out=np.zeros_like(share), where=share > 0)
        entropy = -(share * logs).sum(axis=1)
        weighted = np.log1p(tf) * (1 - entropy / np.log(n_documents))[:, np.newaxis]
    else:
        weighted = tf
    if normalize:
        weighted = weighted / np.maximum(np.linalg.norm(weighted, axis=0), 1e-30)
    u, s, vt = np.linalg.svd(weighted, full_matrices=False)
    u, s, v = u[:, :3], s[:3], vt[:3].T
    np.testing.assert_allclose(model.singular_values_, s, rtol=1e-5)
    words, documents = u * s**p, v * s**p
    np.testing.assert_allclose(model.wv.vectors @ model.wv.vectors.T, words @ words.T, atol=1e-5)
    both = model.document_vectors_ @ model.document_vectors_.T
    np.testing.assert_allclose(both, documents @ documents.T, atol=1e-5)
    np.testing.assert_allclose(model.transform(TEXT), model.document_vectors_, atol=1e-5)
    # unknown words count for nothing
    found = model.transform([["unheard", "of"], ["unheard", *TEXT[2]]])
    assert not found[0].any()
    np.testing.assert_allclose(found[1], model.document_vectors_[2], atol=1e-5)


def test_sublinear_tfidf():
    counts = fe.WordDocument(min_count=1).fit(TEXT)
    plain = fe.LSA(vector_size=2, sublinear_tf=True, normalize=False).fit(counts)
    tf = counts.matrix_.toarray()
    tf = np.where(tf > 0, 1 + np.log(np.maximum(tf, 1)), 0) * plain.word_weights_[:, np.newaxis]
    np.testing.assert_allclose(plain.singular_values_, np.linalg.svd(tf)[1][:2], rtol=1e-5)


def test_tfidf_and_lsa_are_those_of_scikit_learn():
    pytest.importorskip("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer

    model = fe.LSA(vector_size=3, min_count=1).fit(TEXT)
    texts = [" ".join(words) for words in TEXT]
    theirs = TfidfVectorizer(token_pattern=r"\S+").fit(texts)
    matrix = theirs.transform(texts).toarray()
    np.testing.assert_allclose(model.singular_values_, np.linalg.svd(matrix)[1][:3], rtol=1e-5)
    idf = dict(zip(theirs.get_feature_names_out(), theirs.idf_, strict=True))
    assert dict(zip(model.vocabulary_, model.word_weights_, strict=True)) == pytest.approx(idf)


def test_wrong_arguments(tmp_path):
    with pytest.raises(fe.NotFittedError):
        _ = fe.SVDVectors().wv
    with pytest.raises(fe.NotFittedError):
        fe.LSA().transform(TEXT)
    with pytest.raises(ValueError, match="vector_size is 100, but there are 15 words"):
        fe.SVDVectors(min_count=1).fit(TEXT)
    with pytest.raises(ValueError, match="15 words in 6 documents"):
        fe.LSA(min_count=1, vector_size=7).fit(TEXT)
    with pytest.raises(fe.TrainingError, match="no association is positive"):
        fe.SVDVectors(min_count=1, vector_size=2, shift=1e6).fit(TEXT)
    with pytest.raises(ValueError, match="solver"):
        fe.SVDVectors(solver="lanczos").fit(TEXT)
    words = fe.WordDocument(min_count=1).fit(TEXT)
    pairs = fe.Cooccurrence(min_count=1).fit(TEXT)
    words.save(tmp_path / "words.fe")
    pairs.save(tmp_path / "pairs.fe")
    for source in (words, tmp_path / "words.fe"):
        with pytest.raises(TypeError, match="a Cooccurrence is needed"):
            fe.SVDVectors().fit(source)
    for source in (pairs, tmp_path / "pairs.fe"):
        with pytest.raises(TypeError, match="a WordDocument is needed"):
            fe.LSA().fit(source)
    with pytest.raises(fe.FormatError, match="holds Cooccurrence, not a SVDVectors model"):
        fe.SVDVectors.load(tmp_path / "pairs.fe")


def test_damaged_models_are_refused(tmp_path):
    from fastembed.io.native import read_native, write_native

    model = fe.LSA(vector_size=2, min_count=1).fit(TEXT)
    model.save(tmp_path / "good.fe")
    file = read_native(tmp_path / "good.fe", mmap=False)
    for name in ("singular_values", "word_weights", "document_vectors", "attr.count"):
        arrays = dict(file.arrays)
        del arrays[name]
        write_native(tmp_path / "bad.fe", arrays, file.metadata)
        with pytest.raises(fe.FormatError, match="missing or do not fit"):
            fe.LSA.load(tmp_path / "bad.fe")
        if name != "attr.count":
            write_native(tmp_path / "bad.fe", arrays | {name: np.zeros((3, 5))}, file.metadata)
            with pytest.raises(fe.FormatError, match="missing or do not fit"):
                fe.LSA.load(tmp_path / "bad.fe")
    for metadata in (
        {**file.metadata, "params": {"vector_size": -1}},
        {**file.metadata, "params": {"magic": 1}},
        {**file.metadata, "captured": None},
    ):
        write_native(tmp_path / "bad.fe", file.arrays, metadata)
        with pytest.raises(fe.FormatError, match="metadata are damaged"):
            fe.LSA.load(tmp_path / "bad.fe")
