"""text/encoded.py and spool.py: ids in memory and in files, parts of them, damage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastembed.text.encoded as encoded_module
import fastembed.text.encoder as encoder_module
from fastembed import Corpus, EncodedCorpus, Vocabulary
from fastembed.core.errors import FormatError
from fastembed.io.native import read_native, write_native
from fastembed.text import spool as spool_module
from fastembed.text.spool import Spool


def make(n_sentences=50):
    vocabulary = Vocabulary(["<unk>", "é", "c"], [1, 5, 2], specials=["<unk>"], n_raw_tokens=99)
    rng = np.random.default_rng(3)
    lengths = rng.integers(0, 9, n_sentences)
    ids = rng.integers(0, 3, lengths.sum(), dtype=np.uint32)
    return EncodedCorpus.from_arrays(vocabulary, ids, np.concatenate([[0], np.cumsum(lengths)]))


def test_from_arrays():
    corpus = EncodedCorpus.from_arrays(Vocabulary(["a", "b"], [1, 1]), [1, 0, 1])
    assert corpus.n_tokens == corpus.n_raw_tokens == 3
    assert corpus.n_sentences == len(corpus) == 1
    assert corpus.offsets.dtype == np.uint64
    assert corpus.read(0, 3).dtype == np.uint32
    assert repr(corpus) == "<EncodedCorpus of 3 tokens in 1 sentences, 2 words>"


@pytest.mark.parametrize(
    ("ids", "offsets"),
    [
        ([2], [0, 1]),
        ([0], [0]),
        ([0], [0, 2]),
        ([0, 1], [0, 2, 1, 2]),
        ([0], [1, 1]),
        ([[0]], [0, 1]),
        ([0], []),
    ],
)
def test_from_arrays_checks(ids, offsets):
    with pytest.raises(ValueError, match=r"must be one-dimensional|offsets must begin"):
        EncodedCorpus.from_arrays(Vocabulary(["a", "b"], [1, 1]), ids, offsets)


def test_read_checks_its_bounds():
    corpus = make()
    assert len(corpus.read(3, 3)) == 0
    for start, stop in ((-1, 2), (2, 1), (0, corpus.n_tokens + 1)):
        with pytest.raises(IndexError, match="tokens"):
            corpus.read(start, stop)


@pytest.mark.parametrize(("sentences", "tokens"), [(1, 1), (3, 5), (1 << 16, 1 << 20)])
def test_iterating_gives_every_sentence(monkeypatch, sentences, tokens):
    monkeypatch.setattr(encoded_module, "_SENTENCE_BLOCK", sentences)
    monkeypatch.setattr(encoded_module, "_TOKEN_BLOCK", tokens)
    corpus = make()
    offsets = corpus.offsets.tolist()
    ids = corpus.read(0, corpus.n_tokens).tolist()
    found = [sentence.tolist() for sentence in corpus]
    assert found == [ids[a:b] for a, b in itertools.pairwise(offsets)]


def test_save_and_open(tmp_path):
    path = tmp_path / "x.fe"
    corpus = make()
    corpus.save(path)
    with EncodedCorpus.open(path) as opened:
        assert opened.vocabulary == corpus.vocabulary
        assert opened.vocabulary.specials == ("<unk>",)
        assert opened.vocabulary.n_raw_tokens == 99
        assert opened.n_raw_tokens == corpus.n_raw_tokens
        assert opened.offsets.tolist() == corpus.offsets.tolist()
        assert opened.fingerprint() == corpus.fingerprint()
        for start, stop in ((0, corpus.n_tokens), (7, 7), (3, 11)):
            part = opened.read(start, stop)
            assert part.tolist() == corpus.read(start, stop).tolist()
            assert part.flags.c_contiguous
        assert [s.tolist() for s in opened] == [s.tolist() for s in corpus]
        again = tmp_path / "again.fe"
        opened.save(again)
    assert again.read_bytes() == path.read_bytes()


def test_encode_to_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_module, "MEMORY", 64)
    sentences = [["a", "b"], ["a"], ["c", "a", "a"]] * 20
    with (
        Corpus(sentences).encode(min_count=21, path=tmp_path / "x.fe") as saved,
        Corpus(sentences).encode(min_count=21) as kept,
    ):
        assert saved.n_raw_tokens == kept.n_raw_tokens == 120
        assert saved.fingerprint() == kept.fingerprint()
        assert saved.n_tokens == 80
    assert [path.name for path in tmp_path.iterdir()] == ["x.fe"]


def test_shared_leaves_the_corpus_open():
    corpus = make()
    with corpus.shared() as borrowed:
        assert borrowed.read(0, 5).tolist() == corpus.read(0, 5).tolist()
    assert corpus.read(0, 5).tolist() == make().read(0, 5).tolist()
    corpus.close()
    assert len(corpus.offsets) == 0


def test_fingerprint_sees_changes():
    vocabulary = Vocabulary(["a", "b"], [1, 1])
    ids = np.zeros(10_000, dtype=np.uint32)
    base = EncodedCorpus.from_arrays(vocabulary, ids).fingerprint()
    assert base == EncodedCorpus.from_arrays(vocabulary, ids.copy()).fingerprint()
    for at in (0, 5000, 9999):
        changed = ids.copy()
        changed[at] = 1
        assert EncodedCorpus.from_arrays(vocabulary, changed).fingerprint() != base
    assert EncodedCorpus.from_arrays(vocabulary, ids, [0, 4, 10_000]).fingerprint() != base
    other = Vocabulary(["a", "c"], [1, 1])
    assert EncodedCorpus.from_arrays(other, ids).fingerprint() != base
    assert EncodedCorpus.from_arrays(vocabulary, []).fingerprint() != base


# ---------------------------------------------------------------------------------- damage


def rewrite(path, change, metadata=None):
    """The same file with some arrays or metadata replaced."""
    native = read_native(path, mmap=False)
    arrays = {**native.arrays, **change}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    write_native(path, arrays, {**native.metadata, **(metadata or {})})


@pytest.mark.parametrize(
    ("change", "metadata", "message"),
    [
        ({}, {"kind": "keyed vectors"}, "holds 'keyed vectors', not an encoded corpus"),
        ({"ids": None}, {}, "expected an array 'ids' of dtype u4"),
        ({"ids": np.zeros(3)}, {}, "expected an array 'ids' of dtype u4"),
        ({"counts": np.zeros((3, 1), np.int64)}, {}, "expected an array 'counts'"),
        ({"offsets": np.array([0, 3], np.uint64)}, {}, "'offsets' must begin at 0"),
        ({"word_offsets": np.array([0, 3, 1, 9], np.uint64)}, {}, "'word_offsets' must begin at 0"),
        ({"counts": np.zeros(2, np.int64)}, {}, "the vocabulary is damaged"),
        ({}, {"specials": 3}, "the vocabulary is damaged"),
        ({}, {"n_raw_tokens": "many"}, "the metadata are damaged"),
    ],
)
def test_open_checks_the_file(tmp_path, change, metadata, message):
    path = tmp_path / "x.fe"
    make().save(path)
    rewrite(path, change, metadata)
    with pytest.raises(FormatError, match=message) as caught:
        EncodedCorpus.open(path)
    assert str(path) in str(caught.value)


def test_an_id_beyond_the_vocabulary_is_found_when_it_is_read(tmp_path):
    path = tmp_path / "x.fe"
    make().save(path)
    ids = read_native(path, mmap=False).arrays["ids"].copy()
    ids[20] = 3
    rewrite(path, {"ids": ids})
    with EncodedCorpus.open(path) as corpus:
        corpus.read(0, 20)
        with pytest.raises(FormatError, match=r"x\.fe: id 3 between tokens 15 and 30; the vocab"):
            corpus.read(15, 30)


def test_a_cut_file(tmp_path):
    path = tmp_path / "x.fe"
    make().save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FormatError):
        EncodedCorpus.open(path)


def test_an_empty_corpus_can_be_saved(tmp_path):
    path = tmp_path / "x.fe"
    EncodedCorpus.from_arrays(Vocabulary(["a"], [0]), [], [0]).save(path)
    with EncodedCorpus.open(path) as corpus:
        assert corpus.n_tokens == corpus.n_sentences == 0
        assert list(corpus) == []
        assert len(corpus.read(0, 0)) == 0


# ---------------------------------------------------------------------------------- spools


@given(st.lists(st.lists(st.integers(0, 9), max_size=9)), st.integers(0, 40))
def test_spool_against_a_list(pieces, memory):
    expected: list[int] = []
    with Spool(np.uint32, memory=memory) as spool:
        for piece in pieces:
            spool.append(np.array(piece, dtype=np.uint32))
            expected += piece
        assert spool.in_memory == (len(expected) <= memory)
        assert len(spool) == len(expected)
        assert spool.array().tolist() == spool.read(0, len(spool)).tolist() == expected
        half = len(expected) // 2
        spool.write(0, spool.read(half, 2 * half))
        expected[:half] = expected[half : 2 * half]
        assert spool.read(0, len(spool)).tolist() == expected
        spool.truncate(half)
        assert spool.array().tolist() == expected[:half]
        with pytest.raises(IndexError):
            spool.read(0, half + 1)


def test_spool_moves_within_itself():
    with Spool(np.uint32, memory=100) as spool:
        spool.append(np.arange(50, dtype=np.uint32))
        spool.write(3, spool.read(5, 45))
        assert spool.read(3, 43).tolist() == list(range(5, 45))
        with pytest.raises(ValueError, match="in memory"):
            spool.fd.bit_length()


def test_a_full_disk_names_the_folder_of_the_spool(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool_module.os, "pwrite", full)
    with (
        Spool(np.uint32, memory=2, folder=tmp_path) as spool,
        pytest.raises(OSError, match="No space left") as caught,
    ):
        spool.append(np.arange(5, dtype=np.uint32))
    assert str(tmp_path) in caught.value.filename
    assert "TMPDIR" in caught.value.filename
