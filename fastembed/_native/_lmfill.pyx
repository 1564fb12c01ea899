"""Make the query tables of a back-off model (csrc/lmquery_fill.h, lmquery_words.h)."""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from fastembed._native._kernels cimport (
    check, fe_lm_bank, fe_lm_chosen, fe_lm_level, fe_lm_rows, kernels)
from fastembed._native._lmquery cimport Query

cdef extern from "lmquery_fill.h" nogil:
    int64_t fe_lm_book(const uint32_t *, uint64_t, uint32_t *, int64_t, uint32_t *) noexcept
    uint32_t fe_lm_span(const uint32_t *, uint64_t, uint32_t *) noexcept

cdef extern from "lmquery_words.h" nogil:
    int64_t fe_lm_words_fill(const uint8_t *, const uint64_t *, uint32_t, uint64_t *,
                             uint64_t) noexcept

cdef enum:
    ROWS = 1 << 16  # of a thread, whose keys are made before they are placed: what its cache holds
    GRAIN = 1 << 13  # rows that are worth a thread


def span(const uint32_t[::1] values):
    """What float32, given by their bits, are counted from, and the largest count: (base, code)."""
    cdef uint32_t base = 0, code = 0
    if values.shape[0]:
        with nogil:
            code = fe_lm_span(&values[0], values.shape[0], &base)
    return base, code


def book(const uint32_t[::1] values, int64_t capacity):
    """Distinct values in order of appearance and the index of each (uint32), or None if there are
    more than ``capacity``."""
    cdef int64_t size = 0
    assert 0 < capacity < 1 << 28
    found, codes = np.empty(capacity, np.uint32), np.empty(values.shape[0], np.uint32)
    cdef uint32_t[::1] out = found, code = codes
    if values.shape[0]:
        with nogil:
            size = fe_lm_book(&values[0], values.shape[0], &out[0], capacity, &code[0])
    if size == -2:
        raise MemoryError("listing distinct values")
    return None if size < 0 else (found[:size], codes)


def word_slots(const uint8_t[::1] blob, const uint64_t[::1] offsets):
    """Index of words for `Query`: (slots, first word that stands there twice or -1)."""
    cdef Py_ssize_t n = offsets.shape[0] - 1
    cdef const uint8_t *text = &blob[0] if blob.shape[0] else <const uint8_t *>b""
    slots = np.zeros(n + n // 2 + 2, dtype=np.uint64)
    cdef uint64_t[::1] out = slots
    cdef int64_t again
    with nogil:
        again = fe_lm_words_fill(text, &offsets[0], <uint32_t>n, &out[0], out.shape[0])
    return slots, again


cdef const void *_indices(array, uint8_t *wide) except? NULL:
    """The memory of uint32 or uint64 (wide) numbers."""
    cdef const uint32_t[::1] narrow
    cdef const uint64_t[::1] large
    wide[0] = array.dtype == np.uint64
    if array.shape[0] == 0:
        return NULL
    if wide[0]:
        large = array
        return &large[0]
    narrow = array
    return &narrow[0]


def fill(Query query not None, int k, const uint32_t[:] word, suffix, below,
         const uint32_t[::1] prob, const uint32_t[::1] back, node, const uint64_t[::1] rows,
         int workers):
    """Put the rows of order k into its last bank, whose lines must be writable.

    Row i of ``suffix`` is the row in ``below`` of the n-gram without its oldest word, or if that is
    None its node; ``below`` and ``node``, which gets the nodes unless it is None, are uint32 or
    uint64. ``rows`` are those to be placed, ascending; None: all. ``prob`` and ``back`` are the bits
    of float32, or indices where the level has a book; each must have a code of its bits there.

    Returns (the first row that was there before, -1 if there is none; the rows whose lines were
    full).
    """
    cdef fe_lm_level *level = &query.lm.level[k]
    cdef fe_lm_rows source
    cdef fe_lm_chosen chosen
    cdef int64_t n = word.shape[0], i, t, m
    cdef uint64_t lines
    memset(&source, 0, sizeof(source))
    if (not 2 <= k <= <int>query.lm.order or level.n_banks == 0 or not query.writable
            or suffix.shape != (n,) or prob.shape[0] != n
            or (back is None) != (level.back.bits == 0)
            or (back is not None and back.shape[0] != n)
            or (node is not None and node.shape != (n,))
            or (rows is not None and rows.shape[0] and rows[rows.shape[0] - 1] >= <uint64_t>n)
            or word.strides[0] % 4 or word.strides[0] < 0):
        raise ValueError("the rows do not fit the level, or its lines cannot be written")
    cdef int64_t total = n if rows is None else rows.shape[0]
    if total == 0:
        return -1, np.empty(0, dtype=np.uint64)
    source.word, source.stride = &word[0], <uint32_t>(word.strides[0] // 4)
    source.prob, source.back = &prob[0], &back[0] if back is not None else NULL
    source.suffix = _indices(suffix, &source.wide_suffix)
    source.n_below = query.nodes(k - 1)
    if below is not None:
        source.below, source.n_below = _indices(below, &source.wide_below), below.shape[0]
    if node is not None:
        node.flags.writeable = True
        source.node = <void *>_indices(node, &source.wide_node)
        if not source.wide_node and query.nodes(k) > 1 << 32:
            raise ValueError("the nodes do not fit 32 bits")
    workers = <int>max(1, min(workers, total // GRAIN))
    cdef int64_t step = min(total, ROWS * <int64_t>workers)
    keys, found = np.empty(step, np.uint64), np.empty(step, np.uint8)
    firsts, statuses = np.empty(workers, np.uint64), np.zeros(workers, np.intc)
    cdef uint64_t[::1] x = keys, again = firsts
    cdef uint8_t[::1] is_full = found
    cdef int[::1] status = statuses
    lines = level.bank[level.n_banks - 1].n_lines
    full = []
    for i in range(0, total, step):
        PyErr_CheckSignals()
        m = min(step, total - i)
        chosen.row, chosen.first, chosen.n = NULL, i, m
        if rows is not None:
            chosen.row = &rows[i]
        for t in prange(workers, nogil=True, schedule="static", chunksize=1, num_threads=workers):
            status[t] = kernels().lm_keys(level, query.lm.n_words, &source, &chosen,
                                          m * t // workers, m * (t + 1) // workers, &x[0])
        check(statuses.max(), f"order {k}: an n-gram's suffix or word does not exist")
        firsts[:] = m
        for t in prange(workers, nogil=True, schedule="static", chunksize=1, num_threads=workers):
            kernels().lm_fill(level, &source, &chosen, &x[0], lines * t // workers,
                              lines * (t + 1) // workers, &is_full[0], &again[t])
        if firsts.min() < m:
            first = i + int(firsts.min())
            return first if rows is None else int(np.asarray(rows)[first]), None
        left = np.flatnonzero(found[:m].view(bool)) + i
        full.append(left.astype(np.uint64) if rows is None else np.asarray(rows)[left])
    return -1, np.concatenate(full)
