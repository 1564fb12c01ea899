"""The one door to files: open any input, write any output whole or not at all."""

from __future__ import annotations

import glob
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from fastembed.core.errors import CorpusError, FastembedError, FormatError
from fastembed.core.packing import pack, packed_suffix, unpack

__all__ = [
    "StrPath",
    "atomic_write",
    "check_output",
    "consumed",
    "expand_sources",
    "is_url",
    "open_read",
    "open_write",
    "stored_size",
]

StrPath = str | os.PathLike[str]


@contextmanager
def atomic_write(path: StrPath) -> Iterator[BinaryIO]:
    """Open ``path`` for writing bytes so that it holds all of them or is as it was.

    The bytes go to a temporary file in the same folder, which is synced and renamed when the
    block ends, and removed when it raises. ``-`` is standard output; a device or a pipe, which
    cannot be renamed over, is written in place.

    Raises
    ------
    OSError
        The folder is missing or not writable, or the disk is full; ``filename`` is ``path``.
    """
    if os.fspath(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    try:
        with suppress(FileNotFoundError):
            mode = os.stat(target).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(21, "is a folder; give a file name", str(path))
            if not stat.S_ISREG(mode):
                with open(target, "wb") as device:
                    yield device
                return
        # a link is written through, not replaced
        target = target.resolve()
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        _blame(error, path)
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        _copy_mode(temporary, target)
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename in (None, temporary):
            _blame(error, path)
        raise


@contextmanager
def open_write(path: StrPath) -> Iterator[BinaryIO]:
    """`atomic_write` for all that `open_read` reads again: packed by the suffix of its name.

    Raises
    ------
    FormatError
        A package that packs so is not installed; the message has the command.
    OSError
        As `atomic_write`.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.txt.xz")
    >>> with open_write(path) as file:
    ...     _ = file.write(b"hello")
    >>> with open_read(path) as file:
    ...     file.read()
    b'hello'
    """
    with atomic_write(path) as file:
        if not packed_suffix(path):
            yield file
            return
        with pack(file, os.fspath(path), FormatError) as packer:
            yield packer


def _blame(error: OSError, path: StrPath) -> None:
    """Let the error name the file that was asked for, and no other one."""
    error.filename = str(path)
    if error.filename2 is not None:
        del error.filename2  # None would be shown


def check_output(path: StrPath) -> None:
    """An output that cannot be written is better known before hours of work than after.

    Raises
    ------
    OSError
        It is a folder, its folder is missing, or there is no permission.
    """
    output = os.fspath(path)
    if output == "-":
        return
    folder = Path(output).resolve().parent
    if os.path.isdir(output):
        raise IsADirectoryError(21, "is a folder; give a file name", output)
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    if not os.access(folder if not os.path.exists(output) else output, os.W_OK):
        raise PermissionError(13, "no permission to write there", output)


def _copy_mode(temporary: str, target: Path) -> None:
    """Permissions of the file that is replaced, or those that open() would have given."""
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    os.chmod(temporary, mode)


# ---------------------------------------------------------------------------------- reading


def is_url(path: StrPath) -> bool:
    """Whether this names something that fsspec opens: ``scheme://...``."""
    scheme, found, _ = os.fspath(path).partition("://")
    return bool(found) and scheme.replace("+", "").replace("-", "").isalnum()


def expand_sources(source: StrPath | Iterable[StrPath]) -> list[str]:
    """Names of the files that a path, folder, glob, URL, ``-``, or several of them stand for.

    A folder stands for all its regular files, those of its folders too, hidden ones left out, in
    order of their paths; a glob (``*``, ``?``, ``[...]``, ``**``) for its matches in order. A file
    that has such a character in its name is taken as it is.

    Raises
    ------
    FileNotFoundError
        Something is not there, or a glob matches nothing.
    CorpusError
        A folder without a file.

    Examples
    --------
    >>> expand_sources("-")
    ['-']
    """
    several = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    return [name for path in several for name in _expand(os.fspath(path))]


def _expand(path: str) -> list[str]:
    if path == "-" or is_url(path):
        return [path]
    if os.path.isdir(path):
        names = _regular_files(path)
        if not names:
            raise CorpusError(f"{path}: the folder holds no file (hidden ones are left out)")
        return names
    if os.path.lexists(path) or not glob.has_magic(path):
        os.stat(path)  # FileNotFoundError with the name
        return [path]
    names = sorted(name for name in glob.glob(path, recursive=True) if not os.path.isdir(name))
    if not names:
        raise FileNotFoundError(2, "no file matches this pattern", path)
    return names


def _regular_files(folder: str) -> list[str]:
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (os.path.join(root, name) for name in names if not name.startswith("."))
        found += [path for path in paths if os.path.isfile(path)]
    return sorted(found)


def stored_size(path: StrPath) -> int | None:
    """Bytes of a regular file as it lies there; None for ``-``, a URL, a pipe or a device.

    What has no size cannot be counted on to give the same bytes twice, a URL excepted.
    """
    if os.fspath(path) == "-" or is_url(path):
        return None
    status = os.stat(path)
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def open_read(path: StrPath, *, error: type[FastembedError] = CorpusError) -> BinaryIO:
    """Open any input for reading bytes, unpacked by its suffix (.gz .bz2 .xz .zst).

    ``-`` is standard input; ``scheme://...`` is opened by fsspec (the extra ``remote``). Data
    that is cut short or damaged raises ``error``, with the name, while it is read.

    Raises
    ------
    OSError
        The file is missing or cannot be opened.
    CorpusError
        A package that is needed is not installed; the message has the command.

    Examples
    --------
    >>> import gzip, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.txt.gz")
    >>> with gzip.open(path, "wb") as file:
    ...     _ = file.write(b"hello")
    >>> with open_read(path) as file:
    ...     file.read()
    b'hello'
    """
    name = os.fspath(path)
    if name == "-":
        return _buffered(_Input(sys.stdin.buffer, sys.stdin.buffer, "standard input", error, ()))
    raw = _open_url(name, error) if is_url(name) else open(name, "rb")  # noqa: SIM115
    packed = packed_suffix(name)
    if not packed and not is_url(name) and raw.seekable():
        return cast(BinaryIO, raw)
    try:
        inner = unpack(raw, name, error) if packed else raw
    except BaseException:
        raw.close()
        raise
    return _buffered(_Input(inner, raw, name, error, (inner, raw)))


def consumed(file: BinaryIO) -> int:
    """How many stored (packed) bytes of a file of `open_read` have been read, for progress."""
    raw = getattr(file, "raw", file)
    return raw.position() if isinstance(raw, _Input) else file.tell()


class _Input(io.RawIOBase):
    """Bytes of an unpacker; its errors become one line with the name of the file."""

    def __init__(
        self,
        inner: Any,
        raw: Any,
        name: str,
        error: type[FastembedError],
        owned: tuple[Any, ...],
    ) -> None:
        self._inner, self._raw, self._owned = inner, raw, owned
        self._name, self._error = name, error
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = self._inner.readinto(buffer)
        except Exception as problem:
            # EOFError: cut short. The rest has no common base: zlib.error, LZMAError, ZstdError
            # and OSError (gzip, bz2), the last without an errno, unlike a failing disk.
            if isinstance(problem, MemoryError | FastembedError) or getattr(problem, "errno", None):
                raise
            state = "cut short" if isinstance(problem, EOFError) else "damaged"
            raise self._error(f"{self._name}: the packed data is {state} ({problem})") from problem
        self._count += count
        return count

    def position(self) -> int:
        """Stored bytes read so far."""
        try:
            return self._raw.tell()
        except (OSError, ValueError, AttributeError):
            return self._count  # a pipe

    def close(self) -> None:
        for file in () if self.closed else self._owned:
            file.close()
        super().close()


def _buffered(raw: _Input) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(raw, 1 << 16))


def _open_url(url: str, error: type[FastembedError]) -> Any:
    try:
        import fsspec
    except ImportError:
        raise error(
            f"{url}: reading URLs needs fsspec: pip install 'fastembed-trainer[remote]'"
        ) from None
    try:
        return fsspec.open(url, "rb").open()
    except (ImportError, ValueError) as problem:
        # an unknown scheme, or one whose own package is missing
        raise error(f"{url}: {problem}") from problem
