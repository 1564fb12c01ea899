"""Memory: matrices as the kernels want them, and budgets in bytes."""

from __future__ import annotations

import ctypes
import math
import mmap
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastembed.core.integers import as_integer

__all__ = [
    "aligned_zeros",
    "give_back_unused",
    "memory_budget",
    "own_pages",
    "padded_rows",
    "reserved",
    "usable_memory",
]

LINE = 64  # bytes of a cache line
# MAP_NORESERVE, which Python names from 3.13 on
NO_RESERVE = 0x4000 if sys.platform == "linux" else 0
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


def _private_pages(size: int, more: int = 0) -> mmap.mmap:
    # private: the system gives no huge pages to shared memory, which is mmap's default
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size)
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | more)


def _zeros(n: int, dtype: DTypeLike, more: int = 0) -> NDArray[Any]:
    size = n * np.dtype(dtype).itemsize
    if size < 1 << 16:
        return np.zeros(n, dtype=dtype)
    return np.frombuffer(_private_pages(size, more), dtype=dtype, count=n)


def reserved(n: int, dtype: DTypeLike) -> NDArray[Any]:
    """Zeros of shape (n,) that may be as many as a budget allows: pages that are never touched
    cost nothing, and are not counted against what the system may hand out.

    Examples
    --------
    >>> reserved(10**9, np.uint32).shape
    (1000000000,)
    """
    return _zeros(n, dtype, NO_RESERVE)


def own_pages(n: int, dtype: DTypeLike) -> NDArray[Any]:
    """Zeros of shape (n,) that are the system's again as soon as they are gone.

    For large arrays that are written once, front to back. They do not ask for huge pages, which
    gain little there, and which a virtual machine may have to get from its host first.

    Examples
    --------
    >>> own_pages(3, np.uint32).tolist()
    [0, 0, 0]
    """
    return _zeros(n, dtype)


def padded_rows(n: int, dim: int, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Zeros of shape (n, stride), ``stride`` the next number from ``dim`` that fills cache lines.

    The memory is page-aligned, comes from the system page by page as it is touched, and asks for
    huge pages: rows of a large matrix are read at random, and most would miss the TLB.

    Examples
    --------
    >>> padded_rows(3, 100).shape, padded_rows(3, 100, np.float64).shape
    ((3, 112), (3, 104))
    """
    item = np.dtype(dtype).itemsize
    line = LINE // item
    stride = -(-dim // line) * line
    size = max(n * stride * item, 1)
    pages = _private_pages(size)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        # a kernel without transparent huge pages says no: slower, nothing else
        with suppress(OSError):
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype=dtype, count=n * stride).reshape(n, stride)


def aligned_zeros(shape: Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Zeros in one piece that begin with a cache line, from `padded_rows`: NumPy's own arrays begin
    16 bytes behind one, so that each line of a table would lie in two.

    Examples
    --------
    >>> array = aligned_zeros((3, 100))
    >>> array.shape, array.flags.c_contiguous, array.ctypes.data % 64
    ((3, 100), True, 0)
    """
    size = math.prod(shape)
    return padded_rows(1, size, dtype)[0, :size].reshape(shape)


def give_back_unused() -> None:
    """Give memory that was freed, but that the C library keeps for itself, back to the system.

    glibc keeps what was freed below the end of its heap, and the heaps of threads that have ended;
    other libraries are left to themselves.
    """
    with suppress(AttributeError, TypeError, OSError):  # it has no such function, or no such name
        ctypes.CDLL(None).malloc_trim(0)


def usable_memory(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes of memory of this machine, or the limit of its control group if that is lower."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # no control group, or "max"
            limits.append(int((root / name).read_text()))
    return min(limit for limit in limits if limit > 0)


def memory_budget(memory: int | str | None) -> int:
    """The bytes that a parameter ``memory`` means.

    Parameters
    ----------
    memory : int, str or None
        Bytes; or a number with K, M, G or T (powers of 1024), such as "4G" or "512M"; None for
        half of what this process may use.

    Raises
    ------
    ValueError, TypeError
        It is none of these.

    Examples
    --------
    >>> memory_budget("1.5G"), memory_budget("64 MB"), memory_budget(1000)
    (1610612736, 67108864, 1000)
    """
    wanted = 'memory must be bytes > 0, as a number or as text such as "4G" or "512M"'
    if memory is None:
        return usable_memory() // 2
    if isinstance(memory, str):
        found = _SIZE.fullmatch(memory.strip())
        if found is None:
            raise ValueError(f"{wanted}; got {memory!r}")
        size = float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " ")
    else:
        number = as_integer(memory)
        if number is None:
            raise TypeError(f"{wanted}; got {memory!r}")
        size = number
    if not 1 <= size < 2**62:
        raise ValueError(f"{wanted}; got {memory!r}")
    return int(size)
