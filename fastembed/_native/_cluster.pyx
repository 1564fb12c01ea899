"""Brown clustering and the exchange algorithm over csrc/brown_step.h and csrc/exchange.h."""

import numpy as np

from libc.stdint cimport int64_t, uint32_t, uint64_t
from fastembed._native._kernels cimport (
    check, fe_brown, fe_exchange, fe_kernels, fe_merge, fe_pairs, kernels)

cdef extern from "xlogx.h" nogil:
    double fe_grid_magic(double total) noexcept
    double FE_XLOGX_MOST

cdef extern from "brown_table.h" nogil:
    size_t fe_brown_stride(size_t n_clusters) noexcept

cdef extern from "exchange.h" nogil:
    size_t fe_exchange_stride(size_t n_classes) noexcept

# One merge: fe_merge.
MERGE = np.dtype([("kept", "u4"), ("gone", "u4"), ("loss", "f8")], align=True)
MOST = FE_XLOGX_MOST


def xlogy(const double[::1] x, const double[::1] y, double total):
    """x log2 y on the grid that a corpus of ``total`` pairs uses, float64."""
    if x.shape[0] != y.shape[0] or not 0 < total <= MOST:
        raise ValueError("x and y must have the same length, and total be in range")
    out = np.empty(x.shape[0], dtype=np.float64)
    cdef double[::1] o = out
    if x.shape[0]:
        kernels().xlogy_list(&x[0], &y[0], x.shape[0], fe_grid_magic(total), &o[0])
    return out


def grid(double total):
    """The step of the grid, a power of two, in bits."""
    # the magic number is 1.5 * 2^52 steps
    return fe_grid_magic(total) / 1.5 / 2.0**52


cdef class _Pairs:
    """Counts of pairs: the arrays of fe_pairs, checked and held.

    Every item of ``right`` and ``left`` is less than the number of items, and the counts are
    positive; `fastembed._native._bigrams.split_run` makes such lists.
    """

    cdef fe_pairs c
    cdef object held

    def __cinit__(self, const uint64_t[::1] right_start, const uint32_t[::1] right,
                  const int64_t[::1] right_count, const uint64_t[::1] left_start,
                  const uint32_t[::1] left, const int64_t[::1] left_count):
        cdef size_t n = right_start.shape[0] - 1, m = right.shape[0]
        if (right_start.shape[0] < 2 or left_start.shape[0] != right_start.shape[0]
                or n > 0xfffffffe or right_start[n] != m or left_start[n] != m
                or <size_t>right_count.shape[0] != m or <size_t>left.shape[0] != m
                or <size_t>left_count.shape[0] != m):
            raise ValueError("the lists of pairs do not fit together")
        total = int(np.sum(right_count))
        if total > MOST:
            raise OverflowError(f"{total:,} pairs are too many: at most {MOST:.0e}")
        self.held = (right_start, right, right_count, left_start, left, left_count)
        self.c.n_items = <uint32_t>n
        self.c.right_start = &right_start[0]
        self.c.right = &right[0] if m else NULL
        self.c.right_count = &right_count[0] if m else NULL
        self.c.left_start = &left_start[0]
        self.c.left = &left[0] if m else NULL
        self.c.left_count = &left_count[0] if m else NULL
        self.c.total = max(total, 1)


def matrix_rows(uint32_t n_clusters):
    """Rows and columns of the zeros that `Brown` and `Exchange` want for so many clusters."""
    return ((3 * (<size_t>n_clusters + 1), fe_brown_stride(n_clusters)),
            (4 * <size_t>n_clusters, fe_exchange_stride(n_clusters)))


cdef class Brown:
    """A Brown clustering in the making: items enter, clusters merge.

    Parameters
    ----------
    pairs : six arrays of counts (see `_Pairs`)
    n_clusters : at least 1
    matrices : (3 (C + 1), stride) float64, zeros of the size that `matrix_rows` says: counts,
        their transpose, losses, each of C + 1 rows
    first : (C + 1,) uint32, the first item of each cluster in the order of the rows
    """

    cdef fe_brown *b
    cdef const fe_kernels *k
    cdef _Pairs pairs
    cdef object held

    def __cinit__(self, pairs, uint32_t n_clusters, double[:, ::1] matrices, uint32_t[::1] first):
        self.pairs = _Pairs(*pairs)
        if (n_clusters < 1 or n_clusters > self.pairs.c.n_items
                or (matrices.shape[0], matrices.shape[1]) != matrix_rows(n_clusters)[0]
                or <size_t>first.shape[0] != <size_t>n_clusters + 1):
            raise ValueError("the number of clusters does not fit the items or the matrices")
        self.k = kernels()
        self.held = (matrices, first)
        self.b = self.k.brown_new(&self.pairs.c, n_clusters, &matrices[0, 0], &first[0])
        if self.b == NULL:
            raise MemoryError("clustering: not enough memory")

    def __dealloc__(self):
        if self.b != NULL:
            self.k.brown_free(self.b)

    def run(self, size_t steps):
        """Do some steps (an item enters, then a merge a step); the merges, dtype `MERGE`."""
        log = np.zeros(steps + 1, dtype=MERGE)
        cdef fe_merge[::1] merges = log
        cdef size_t n
        with nogil:
            n = self.k.brown_run(self.b, steps, &merges[0])
        return log[:n]

    def information(self):
        """The number of pairs times their average mutual information, in bits."""
        return self.k.brown_information(self.b)

    def refresh(self):
        """Bring the matrix of losses up to date."""
        self.k.brown_refresh_all(self.b)

    def restore(self, uint32_t added, const fe_merge[::1] log, const uint32_t[::1] first,
                const double[:, ::1] loss):
        """Go on after ``added`` items and the merges of ``log``; ValueError if they do not fit."""
        if loss.shape[0] != first.shape[0] or loss.shape[1] != first.shape[0]:
            raise ValueError("the table of losses does not fit the clusters")
        check(self.k.brown_restore(
            self.b, added, &log[0] if log.shape[0] else NULL, log.shape[0],
            &first[0] if first.shape[0] else NULL, first.shape[0],
            &loss[0, 0] if first.shape[0] else NULL), "clusters of a checkpoint")


cdef class Exchange:
    """Items that change classes.

    Parameters
    ----------
    pairs : six arrays of counts (see `_Pairs`)
    n_classes : at least 1
    classes : (n_items,) uint32, changed in place; every class has an item
    matrices : (4 n_classes, stride) float64, zeros of the size that `matrix_rows` says
    """

    cdef fe_exchange *x
    cdef const fe_kernels *k
    cdef _Pairs pairs
    cdef object held

    def __cinit__(self, pairs, uint32_t n_classes, uint32_t[::1] classes, double[:, ::1] matrices):
        self.pairs = _Pairs(*pairs)
        if (n_classes < 1 or <size_t>classes.shape[0] != self.pairs.c.n_items
                or (matrices.shape[0], matrices.shape[1]) != matrix_rows(n_classes)[1]
                or len(np.unique(classes)) != n_classes or np.max(classes) >= n_classes):
            raise ValueError("the classes do not fit the items, their number or the matrices")
        self.k = kernels()
        self.held = (classes, matrices)
        self.x = self.k.exchange_new(&self.pairs.c, n_classes, &classes[0], &matrices[0, 0])
        if self.x == NULL:
            raise MemoryError("clustering: not enough memory")

    def __dealloc__(self):
        if self.x != NULL:
            self.k.exchange_free(self.x)

    def run(self, uint32_t first, uint32_t count):
        """Try so many items in turn; how many moved."""
        cdef size_t moved
        if <uint64_t>first + count > self.pairs.c.n_items:
            raise ValueError(f"there are {self.pairs.c.n_items} items")
        with nogil:
            moved = self.k.exchange_chunk(self.x, first, count)
        return moved

    def information(self):
        """The number of pairs times their average mutual information, in bits."""
        return self.k.exchange_information(self.x)
