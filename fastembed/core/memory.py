"""Matrices as the kernels want them: rows padded to cache lines, on huge pages where they help."""

from __future__ import annotations

import mmap
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

__all__ = ["padded_rows"]

LINE_FLOATS = 16  # float32 in a cache line of 64 bytes


def padded_rows(n: int, dim: int) -> NDArray[np.float32]:
    """Zeros of shape (n, stride), float32, with ``stride`` the next multiple of 16 from ``dim``.

    The memory is page-aligned, comes from the system page by page as it is touched, and asks for
    huge pages: rows of a large matrix are read at random, and most would miss the TLB.

    Examples
    --------
    >>> padded_rows(3, 100).shape
    (3, 112)
    """
    stride = -(-dim // LINE_FLOATS) * LINE_FLOATS
    pages = mmap.mmap(-1, max(n * stride * 4, 1))
    if hasattr(mmap, "MADV_HUGEPAGE"):
        # a kernel without transparent huge pages says no: slower, nothing else
        with suppress(OSError):
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype=np.float32, count=n * stride).reshape(n, stride)
