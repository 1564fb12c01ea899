"""Digests that tell large arrays apart at the cost of a few samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from hashlib import blake2b

__all__ = ["new_digest", "sampled_digest"]

SAMPLES = 64


def new_digest() -> blake2b:
    """A digest of 32 hexadecimal digits, of nothing so far."""
    from hashlib import blake2b  # loads OpenSSL, which few runs need

    return blake2b(digest_size=16)


def sampled_digest(
    facts: Sequence[str], arrays: Iterable[tuple[int, Callable[[int, int], NDArray[Any]], int]]
) -> str:
    """32 hexadecimal digits of facts and of evenly spread samples of arrays.

    Parameters
    ----------
    facts : sequence of str
        What is small: sizes, the digest of a vocabulary.
    arrays : iterable of (length, read, width)
        ``read(start, stop)`` gives a part of the array; each of 64 samples is ``width`` long.

    Examples
    --------
    >>> ids = np.arange(10**6, dtype=np.uint32)
    >>> digest = sampled_digest(["1000000"], [(len(ids), lambda a, b: ids[a:b], 4096)])
    >>> len(digest)
    32
    """
    digest = new_digest()
    for fact in facts:
        digest.update(fact.encode())
    for length, read, width in arrays:
        for i in range(SAMPLES):
            start = i * max(0, length - width) // (SAMPLES - 1)
            digest.update(np.ascontiguousarray(read(start, min(start + width, length))))
    return digest.hexdigest()
