"""The one door to files: open any input, write any output whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

__all__ = ["StrPath", "atomic_write"]

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
        error.filename, error.filename2 = str(path), None
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
            error.filename, error.filename2 = str(path), None
        raise


def _copy_mode(temporary: str, target: Path) -> None:
    """Permissions of the file that is replaced, or those that open() would have given."""
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    os.chmod(temporary, mode)


