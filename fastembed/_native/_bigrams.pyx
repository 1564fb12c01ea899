"""Counting pairs of adjacent items over csrc/bigrams.h: blocks to runs, runs to one, lists."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint32_t, uint64_t
from fastembed._native._kernels cimport check

cdef extern from "bigrams.h" nogil:
    uint32_t FE_BIGRAMS_SKIP
    size_t fe_bigrams_count(
        const uint32_t *ids, size_t n, int last, const uint32_t *item_of, const uint64_t *breaks,
        size_t n_breaks, uint64_t first, unsigned bits, uint64_t *keys, uint64_t *scratch,
        int64_t *counts) noexcept
    size_t fe_bigrams_merge(
        const uint64_t *a, const int64_t *a_counts, size_t na, const uint64_t *b,
        const int64_t *b_counts, size_t nb, uint64_t *keys, int64_t *counts) noexcept
    int fe_bigrams_split(
        const uint64_t *keys, const int64_t *counts, size_t n, unsigned bits, uint32_t n_items,
        uint64_t *right_start, uint32_t *right, uint64_t *left_start, uint32_t *left,
        int64_t *left_count) noexcept

# What an id is that is no item.
SKIP = FE_BIGRAMS_SKIP


def count_runs(const uint32_t[::1] ids, bint last, const uint32_t[::1] item_of,
               const uint64_t[::1] breaks, uint64_t first, unsigned bits, size_t block,
               int workers):
    """Sorted runs of the pairs of adjacent items, one a block of text.

    Parameters
    ----------
    ids : (n + 1,) uint32, (n,) if last
        Tokens first .. first + n, all less than len(item_of); pairs begin at the first n.
    item_of : uint32
        The item of each id, `SKIP` for none; less than 2**bits.
    breaks : uint64, ascending
        No pair ends at one of these positions.
    block : int
        Tokens of a run.

    Returns
    -------
    list of (keys, counts)
        uint64 ``left << bits | right``, distinct and ascending, and int64.
    """
    cdef size_t n = ids.shape[0] - (0 if last else 1), n_breaks = breaks.shape[0]
    cdef Py_ssize_t i, n_blocks
    cdef size_t begin, size
    if ids.shape[0] < 2 or n == 0:
        return []
    if block < 1 or bits < 1 or bits > 32 or workers < 1 or item_of.shape[0] == 0:
        raise ValueError("block, bits and workers must be positive")
    n_blocks = (n + block - 1) // block
    keys, counts = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.int64)
    lengths = np.zeros(n_blocks, dtype=np.uint64)
    cdef uint64_t[::1] key = keys, scratch = np.empty(n, dtype=np.uint64), length = lengths
    cdef int64_t[::1] count = counts
    cdef const uint64_t *at = &breaks[0] if n_breaks else NULL
    for i in prange(n_blocks, schedule="dynamic", chunksize=1, num_threads=workers, nogil=True):
        begin = i * block
        size = block if begin + block < n else n - begin
        length[i] = fe_bigrams_count(
            &ids[begin], size, last and begin + size == n, &item_of[0], at, n_breaks,
            first + begin, bits, &key[begin], &scratch[begin], &count[begin])
    return [(keys[k * block:k * block + m].copy(), counts[k * block:k * block + m].copy())
            for k, m in enumerate(lengths.tolist())]


def merge_runs(const uint64_t[::1] a, const int64_t[::1] a_counts, const uint64_t[::1] b,
               const int64_t[::1] b_counts):
    """One run (keys, counts) of two."""
    cdef size_t na = a.shape[0], nb = b.shape[0], n
    if na != <size_t>a_counts.shape[0] or nb != <size_t>b_counts.shape[0]:
        raise ValueError("a run has as many counts as keys")
    if na == 0:
        return np.array(b), np.array(b_counts)
    if nb == 0:
        return np.array(a), np.array(a_counts)
    keys, counts = np.empty(na + nb, dtype=np.uint64), np.empty(na + nb, dtype=np.int64)
    cdef uint64_t[::1] key = keys
    cdef int64_t[::1] count = counts
    with nogil:
        n = fe_bigrams_merge(&a[0], &a_counts[0], na, &b[0], &b_counts[0], nb, &key[0], &count[0])
    return keys[:n].copy(), counts[:n].copy()


def split_run(const uint64_t[::1] keys, const int64_t[::1] counts, unsigned bits, uint32_t n_items):
    """The lists of a run by left and by right item.

    Returns
    -------
    right_start, right, left_start, left, left_count
        Item i is followed by ``right[right_start[i]:right_start[i + 1]]``, with ``counts`` as
        they are, and preceded by ``left[left_start[i]:left_start[i + 1]]``.
    """
    cdef size_t n = keys.shape[0]
    cdef int status
    if n != <size_t>counts.shape[0] or bits < 1 or bits > 32:
        raise ValueError("a run has as many counts as keys, of 1 to 32 bits an item")
    right_start = np.zeros(<size_t>n_items + 1, dtype=np.uint64)
    left_start = np.zeros(<size_t>n_items + 1, dtype=np.uint64)
    right, left = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.uint32)
    left_count = np.empty(n, dtype=np.int64)
    cdef uint64_t[::1] rs = right_start, ls = left_start
    cdef uint32_t[::1] r = right, l = left
    cdef int64_t[::1] lc = left_count
    if n:
        with nogil:
            status = fe_bigrams_split(&keys[0], &counts[0], n, bits, n_items, &rs[0], &r[0],
                                      &ls[0], &l[0], &lc[0])
        check(status, "pairs of adjacent items")
    return right_start, right, left_start, left, left_count
