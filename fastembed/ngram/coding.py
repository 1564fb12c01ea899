"""How the values of a query table are stored: in as few bits as tell them apart, or quantised.

float32 of one sign have the order of their bits. Probabilities of n-grams lie between 10^-7 and 1,
so that these numbers, counted from the smallest one, take 26 to 28 bits instead of 32: nothing is
lost. Back-off weights take few different values in most models; then an index into a book of these
is shorter still. With 16 or 8 bits a book has at most 65,536 or 256 values, which stand for all.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastembed._native import _lmfill

__all__ = ["Bits", "Coded", "Coding", "coded", "coded_exactly", "padded_book"]

Bits = Literal[8, 16, 32]
LLOYD_ROUNDS = 30
LARGEST_BOOK = 1 << 18  # values of a book without loss: it should stay in the cache


class Coding(NamedTuple):
    """See ``fe_lm_coding`` in csrc/lmquery.h; plain numbers, for the metadata of a file."""

    bits: int
    base: int = 0


class Coded(NamedTuple):
    """Values as they are stored.

    Attributes
    ----------
    coding : Coding
    values : ndarray of uint32, shape (n,)
        Bits of float32, or indices into the book.
    book : ndarray of float32, or None
    """

    coding: Coding
    values: NDArray[np.uint32]
    book: NDArray[np.float32] | None = None


def coded(values: NDArray[np.float32], bits: Bits) -> Coded:
    """Probabilities: without loss if ``bits`` is 32, else quantised, if there are more values than
    codes.
    """
    if bits == 32:
        return _counted(values)
    size = 1 << bits
    if (indexed := _indexed(values, size)) is not None:
        return indexed
    book = _quantiser(values, size)
    codes = np.searchsorted((book[1:] + book[:-1]) / 2, values).astype(np.uint32)
    return Coded(_index_of(book), codes, book)


def _quantiser(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """At most ``size`` values that stand for all with little squared error (Lloyd 1982).

    Half of them begin evenly among the values, as KenLM's, which serves the frequent ones; half
    evenly over their range, so that a rare probability is not taken for a very different one.
    Probabilities of 0 are kept.
    """
    ordered = np.sort(values)
    impossible = np.count_nonzero(ordered == -np.inf)
    ordered = ordered[impossible:]
    n, half = len(ordered), (size - 1) // 2
    book = np.unique(
        np.concatenate(
            [
                ordered[(2 * np.arange(half) + 1) * n // (2 * half)],
                np.linspace(ordered[0], ordered[-1], size - 1 - half),
            ]
        )
    )
    sums = np.concatenate([[0.0], np.cumsum(ordered, dtype=np.float64)])
    for _ in range(LLOYD_ROUNDS):
        cuts = np.searchsorted(ordered, (book[1:] + book[:-1]) / 2)
        edges = np.concatenate([[0], cuts, [n]])
        counts = np.diff(edges)
        book = np.diff(sums[edges])[counts > 0] / counts[counts > 0]
    book = np.unique(book.astype(np.float32))
    return np.concatenate([[np.float32(-np.inf)], book]) if impossible else book


def coded_exactly(values: NDArray[np.float32], bits: Bits) -> Coded:
    """Back-off weights: without loss unless ``bits`` is 8."""
    if bits == 8:
        return coded(values, bits)
    counted = _counted(values)
    indexed = _indexed(values, min(LARGEST_BOOK, 1 << (counted.coding.bits - 1)))
    return counted if indexed is None else indexed


def _counted(values: NDArray[np.float32]) -> Coded:
    """float32 from the smallest one on, in the order of their bits."""
    number = values.view(np.uint32)
    base, largest = _lmfill.span(number)
    return Coded(Coding(max(1, largest.bit_length()), base), number)


def _indexed(values: NDArray[np.float32], most: int) -> Coded | None:
    """A book of all values, None if they are more than that."""
    found = _lmfill.book(values.view(np.uint32), most)
    if found is None:
        return None
    book = found[0].view(np.float32)
    return Coded(_index_of(book), found[1], book)


def _index_of(book: NDArray[np.float32]) -> Coding:
    return Coding(max(1, (len(book) - 1).bit_length()))


def padded_book(book: NDArray[np.float32] | None, bits: int) -> NDArray[np.float32] | None:
    """A book with an entry for every code, so that a damaged file cannot point outside.

    Raises
    ------
    ValueError
        It has more.
    """
    if book is None:
        return None
    if bits > 24 or len(book) > 1 << bits:
        raise ValueError(f"a book of {len(book):,} values for codes of {bits} bits")
    whole = np.zeros(1 << bits, dtype=np.float32)
    whole[: len(book)] = book
    return whole
