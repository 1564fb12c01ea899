"""Cooccurrence and WordDocument against dictionaries of fractions."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import oracle_cooc as oracle
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from fastembed import (
    Cooccurrence,
    EncodedCorpus,
    FormatError,
    NotFittedError,
    Vocabulary,
    VocabularyError,
    WordDocument,
)
from fastembed._native import _cooc
from fastembed.core.progress import Progress
from fastembed.io.native import read_native, write_native

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
@examples(150)
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


def test_empty_vocabulary_and_empty_corpus():
    with pytest.raises(VocabularyError, match="the vocabulary is empty"):
        Cooccurrence().fit(encoded([[]], 0))
    assert_equals(Cooccurrence().fit(encoded([[], []])), {})
    assert_equals(Cooccurrence(unit="document").fit(encoded([[], []])), {})
    assert_equals(WordDocument().fit(encoded([[], []])), {}, 2)


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


# ---------------------------------------------------------------------------- budgets and parts


def text(n_tokens=30000, n_words=300, longest=60, seed=1):
    """Ids with a distribution like that of words, in sentences of 0 to ``longest`` tokens."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_words + 1)
    ids = rng.choice(n_words, size=n_tokens, p=share / share.sum())
    cuts = np.cumsum(rng.integers(0, longest + 1, size=n_tokens))
    return [part.tolist() for part in np.split(ids, cuts[cuts < n_tokens])]


def same(a, b):
    return all(
        getattr(a, name).tobytes() == getattr(b, name).tobytes()
        for name in ("indptr", "indices", "data")
    )


def small_plans(monkeypatch, part, chunk, pieces, block, result=100):
    """Let every count run with these sizes, however much memory there is."""
    from fastembed.embed import cooccurrence_task as task

    def plan(*args, text, least=1, most=0, **kwargs):
        n_words = args[2] if len(args) > 2 else kwargs["n_words"]
        made = original(*args, text=text, least=least, **kwargs)
        parts = text > part and least > 1
        return dataclasses.replace(
            made, part=max(part, least), parts=parts, chunk=max(chunk, n_words),
            round=3 * max(chunk, n_words), pieces=pieces, block=block, result=result,
        )  # fmt: skip

    original = task.make_plan
    monkeypatch.setattr(task, "make_plan", plan)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("part", "pieces", "block"), [(150, 40, 7), (999, 1000, 64), (77, 10**6, 50)]
)
@pytest.mark.parametrize(
    ("longest", "params"),
    [
        (30, {"window": 5}),
        (30, {"window": 5, "symmetric": False}),
        (3000, {"window": 15, "weights": "linear"}),
        (3000, {"window": 3, "symmetric": False, "weights": "flat"}),
        (30, {"unit": "document"}),
        (500, {"unit": "document"}),
    ],
)  # fmt: skip
def test_parts_and_merged_runs_give_the_same_bytes(
    monkeypatch, workers, part, pieces, block, longest, params
):
    corpus = encoded(text(3000, 40, longest), 40)
    whole = Cooccurrence(**params, workers=1).fit(corpus)
    words = WordDocument(workers=1).fit(corpus)
    small_plans(monkeypatch, part, 10, pieces, block)
    assert same(Cooccurrence(**params, workers=workers).fit(corpus), whole)
    assert same(WordDocument(workers=workers).fit(corpus), words)


def test_one_endless_sentence_in_parts(monkeypatch):
    # context is not lost where a part ends within a sentence
    corpus = encoded([[i % 7 for i in range(500)]], 7)
    whole = Cooccurrence(window=4).fit(corpus)
    small_plans(monkeypatch, 30, 10, 20, 11)
    assert same(Cooccurrence(window=4).fit(corpus), whole)
    assert whole.data.sum() > 0


@pytest.mark.parametrize("params", [{"window": 10}, {"unit": "document"}])
def test_a_budget_of_little_memory_gives_the_same_file(tmp_path, params, monkeypatch):
    corpus = tmp_path / "corpus.txt"
    words = text(60000, 400)
    corpus.write_text("\n".join(" ".join(f"w{i}" for i in line) for line in words))
    parts = []
    from fastembed.embed import cooccurrence_task as task

    original = task.make_plan
    monkeypatch.setattr(
        task, "make_plan", lambda *a, **k: parts.append(original(*a, **k)) or parts[-1]
    )
    files = []
    for memory in (None, "300K"):
        path = tmp_path / f"{memory}.fe"
        model = Cooccurrence(**params, min_count=2, memory=memory, workers=2).fit(corpus, path=path)
        assert model.indices.base is not None  # a map of the file
        assert not model.data.flags.writeable
        files.append(Cooccurrence.load(path))
    assert [plan.parts for plan in parts] == [False, True]
    assert same(*files)


def test_temporary_file_when_the_result_is_large(monkeypatch):
    corpus = encoded(text(5000, 50), 50)
    whole = Cooccurrence(window=5).fit(corpus)
    small_plans(monkeypatch, 10**9, 10, 10, 100, result=10)
    model = Cooccurrence(window=5).fit(corpus)
    assert isinstance(model.data, np.memmap)
    assert same(model, whole)
    assert (model.matrix_ != whole.matrix_).nnz == 0
    assert np.shares_memory(model.matrix_.data, model.data)


def test_too_little_memory_for_the_vocabulary():
    with pytest.raises(ValueError, match=r"need .* or more: give more, or keep fewer words"):
        Cooccurrence(memory=20_000).fit(encoded(text(3000, 300), 300))


@pytest.mark.parametrize("memory", ["4X", "", 0, -1, "0", 2.5, True])
def test_bad_memory(memory):
    with pytest.raises((ValueError, TypeError), match="memory must be bytes"):
        Cooccurrence(memory=memory).fit([["a", "b"]])


def test_memory_stays_within_the_budget(tmp_path):
    n_words, budget = 400, 3 << 20
    path = tmp_path / "corpus.fe"
    encoded(text(600_000, n_words), n_words).save(path)
    with EncodedCorpus.open(path) as corpus:
        fits = Cooccurrence(window=15, workers=2).fit(corpus)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            model = Cooccurrence(window=15, memory=budget, workers=2).fit(corpus)
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
    assert same(model, fits)
    # ids and index alone would take 4.8 MB; what C allocates is not traced and not much here
    assert peak + 2 * _cooc.row_bytes(n_words) < budget


class Interrupted(Progress):
    """Ctrl-C after so many reports."""

    def __init__(self, reports: int) -> None:
        self.left = reports

    def update(self, done: int, **figures: float) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("reports", [0, 3, 30])
def test_interruption_leaves_nothing(tmp_path, monkeypatch, reports):
    small_plans(monkeypatch, 500, 10, 1000, 100)
    model = Cooccurrence()
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            encoded(text(5000, 60), 60), path=tmp_path / "x.fe", progress=Interrupted(reports)
        )
    assert list(tmp_path.iterdir()) == []
    assert not model.is_fitted


# ------------------------------------------------------------------------------ arrays and files


def test_from_arrays():
    vocabulary = Vocabulary(["a", "b"], [2, 1])
    model = Cooccurrence.from_arrays(vocabulary, [0, 1, 2], [1, 0], [0.5, 0.5], window=2)
    assert model.matrix_.toarray().tolist() == [[0, 0.5], [0.5, 0]]
    assert model.window == 2


BAD_ROWS = [
    ([0, 1, 1], [1, 0], [1, 1], "'indptr' must begin at 0"),
    ([1, 1, 2], [1, 0], [1, 1], "'indptr' must begin at 0"),
    ([0, 2, 1, 2], [1, 0], [1, 1], "'indptr' must begin at 0"),
    ([0, 2, 2], [1, 0], [1, 1], "columns must rise"),
    ([0, 2, 2], [1, 1], [1, 1], "columns must rise"),
    ([0, 1, 2], [1, 2], [1, 1], "columns must rise"),
    ([0, 1, 2], [-1, 0], [1, 1], "columns must rise"),
    ([0, 1, 2], [1, 0], [1, -1], "row 1, entry 1: the count -1.0 is not a positive number"),
    ([0, 1, 2], [1, 0], [0, 1], "not a positive number"),
    ([0, 1, 2], [1, 0], [np.nan, 1], "not a positive number"),
    ([0, 1, 2], [1, 0], [np.inf, 1], "not a positive number"),
    ([0, 1, 2], [1, 0], [1], "as many values"),
]


@pytest.mark.parametrize(("indptr", "indices", "data", "message"), BAD_ROWS)
@pytest.mark.parametrize("block", [1, 100])
def test_arrays_and_files_are_checked(tmp_path, monkeypatch, indptr, indices, data, message, block):
    monkeypatch.setattr("fastembed.embed.count_matrix.BLOCK", block)
    vocabulary = Vocabulary(["a", "b"], [2, 1])
    with pytest.raises(ValueError, match=message):
        Cooccurrence.from_arrays(vocabulary, indptr, indices, data)
    path = tmp_path / "x.fe"
    Cooccurrence.from_arrays(vocabulary, [0, 1, 2], [1, 0], [0.5, 0.5]).save(path)
    file = read_native(path, mmap=False)
    changed = {
        "indptr": np.array(indptr, np.int64),
        "indices": np.array(indices, np.int32),
        "data": np.array(data, np.float32),
    }
    write_native(path, file.arrays | changed, file.metadata)
    with pytest.raises(FormatError, match=message):
        Cooccurrence.load(path)


@pytest.mark.parametrize(
    ("arrays", "metadata", "message"),
    [
        ({}, {"kind": "WordDocument"}, "holds 'WordDocument', not Cooccurrence"),
        ({"data": None}, {}, "lacks data"),
        ({"data": np.ones(2)}, {}, "expected an array 'data' of float32"),
        ({"counts": None}, {}, "expected an array 'counts'"),
        ({}, {"params": {"size": 3}}, "the metadata are damaged"),
        ({}, {"figures": {}}, "the metadata are damaged"),
        ({"counts": np.ones(3, np.int64)}, {}, "the vocabulary is damaged"),
    ],
)
def test_damaged_files(tmp_path, arrays, metadata, message):
    path = tmp_path / "x.fe"
    Cooccurrence(min_count=1).fit([["a", "b"]]).save(path)
    file = read_native(path, mmap=False)
    merged = {k: v for k, v in (file.arrays | arrays).items() if v is not None}
    write_native(path, merged, file.metadata | metadata)
    with pytest.raises(FormatError, match=message) as caught:
        Cooccurrence.load(path)
    assert str(path) in str(caught.value)


def test_clone_and_word_documents_on_disk(tmp_path):
    model = WordDocument(min_count=1).fit([["a", "b", "a"], [], ["b"]], path=tmp_path / "x.fe")
    again = WordDocument.load(tmp_path / "x.fe")
    assert (again.matrix_ != model.matrix_).nnz == 0
    assert again.matrix_.toarray().tolist() == [[2, 0, 0], [1, 0, 1]]
    assert (again.n_documents_, again.n_tokens_) == (3, 4)
    with pytest.raises(FormatError, match="holds 'WordDocument'"):
        Cooccurrence.load(tmp_path / "x.fe")
