"""Lists of words out of files: what is damaged is said, for every file that has one."""

from __future__ import annotations

import numpy as np
import pytest

from fastembed import FormatError, KeyedVectors, NgramLM
from fastembed.cluster.brown import BrownClusters
from fastembed.cluster.class_lm import ClassLM
from fastembed.cluster.clusters import WordClusters
from fastembed.io.native import read_native, write_native
from fastembed.ngram.cache import CacheLM
from fastembed.ngram.counts import NgramCounts, count_ngrams
from fastembed.ngram.files import open_model
from fastembed.text.corpus import Corpus
from fastembed.text.encoded import EncodedCorpus
from fastembed.text.wordlist import WordList, offsets_fit

TEXT = [["die", "Katze", "läuft"], ["der", "Hund", "läuft"], ["die", "Maus", "schläft"]] * 4


def small_model():
    return NgramLM(order=2, smoothing="witten_bell").fit(TEXT)


def small_clusters():
    return BrownClusters(n_clusters=3, min_count=1).fit(TEXT)


# What writes a file with words in it, and what opens it.
FILES = {
    "counts": (lambda path: count_ngrams(TEXT, 2).save(path), NgramCounts.load),
    "n-gram model": (lambda path: small_model().save(path), NgramLM.load),
    "any model": (lambda path: small_model().save(path), open_model),
    "cache": (lambda path: CacheLM.like(small_model()).save(path), CacheLM.load),
    "classes": (
        lambda path: ClassLM(order=2, smoothing="mle").fit(TEXT, small_clusters()).save(path),
        ClassLM.load,
    ),
    "clusters": (lambda path: small_clusters().save(path), WordClusters.load),
    "corpus": (lambda path: Corpus(TEXT).encode().save(path), EncodedCorpus.open),
    "vectors": (lambda path: KeyedVectors(["ä", "b"], np.eye(2)).save(path), KeyedVectors.load),
}  # fmt: skip


def swapped(offsets):
    offsets = offsets.copy()
    offsets[1], offsets[2] = offsets[2], offsets[1]
    return offsets


def outside(offsets):
    offsets = offsets.copy()
    offsets[1] += np.uint64(1 << 40)
    return offsets


def late(offsets):
    offsets = offsets.copy()
    offsets[0] = 1
    return offsets


@pytest.mark.parametrize("damage", [swapped, outside, late, lambda offsets: offsets[:-1].copy()])
@pytest.mark.parametrize("kind", FILES)
def test_damaged_offsets_are_known_when_the_file_is_opened(tmp_path, kind, damage):
    write, open_ = FILES[kind]
    write(tmp_path / "good.fe")
    native = read_native(tmp_path / "good.fe", mmap=False)
    arrays = native.arrays | {"word_offsets": damage(native.arrays["word_offsets"])}
    write_native(tmp_path / "bad.fe", arrays, native.metadata)
    with pytest.raises(FormatError, match=r"bad\.fe: 'word_offsets' must begin at 0, not decrease"):
        open_(tmp_path / "bad.fe")


@pytest.mark.parametrize("ask", [list, lambda words: words[1], lambda words: "cat" in words])
def test_a_word_that_is_not_utf8_is_named(ask):
    blob = np.frombuffer("aäcat".encode(), dtype=np.uint8).copy()
    blob[1] = 255
    arrays = {"word_bytes": blob, "word_offsets": np.array([0, 1, 3, 6], dtype=np.uint64)}
    words = WordList.from_arrays(arrays, "x.fe")
    assert words[0] == "a"
    with pytest.raises(FormatError, match=r"x\.fe: the list of words is damaged: word 1 is not U"):
        ask(words)


@pytest.mark.parametrize(
    "change",
    [
        {"word_bytes": np.zeros(3, np.int8)},
        {"word_bytes": np.zeros((3, 1), np.uint8)},
        {"word_offsets": np.array([0, 3], np.int64)},
        {"word_offsets": np.empty(0, np.uint64)},
    ],
)
def test_arrays_that_are_no_words(change):
    arrays = {"word_bytes": np.zeros(3, np.uint8), "word_offsets": np.array([0, 3], np.uint64)}
    assert len(WordList.from_arrays(arrays, "x.fe")) == 1
    with pytest.raises(FormatError, match=r"x\.fe: .*word_(bytes|offsets)"):
        WordList.from_arrays(arrays | change, "x.fe")


def test_offsets_that_decrease_anywhere_are_found():
    offsets = np.arange(200_001, dtype=np.uint64)
    assert offsets_fit(offsets, 200_000)
    for at in (1, 65_535, 65_536, 65_537, 131_072, 199_999):
        bad = offsets.copy()
        bad[at] += np.uint64(2)
        assert not offsets_fit(bad, 200_000), at
