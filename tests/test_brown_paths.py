"""Files of clusters: brown-cluster's paths, clustercat's TSV."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastembed as fe
from fastembed.io.brown_paths import Member, path_conflict, read_paths, write_paths, write_tsv

PATHS = "00\tthe\t100\n00\ta\t40\n01\tof\t30\n1\tcafé\t7\n"


def write(tmp_path, data, name="paths.txt"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_paths_are_read(tmp_path):
    clusters = fe.WordClusters.load(write(tmp_path, PATHS))
    assert list(clusters.vocabulary_) == ["the", "a", "of", "café"]
    assert clusters.vocabulary_.counts.tolist() == [100, 40, 30, 7]
    assert clusters.classes_.tolist() == [0, 0, 1, 2]
    assert clusters.paths_ == ["00", "01", "1"]
    assert clusters.cluster_words("0") == ["the", "a", "of"]
    assert clusters.tree().splitlines() == ["0", "  0  the a", "  1  of", "1  café"]


@pytest.mark.parametrize("data", [PATHS, PATHS.replace("\n", "\r\n"), PATHS.rstrip("\n")])
def test_lines_may_end_otherwise(tmp_path, data):
    assert fe.WordClusters.load(write(tmp_path, data)).n_clusters_ == 3


def test_packed_files_are_read(tmp_path):
    path = write(tmp_path, gzip.compress(PATHS.encode()), "paths.txt.gz")
    assert fe.WordClusters.load(path).paths_ == ["00", "01", "1"]


def test_what_is_written_is_what_was_read(tmp_path):
    clusters = fe.WordClusters.load(write(tmp_path, PATHS))
    clusters.save_paths(tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_text() == PATHS
    clusters.save_tsv(tmp_path / "classes.tsv")
    assert (
        tmp_path / "classes.tsv"
    ).read_text() == "the\t0\t100\na\t0\t40\nof\t1\t30\ncafé\t2\t7\n"
    flat = fe.WordClusters.load(tmp_path / "classes.tsv")
    assert flat.classes_.tolist() == clusters.classes_.tolist()
    assert flat.paths_ is None
    clusters.save(tmp_path / "clusters.fe")
    assert fe.WordClusters.load(tmp_path / "clusters.fe").paths_ == clusters.paths_


def test_a_tsv_may_have_no_counts_and_any_numbers(tmp_path):
    clusters = fe.WordClusters.load(write(tmp_path, "the\t12\nof\t7\na\t12\n", "c.tsv"))
    assert clusters.predict("the") == clusters.predict("a") != clusters.predict("of")
    assert clusters.vocabulary_.counts.tolist() == [0, 0, 0]


@pytest.mark.parametrize("one", [("", "the", 3), ("", "\ta", 3)])
def test_one_cluster_has_the_empty_path(tmp_path, one):
    bits, word, count = one
    path = write(tmp_path, f"{bits}\t{word.strip()}\t{count}\n")
    assert fe.WordClusters.load(path).paths_ == [""]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "no words; the file is empty"),
        ("00\tthe\t1\n02\tof\t1\n", r"line 2: expected a bit string of 0 and 1; got '02'"),
        ("00\tthe\t1\nx\tof\t1\n", "line 2: expected a bit string"),
        ("00\tthe\t1\n 1\tof\t1\n", "line 2: expected a bit string"),
        ("00\tthe\t1\n\n", "line 2: expected bit string<TAB>word<TAB>count"),
        ("00\tthe\n", "line 1: expected bit string<TAB>word<TAB>count"),
        ("00\tthe\tcat\t1\n", "line 1: expected bit string<TAB>word<TAB>count"),
        ("00\t\t1\n", "line 1: expected bit string<TAB>word<TAB>count"),
        ("00\tthe\tmany\n", "line 1: expected a count; got 'many'"),
        ("00\tthe\t-1\n", "line 1: expected a count"),
        ("00\tthe\t1.5\n", "line 1: expected a count"),
        ("00\tthe\t9999999999999999999\n", "line 1: expected a count"),
        ("00\tthe\t1\n01\tof\t1\n01\tthe\t1\n",
         "line 3: 'the' has '01' here and '00' on line 1; a word has one cluster"),
        ("00\tthe\t1\n00\tthe\t1\n", "line 2: 'the' has '00' here and '00' on line 1"),
        ("0\tthe\t1\n1\tof\t1\n01\ta\t1\n",
         r"line 3: the path '01' leads through '0', which is a cluster \(line 1\)"),
        ("\tthe\t1\n1\tof\t1\n", r"line 2: the path '1' leads through ''"),
        (b"00\tthe\t1\n01\t\xff\xfe\t1\n", "line 2: not UTF-8"),
    ],
)  # fmt: skip
def test_a_broken_paths_file_is_refused(tmp_path, data, message):
    path = write(tmp_path, data)
    with pytest.raises(fe.FormatError, match=rf"paths\.txt.*{message}"):
        fe.WordClusters.load(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("the\n", r"line 1: expected word<TAB>class\[<TAB>count\]"),
        ("the\t1\t2\t3\n", "line 1: expected word<TAB>class"),
        ("the\tx\n", "line 1: expected a count; got 'x'"),
        ("the\t1\nthe\t2\n", "line 2: 'the' has '2' here and '1' on line 1"),
        ("\t1\n", "line 1: expected word<TAB>class"),
    ],
)
def test_a_broken_tsv_is_refused(tmp_path, data, message):
    with pytest.raises(fe.FormatError, match=message):
        fe.WordClusters.load(write(tmp_path, data, "c.tsv"))


@given(st.lists(st.tuples(st.text("01xé\t", max_size=4), st.text("01a\t\r", max_size=4),
                          st.text("019-", max_size=3)), max_size=5))  # fmt: skip
def test_no_file_makes_anything_but_clusters_or_the_error(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("paths") / "p"
    path.write_text("\n".join("\t".join(row) for row in rows), encoding="utf-8", newline="")
    try:
        clusters = fe.WordClusters.load(path)
    except fe.FormatError:
        return
    assert clusters.n_clusters_ == len(clusters.paths_)
    assert path_conflict(clusters.paths_) is None


@pytest.mark.parametrize("word", ["a\tb", "a\nb", "a\rb"])
def test_words_with_tabs_fit_the_native_format_only(tmp_path, word):
    clusters = fe.BrownClusters(n_clusters=2).fit([[word, "x"] * 3])
    for save in (clusters.save_paths, clusters.save_tsv):
        with pytest.raises(fe.FormatError, match=r"has a tab or a line break.*native format"):
            save(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    clusters.save(tmp_path / "out.fe")
    assert fe.BrownClusters.load(tmp_path / "out.fe").predict(word) == clusters.predict(word)


def test_empty_words_are_refused(tmp_path):
    with pytest.raises(fe.FormatError, match="is empty"):
        write_paths(tmp_path / "p", [Member("", "0", 1)])
    with pytest.raises(fe.FormatError, match="is empty"):
        write_tsv(tmp_path / "p", [Member("", "0", 1)])
    assert not (tmp_path / "p").exists()


def test_a_line_that_never_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("fastembed.io.brown_paths.MAX_LINE", 100)
    with pytest.raises(fe.FormatError, match="line 2: longer than 100 bytes"):
        read_paths(write(tmp_path, "0\ta\t1\n" + "1" * 500))


def test_a_missing_file():
    with pytest.raises(FileNotFoundError):
        fe.WordClusters.load("no/such/file.txt")
