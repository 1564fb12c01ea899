"""Cooccurrence and WordDocument against dictionaries of fractions."""

from __future__ import annotations

import numpy as np
import oracle_cooc as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastembed import Cooccurrence, EncodedCorpus, NotFittedError, Vocabulary, WordDocument

N_WORDS = 9
TEXTS = st.lists(st.lists(st.integers(0, N_WORDS - 1), max_size=40), min_size=1, max_size=12)


def encoded(sentences, n_words=N_WORDS):
    ids = np.array([word for words in sentences for word in words], dtype=np.uint32)
    offsets = np.cumsum([0, *map(len, sentences)]).astype(np.uint64)
    counts = np.bincount(ids, minlength=n_words)
    vocabulary = Vocabulary([f"w{i}" for i in range(n_words)], counts)
    return EncodedCorpus.from_arrays(vocabulary, ids, offsets)


def assert_equals(model, counts, n_rows=N_WORDS):
    indptr, indices, data = oracle.rows(counts, n_rows)
    assert model.indptr.dtype == np.int64
    assert model.indices.dtype == np.int32
    assert model.data.dtype == np.float32
    assert model.indptr.tolist() == indptr
    assert model.indices.tolist() == indices
    assert model.data.tobytes() == np.array(data, dtype=np.float32).tobytes()


@given(
    sentences=TEXTS,
    window=st.sampled_from([1, 2, 3, 5, 15, 22, 23, 60]),
    kind=st.sampled_from(["harmonic", "flat", "linear"]),
    symmetric=st.booleans(),
    workers=st.sampled_from([1, 2, 4]),
)
@settings(max_examples=150)
def test_windows_equal_the_oracle(sentences, window, kind, symmetric, workers):
    model = Cooccurrence(window=window, weights=kind, symmetric=symmetric, workers=workers)
    model.fit(encoded(sentences))
    assert_equals(model, oracle.windows(sentences, window, kind, symmetric))
    assert model.n_sentences_ == len(sentences)


@given(sentences=TEXTS, workers=st.sampled_from([1, 2, 4]))
def test_documents_equal_the_oracle(sentences, workers):
    pairs = Cooccurrence(unit="document", workers=workers).fit(encoded(sentences))
    assert_equals(pairs, oracle.documents(sentences))
    words = WordDocument(workers=workers).fit(encoded(sentences))
    assert_equals(words, oracle.word_documents(sentences), len(sentences))


def test_matrix_shares_memory_and_is_canonical():
    model = Cooccurrence(window=2, min_count=1).fit([["a", "b", "c"], ["b", "c"]])
    matrix = model.matrix_
    assert matrix.shape == (3, 3)
    assert np.shares_memory(matrix.data, model.data)
    assert np.shares_memory(matrix.indices, model.indices)
    assert matrix.has_canonical_format
    assert matrix.toarray().tolist() == [[0, 2, 1], [2, 0, 0.5], [1, 0.5, 0]]
    assert (model.rows(1, 3).toarray() == matrix.toarray()[1:3]).all()
    assert model.row_sums().tolist() == [3, 2.5, 1.5]
    assert model.total_ == 7
    assert model.nnz == 6


def test_empty_rows_and_no_pairs():
    model = Cooccurrence(min_count=1).fit([["a"], ["b"], ["a"]])
    assert model.nnz == 0
    assert model.indptr.tolist() == [0, 0, 0]
    assert model.matrix_.shape == (2, 2)
    assert model.row_sums().tolist() == [0, 0]


def test_not_fitted():
    with pytest.raises(NotFittedError, match="fit"):
        Cooccurrence().indices  # noqa: B018


@pytest.mark.parametrize("mmap", [True, False])
def test_save_and_load(tmp_path, mmap):
    path = tmp_path / "x.fe"
    model = Cooccurrence(window=3, weights="flat", min_count=1).fit([["a", "b", "ü"], ["b", "c"]])
    model.save(path)
    again = Cooccurrence.load(path, mmap=mmap, verify=True)
    assert again.get_params() == model.get_params()
    assert again.vocabulary_ == model.vocabulary_
    for name in ("indptr", "indices", "data"):
        assert (getattr(again, name) == getattr(model, name)).all()
    assert (again.n_tokens_, again.n_sentences_) == (5, 2)
    assert (again.matrix_ != model.matrix_).nnz == 0
    assert again.indices.flags.writeable is not mmap
