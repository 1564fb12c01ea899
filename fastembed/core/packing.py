"""Packed files by their suffix (.gz .bz2 .xz .zst), for `fastembed.core.files`.

What is packed here has no name and no time in it: the same data give the same bytes.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from fastembed.core.errors import FastembedError

__all__ = ["PACKED", "bare_name", "pack", "packed_suffix", "unpack"]

PACKED = (".gz", ".bz2", ".xz", ".zst")


def packed_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix that says how a file is packed, "" for one that is not.

    Examples
    --------
    >>> packed_suffix("x.txt.GZ"), packed_suffix("x.txt"), packed_suffix("-")
    ('.gz', '', '')
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    return suffix if suffix in PACKED else ""


def bare_name(path: str | os.PathLike[str]) -> str:
    """The path in lower case without such a suffix, in which a format is looked for.

    Examples
    --------
    >>> bare_name("Model.arpa.xz")
    'model.arpa'
    """
    return os.fspath(path).lower().removesuffix(packed_suffix(path))


def unpack(raw: Any, path: str, error: type[FastembedError]) -> Any:
    """What reads the data of a packed file; ``error`` if that needs a package."""
    return _open(raw, path, "rb", error)


def pack(raw: Any, path: str, error: type[FastembedError]) -> Any:
    """What packs data into the file ``raw``, which it leaves open when it is closed itself."""
    return _open(raw, path, "wb", error)


def _open(raw: Any, path: str, mode: Any, error: type[FastembedError]) -> Any:
    suffix = packed_suffix(path)
    if suffix == ".gz":
        import gzip

        return gzip.GzipFile("", mode, 6, raw, mtime=0)
    if suffix == ".bz2":
        import bz2

        return bz2.BZ2File(raw, mode)
    if suffix == ".xz":
        import lzma

        return lzma.LZMAFile(raw, mode)
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise error(
            f"{path}: reading and writing .zst needs a package: "
            "pip install 'fastembed-trainer[zstd]'"
        ) from None
    return zstd.ZstdFile(raw, mode)
