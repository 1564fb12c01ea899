"""The k best of each row of a block of scores, by csrc/topk.h."""

from cython.parallel cimport prange
from libc.stdint cimport int64_t

from fastembed._native._kernels cimport fe_kernels, kernels


def scan(const float[:, ::1] dots, const float[::1] scale, Py_ssize_t first,
         float[:, ::1] scores, int64_t[:, ::1] indices, int64_t[::1] sizes, int workers=1):
    """Offer dots (n, m), column j times scale[j], as scores of index first + j to n heaps.

    ``scale`` may be None. ``scores`` and ``indices`` (n, k) are the heaps and ``sizes`` (n,) how
    full they are: zeros at first; pass them again for the next columns, then call `sort`.
    """
    cdef Py_ssize_t n = dots.shape[0], m = dots.shape[1], k = scores.shape[1], i
    cdef const float *factor = NULL
    cdef const fe_kernels *table = kernels()
    _check(n, scores, indices, sizes)
    if scale is not None and scale.shape[0] != m:
        raise ValueError(f"scale must have {m} values; got {scale.shape[0]}")
    if n == 0 or m == 0 or k == 0:
        return
    if scale is not None:
        factor = &scale[0]
    for i in prange(n, nogil=True, schedule="static", num_threads=workers):
        table.topk_scan(&dots[i, 0], factor, m, first, k, &scores[i, 0], &indices[i, 0], &sizes[i])


def cosmul(const float[:, ::1] cosines, const int64_t[:, ::1] abc, Py_ssize_t first,
           float[:, ::1] scores, int64_t[:, ::1] indices, int64_t[::1] sizes, int workers=1):
    """The same with 3CosMul scores of the rows ``abc`` (n, 3) of ``cosines`` (words, m)."""
    cdef Py_ssize_t n = abc.shape[0], m = cosines.shape[1], k = scores.shape[1], i, j
    cdef const fe_kernels *table = kernels()
    _check(n, scores, indices, sizes)
    if abc.shape[1] != 3:
        raise ValueError("abc must have three columns")
    for i in range(n):
        for j in range(3):
            if not 0 <= abc[i, j] < cosines.shape[0]:
                raise IndexError(f"row {abc[i, j]} is out of range for {cosines.shape[0]} rows")
    if n == 0 or m == 0 or k == 0:
        return
    for i in prange(n, nogil=True, schedule="static", num_threads=workers):
        table.topk_cosmul(&cosines[abc[i, 0], 0], &cosines[abc[i, 1], 0], &cosines[abc[i, 2], 0],
                          m, first, k, &scores[i, 0], &indices[i, 0], &sizes[i])


def sort(float[:, ::1] scores, int64_t[:, ::1] indices, const int64_t[::1] sizes):
    """Turn each heap into a list, best first, equal scores by index."""
    cdef Py_ssize_t i
    _check(scores.shape[0], scores, indices, sizes)
    if scores.shape[1] == 0:
        return
    for i in range(scores.shape[0]):
        kernels().topk_sort(&scores[i, 0], &indices[i, 0], sizes[i])


cdef int _check(Py_ssize_t n, float[:, ::1] scores, int64_t[:, ::1] indices,
                const int64_t[::1] sizes) except -1:
    cdef Py_ssize_t k = scores.shape[1], i
    if scores.shape[0] != n or indices.shape[0] != n or indices.shape[1] != k:
        raise ValueError(f"scores and indices must both be ({n}, k)")
    if sizes.shape[0] != n:
        raise ValueError(f"sizes must have {n} values; got {sizes.shape[0]}")
    for i in range(n):
        if not 0 <= sizes[i] <= k:
            raise ValueError(f"a heap of {k} cannot hold {sizes[i]}")
    return 0
