"""Files under packed names (.gz .bz2 .xz .zst): every writer packs what its reader unpacks."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pytest

from fastembed import FormatError, KeyedVectors, NgramLM
from fastembed.cluster.brown import BrownClusters
from fastembed.cluster.clusters import WordClusters
from fastembed.core.files import open_read, open_write
from fastembed.io.formats import format_of_name
from fastembed.io.native import write_native
from fastembed.io.triples import (
    read_glove_vocabulary,
    read_triples,
    write_glove_vocabulary,
    write_triples,
)
from fastembed.ngram.counts import NgramCounts, count_ngrams
from fastembed.text.vocabulary import Vocabulary

TEXT = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat", "ran"]] * 3
UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
VECTORS = KeyedVectors(["a", "b"], np.eye(2, dtype=np.float32))
VOCABULARY = Vocabulary.from_counts({"cat": 2, "the": 5})


def clusters():
    return BrownClusters(n_clusters=2, min_count=1).fit(TEXT)


def triples(path):
    write_triples(path, np.array([0, 1, 1]), np.array([1], "i4"), np.array([0.5], "f4"))


# What writes a file of this name, and what reads it.
WRITERS = {
    "x.tsv": (count_ngrams(TEXT, 2).write_tsv, NgramCounts.read_tsv),
    "x.arpa": (NgramLM(order=2, smoothing="witten_bell").fit(TEXT).save_arpa, NgramLM.load),
    "x.vocab": (VOCABULARY.save, Vocabulary.load),
    "x.count": (lambda path: write_glove_vocabulary(path, VOCABULARY), read_glove_vocabulary),
    "x.pairs.bin": (triples, lambda path: list(read_triples(path, 2))),
    "x.txt": (VECTORS.save_word2vec_format, KeyedVectors.load),
    "x.glove": (VECTORS.save_glove_format, KeyedVectors.load),
    "x.paths": (lambda path: clusters().save_paths(path), WordClusters.load),
    "x.clusters.tsv": (lambda path: clusters().save_tsv(path), WordClusters.load),
}


@pytest.mark.parametrize("suffix", UNPACK)
@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_packs_as_its_reader_unpacks(tmp_path, name, suffix):
    write, read = WRITERS[name]
    plain, packed = tmp_path / name, tmp_path / (name + suffix.upper())
    write(plain)
    write(packed)
    once = packed.read_bytes()
    assert UNPACK[suffix](once) == plain.read_bytes()
    write(packed)
    assert packed.read_bytes() == once  # no time in it
    read(packed)


def test_zstd(tmp_path, forget_zstd):
    pytest.importorskip("backports.zstd")
    with open_write(tmp_path / "x.zst") as file:
        file.write(b"hello")
    assert (tmp_path / "x.zst").read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    with open_read(tmp_path / "x.zst") as file:
        assert file.read() == b"hello"
    forget_zstd()
    with (
        pytest.raises(FormatError, match=r"no\.zst: .*pip install 'fastembed-trainer\[zstd\]'"),
        open_write(tmp_path / "no.zst") as file,
    ):
        file.write(b"hello")
    assert [path.name for path in tmp_path.iterdir()] == ["x.zst"]


def test_what_fails_leaves_nothing(tmp_path):
    def fail():
        with open_write(tmp_path / "x.gz") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())


def test_a_native_file_is_not_packed(tmp_path):
    with pytest.raises(ValueError, match=r"x\.fe\.gz: a native file is mapped, not packed"):
        write_native(tmp_path / "x.fe.gz", {"x": np.zeros(3)})
    with pytest.raises(ValueError, match="not packed"):
        format_of_name("x.fe.xz")
    assert format_of_name("x.glove.txt.xz") == "glove"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", UNPACK)
def test_lm_train_knows_packed_arpa(run_cli, tmp_path, suffix):
    text = tmp_path / "text.txt"
    text.write_text("".join(" ".join(words) + "\n" for words in TEXT))
    how = ("lm", "train", text, "--order", 2, "--smoothing", "witten_bell", "-q", "-o")
    for name in ("x.arpa", "x.arpa" + suffix):
        done = run_cli(*how, tmp_path / name)
        assert done.status == 0, done.err
    packed = (tmp_path / ("x.arpa" + suffix)).read_bytes()
    assert UNPACK[suffix](packed) == (tmp_path / "x.arpa").read_bytes()
    done = run_cli(*how, tmp_path / ("x.fe" + suffix))
    assert done.status == 2
    assert "not packed" in done.err
    assert not (tmp_path / ("x.fe" + suffix)).exists()


@pytest.mark.parametrize("word", ["New York", "a\tb", "a\nb", "a\x0bb", " "])
@pytest.mark.parametrize("name", ["x.tsv", "x.arpa"])
def test_words_with_white_space_are_refused(tmp_path, name, word):
    counts = count_ngrams([["a", word], ["b", "a"]], 2)
    model = NgramLM(order=2, smoothing="witten_bell").fit(counts)
    write = counts.write_tsv if name == "x.tsv" else model.save_arpa
    with pytest.raises(FormatError, match=rf"{name}: the word .* has white space in it"):
        write(tmp_path / name)
    assert not (tmp_path / name).exists()
