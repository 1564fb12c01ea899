"""core/files.py: every input opened, every output written whole or not at all."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import stat
import sys

import pytest

from fastembed.core import files
from fastembed.core.errors import CorpusError, FormatError
from fastembed.core.files import (
    atomic_write,
    consumed,
    expand_sources,
    is_url,
    open_read,
    stored_size,
)

TEXT = b"one two\nthree\n" * 1000
PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".txt": bytes}


# ---------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("suffix", PACK)
def test_open_read_unpacks_by_suffix(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(PACK[suffix](TEXT))
    with open_read(path) as file:
        assert file.read() == TEXT
        assert consumed(file) == path.stat().st_size
    with open_read(path) as file:
        assert file.readline() == b"one two\n"


def test_open_read_unpacks_every_member(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"one ") + gzip.compress(b"two"))
    with open_read(path) as file:
        assert file.read() == b"one two"


def test_open_read_zstd(tmp_path):
    zstd = pytest.importorskip(
        "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    )
    path = tmp_path / "x.ZST"
    path.write_bytes(zstd.compress(TEXT))
    with open_read(path) as file:
        assert file.read() == TEXT
    path.write_bytes(zstd.compress(TEXT)[:-10])
    with (
        open_read(path) as file,
        pytest.raises(CorpusError, match=r"x\.ZST: the packed data is cut"),
    ):
        file.read()


def test_zstd_names_its_extra(tmp_path, forget_zstd):
    path = tmp_path / "x.zst"
    path.write_bytes(b"")
    forget_zstd()
    with pytest.raises(CorpusError, match=r"pip install 'fastembed-trainer\[zstd\]'"):
        open_read(path)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_cut_data_is_an_error_that_names_the_file(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(PACK[suffix](os.urandom(5000))[:-100])
    with open_read(path) as file, pytest.raises(CorpusError, match=rf"x\{suffix}: .* cut short"):
        file.read()
    with open_read(path, error=FormatError) as file, pytest.raises(FormatError):
        file.read()


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_foreign_data_is_an_error_that_names_the_file(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"this is not packed at all")
    with open_read(path) as file, pytest.raises(CorpusError, match=rf"x\{suffix}: .* damaged"):
        file.read()


def test_damage_in_the_middle(tmp_path):
    path = tmp_path / "x.gz"
    packed = bytearray(gzip.compress(os.urandom(5000)))
    packed[2000] ^= 0xFF
    path.write_bytes(packed)
    with open_read(path) as file, pytest.raises(CorpusError, match="damaged"):
        file.read()


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        open_read(tmp_path / "no.gz")
    assert caught.value.filename == str(tmp_path / "no.gz")


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    with open_read("-") as file:
        assert file.read() == TEXT
        assert consumed(file) == len(TEXT)
    assert not sys.stdin.buffer.closed
    assert stored_size("-") is None


def test_urls():
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://fastembed/x.gz", "wb") as file:
        file.write(gzip.compress(TEXT))
    with open_read("memory://fastembed/x.gz") as file:
        assert file.read() == TEXT
    with fsspec.open("memory://fastembed/x.txt", "wb") as file:
        file.write(TEXT)
    with open_read("memory://fastembed/x.txt") as file:
        assert file.read() == TEXT
    with pytest.raises(FileNotFoundError):
        open_read("memory://fastembed/none")
    with pytest.raises(CorpusError, match="nosuch://x: "):
        open_read("nosuch://x")


def test_urls_name_their_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(CorpusError, match=r"pip install 'fastembed-trainer\[remote\]'"):
        open_read("https://example.org/x.txt")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("s3://a/b", True), ("https://a", True), ("a/b", False), ("://", False), ("a b://c", False)],
)
def test_is_url(path, expected):
    assert is_url(path) is expected


def test_expand_sources(tmp_path):
    for name in ("b.txt", "a.txt", "c.md", ".hidden", "deep/d.txt", "deep/.git/e.txt", "x[1].txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    names = ["a.txt", "b.txt", "c.md", "deep/d.txt", "x[1].txt"]
    assert expand_sources(tmp_path) == [str(tmp_path / name) for name in names]
    assert expand_sources(str(tmp_path / "*.txt")) == [
        str(tmp_path / name) for name in ("a.txt", "b.txt", "x[1].txt")
    ]
    assert expand_sources(f"{tmp_path}/**/d.txt") == [str(tmp_path / "deep/d.txt")]
    assert expand_sources(tmp_path / "x[1].txt") == [str(tmp_path / "x[1].txt")]
    several = [tmp_path / "c.md", str(tmp_path / "a.*"), "-", "s3://x/y"]
    assert expand_sources(several) == [
        str(tmp_path / "c.md"), str(tmp_path / "a.txt"), "-", "s3://x/y"
    ]  # fmt: skip


def test_expand_sources_refuses_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        expand_sources(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="no file matches"):
        expand_sources(str(tmp_path / "*.txt"))
    with pytest.raises(CorpusError, match="the folder holds no file"):
        expand_sources(tmp_path)


# ---------------------------------------------------------------------------------- writing


def test_atomic_write_leaves_nothing_behind_when_it_fails(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(bytes(1 // 0))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_atomic_write_when_the_disk_is_full(tmp_path, monkeypatch):
    path = tmp_path / "x"

    def full(fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught, atomic_write(path) as file:
        file.write(b"new")
    assert caught.value.filename == str(path)
    assert os.listdir(tmp_path) == []


def test_atomic_write_replaces_keeps_the_mode_and_follows_links(tmp_path):
    path, link = tmp_path / "x", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic_write(link) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_atomic_write_names_the_file_in_every_error(tmp_path):
    for path in (tmp_path / "no" / "x", tmp_path):
        with pytest.raises(OSError, match=r".") as caught, atomic_write(path):
            pass
        assert caught.value.filename == str(path)


def test_atomic_write_to_a_device():
    with atomic_write(os.devnull) as file:
        file.write(b"x")
    assert not stat.S_ISREG(os.stat(os.devnull).st_mode)
