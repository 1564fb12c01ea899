"""IDX files, in which MNIST comes: an array of any shape behind a short header.

Two zero bytes, the type, the number of dimensions, each size as a big-endian 32-bit integer, then
the numbers, big-endian, the last index running fastest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastembed.core.errors import FormatError
from fastembed.core.files import StrPath, open_read

__all__ = ["read_idx"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_BLOCK = 1 << 24


def read_idx(path: StrPath) -> NDArray[Any]:
    """Read an IDX file, packed (.gz, ...) or not.

    Parameters
    ----------
    path : path
        Such as ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    ndarray
        Of the file's shape and type, in the byte order of the machine.

    Raises
    ------
    FormatError
        It is no IDX file, is cut short, or has bytes behind its numbers.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.idx")
    >>> with open(path, "wb") as file:
    ...     _ = file.write(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    >>> read_idx(path).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """
    with open_read(path, error=FormatError) as file:
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or head[3] == 0:
            raise FormatError(
                f"{path}: not an IDX file: it begins with {head!r}, not with two zero bytes, a "
                "type and a number of dimensions"
            )
        sizes = file.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            raise FormatError(f"{path}: ends within its header, at byte {4 + len(sizes)}")
        shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
        dtype = np.dtype(_TYPES[head[2]])
        wanted, found = math.prod(shape) * dtype.itemsize, bytearray()
        while block := file.read(min(_BLOCK, wanted + 1 - len(found))):
            found += block
    if len(found) != wanted:
        state = "is cut short" if len(found) < wanted else "has more"
        raise FormatError(
            f"{path}: {state}: an array of shape {shape} has {wanted:,} bytes behind the header; "
            f"there are {'' if len(found) < wanted else 'more than '}{min(len(found), wanted):,}"
        )
    return np.frombuffer(found, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
