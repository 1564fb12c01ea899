"""Boolean sliding windows over documents (csrc/coherence.h)."""

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint32_t

import numpy as np

cdef extern from "coherence.h" nogil:
    ctypedef struct fe_coherence:
        uint32_t words
        int64_t *counts
        uint32_t *times
        uint32_t *list
        uint32_t *place
        uint32_t n
    void fe_coherence_count(fe_coherence *, const uint32_t *, int64_t, int64_t, int64_t,
                            int64_t) noexcept

cdef enum:
    GRAIN = 1 << 15  # windows that a thread takes at a time


def count_windows(const uint32_t[::1] ids, const int64_t[::1] offsets, int64_t size,
                  int64_t[:, ::1] counts, int workers=1):
    """Add the windows of documents to ``counts`` (words, words); returns their number.

    Document i is ids[offsets[i]:offsets[i + 1]]; ids that are no row of ``counts`` are other
    words. ``size`` 0: each document is one window.
    """
    cdef Py_ssize_t words = counts.shape[0], w
    if counts.shape[1] != words or words >= 2**31:
        raise ValueError("counts must be square")
    if size < 0:
        raise ValueError(f"size must be >= 0; got {size}")
    lengths = np.diff(offsets)
    if offsets.shape[0] == 0 or np.any(lengths < 0) or offsets[0] < 0 or (
            offsets[offsets.shape[0] - 1] > ids.shape[0]):
        raise ValueError("offsets must not decrease and must end within ids")
    # pieces of at most GRAIN windows: document, first window, end
    per = np.ones_like(lengths) if size == 0 else np.maximum(lengths - size + 1, 1)
    per[lengths == 0] = 0
    pieces = -(-per // GRAIN)
    document = np.repeat(np.arange(len(per)), pieces)
    before = np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = (np.arange(len(document)) - before) * GRAIN
    cdef const int64_t[::1] at = np.asarray(offsets)[document].astype(np.int64)
    cdef const int64_t[::1] length = lengths[document].astype(np.int64)
    cdef const int64_t[::1] start = starts.astype(np.int64)
    cdef const int64_t[::1] stop = np.minimum(starts + GRAIN, per[document]).astype(np.int64)
    cdef Py_ssize_t n_pieces = at.shape[0]
    if words == 0 or n_pieces == 0:
        return int(per.sum())
    # a thread takes every workers-th piece: sums of integers do not depend on who adds them
    totals = np.zeros((workers, words, words), dtype=np.int64)
    scratch = np.zeros((workers, 3, words), dtype=np.uint32)
    cdef int64_t[:, :, ::1] total = totals
    cdef uint32_t[:, :, ::1] room = scratch
    for w in prange(workers, nogil=True, schedule="static", num_threads=workers):
        _count(&total[w, 0, 0], &room[w, 0, 0], words, &ids[0], &at[0], &length[0], &start[0],
               &stop[0], size, w, n_pieces, workers)
    counts_array = np.asarray(counts)
    counts_array += totals.sum(axis=0)
    return int(per.sum())


cdef void _count(int64_t *total, uint32_t *room, Py_ssize_t words, const uint32_t *ids,
                 const int64_t *at, const int64_t *length, const int64_t *start,
                 const int64_t *stop, int64_t size, Py_ssize_t first, Py_ssize_t n_pieces,
                 Py_ssize_t step) noexcept nogil:
    cdef fe_coherence state
    cdef Py_ssize_t p = first
    state.words = words
    state.counts, state.n = total, 0
    state.times, state.list, state.place = room, room + words, room + 2 * words
    while p < n_pieces:
        fe_coherence_count(&state, ids + at[p], length[p], size, start[p], stop[p])
        p += step
