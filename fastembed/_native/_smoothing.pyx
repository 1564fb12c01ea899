"""Discounting and back-off weights by csrc/kn.h, over the levels of an n-gram trie."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint32_t, uint64_t
from fastembed._native._kernels cimport fe_kn_cell, fe_kn_sum, kernels

cdef extern from "kn.h" nogil:
    void fe_kn_adjust(const uint32_t *, uint64_t, const uint32_t *, uint32_t, uint64_t, uint64_t,
                      fe_kn_cell *) noexcept
    void fe_kn_often(const fe_kn_cell *, uint64_t, uint64_t, uint64_t *) noexcept

# Sums of one context: fe_kn_sum.
SUM = np.dtype([("total", "u4"), ("n1", "u4"), ("n2", "u4"), ("n3", "u4")])


cdef int64_t _pieces(uint64_t n, int workers):
    return min(16 * workers, <int64_t>(n // 4096 + 1))


def adjust(const uint32_t[::1] parent, const uint32_t[::1] word, uint32_t bos,
           uint32_t[::1] values, int workers):
    """Numbers of children in place of counts, but for n-grams that begin with bos.

    ``parent`` is that of the next order, ascending.
    """
    cdef uint64_t n = word.shape[0], children = parent.shape[0]
    cdef int64_t i, pieces = _pieces(n, workers)
    if <uint64_t>values.shape[0] != n:
        raise ValueError("word and values do not fit together")
    if n == 0:
        return
    cdef const uint32_t *of = &parent[0] if children else NULL
    for i in prange(pieces, nogil=True, schedule="static", num_threads=workers):
        fe_kn_adjust(of, children, &word[0], bos, i * n // pieces, (i + 1) * n // pieces,
                     <fe_kn_cell *>&values[0])


def often(const uint32_t[::1] values, int workers):
    """How many values are 0, 1, 2, 3, 4 or more: (6,) int64."""
    cdef uint64_t n = values.shape[0]
    cdef int64_t i, pieces = _pieces(n, workers)
    found = np.zeros((pieces, 6), dtype=np.uint64)
    cdef uint64_t[:, ::1] out = found
    if n:
        for i in prange(pieces, nogil=True, schedule="static", num_threads=workers):
            fe_kn_often(<const fe_kn_cell *>&values[0], i * n // pieces, (i + 1) * n // pieces,
                        &out[i, 0])
    return found.sum(axis=0).astype(np.int64)


def sums(const uint32_t[::1] values, const uint32_t[::1] context, const uint32_t[::1] raw,
         uint32_t threshold, fe_kn_sum[::1] out, uint32_t[::1] pruned, int workers):
    """Write the sums (dtype `SUM`) of the values of each context; see csrc/kn.h.

    ``raw`` and ``pruned`` may be None. Every context is below len(out).
    """
    cdef uint64_t n = values.shape[0], contexts = out.shape[0]
    cdef int64_t i, pieces = workers
    if (<uint64_t>context.shape[0] != n or (raw is None) != (pruned is None)
            or (raw is not None and (<uint64_t>raw.shape[0] != n
                                     or pruned.shape[0] != out.shape[0]))):
        raise ValueError("values, contexts and counts do not fit together")
    if contexts == 0:
        return
    cdef const fe_kn_cell *of = <const fe_kn_cell *>&values[0] if n else NULL
    cdef const uint32_t *at = &context[0] if n else NULL
    cdef const uint32_t *r = &raw[0] if raw is not None and n else NULL
    cdef uint32_t *p = &pruned[0] if pruned is not None else NULL
    for i in prange(pieces, nogil=True, schedule="static", num_threads=workers):
        kernels().kn_sums(of, at, r, threshold, n, i * contexts // pieces,
                          (i + 1) * contexts // pieces, &out[0], p)


def probs(uint32_t[::1] values, const uint32_t[::1] parent, const uint32_t[::1] context,
          const fe_kn_sum[::1] sums, const uint32_t[::1] pruned, const double[::1] discounts,
          const float[::1] lower, int workers):
    """Turn values into probabilities (the bits of float32) in place."""
    cdef uint64_t n = values.shape[0]
    cdef int64_t i, pieces = _pieces(n, workers)
    if (<uint64_t>parent.shape[0] != n or <uint64_t>context.shape[0] != n
            or discounts.shape[0] != 4 or lower.shape[0] != sums.shape[0]
            or (pruned is not None and pruned.shape[0] != sums.shape[0])):
        raise ValueError("values, contexts and the level below do not fit together")
    if n == 0:
        return
    cdef const uint32_t *p = &pruned[0] if pruned is not None else NULL
    for i in prange(pieces, nogil=True, schedule="dynamic", num_threads=workers):
        kernels().kn_probs(<fe_kn_cell *>&values[0], &parent[0], &context[0], i * n // pieces,
                           (i + 1) * n // pieces, &sums[0], p, &discounts[0], &lower[0])


def backoffs(const fe_kn_sum[::1] sums, const uint32_t[::1] pruned, const double[::1] discounts,
             float[::1] out, int workers):
    """Back-off weights of the contexts."""
    cdef uint64_t n = out.shape[0]
    cdef int64_t i, pieces = _pieces(n, workers)
    if (<uint64_t>sums.shape[0] != n or discounts.shape[0] != 4
            or (pruned is not None and <uint64_t>pruned.shape[0] != n)):
        raise ValueError("one sum for each back-off weight is needed")
    if n == 0:
        return
    cdef const uint32_t *p = &pruned[0] if pruned is not None else NULL
    for i in prange(pieces, nogil=True, schedule="static", num_threads=workers):
        kernels().kn_backoffs(&sums[0], p, i * n // pieces, (i + 1) * n // pieces, &discounts[0],
                              &out[0])


def log10(float[::1] x, int workers=1):
    """log10 in place; -inf for 0."""
    cdef uint64_t n = x.shape[0]
    cdef int64_t i, pieces = _pieces(n, workers)
    if n == 0:
        return
    for i in prange(pieces, nogil=True, schedule="static", num_threads=workers):
        kernels().log10_all(&x[0], i * n // pieces, (i + 1) * n // pieces)
