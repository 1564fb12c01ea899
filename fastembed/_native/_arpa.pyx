"""Lines of ARPA files (csrc/arpa.h, arpa_write.h): read a block on several threads, write rows."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from fastembed._native._lmquery cimport Query
from fastembed._native._kernels cimport fe_arpa_lower, fe_arpa_piece, fe_table, kernels
from fastembed._native._words cimport WordTable

cdef extern from "arpa.h" nogil:
    enum:
        FE_ARPA_END
        FE_ARPA_STOP
        FE_ARPA_SLOW
        FE_ARPA_UTF8
        FE_ARPA_MAX_ORDER
        FE_TEXT_PADDING
        PIECE_BYTES "(1 << 18)"  # too few to wake a thread for
        GRAIN "(1 << 14)"  # rows that a thread takes at a time
    uint64_t fe_arpa_cut(const uint8_t *, uint64_t, uint64_t) noexcept

cdef extern from "arpa_write.h" nogil:
    enum:
        FE_ARPA_SLACK
    ctypedef struct fe_arpa_level:
        const uint8_t *blob
        const uint64_t *offsets
        const uint32_t **word
        const uint32_t **parent
        const float *prob
        const float *back
        uint32_t k
    uint64_t fe_arpa_write(const fe_arpa_level *, uint64_t *, uint64_t, uint8_t *,
                           uint64_t) noexcept

END, STOP, SLOW, UTF8 = FE_ARPA_END, FE_ARPA_STOP, FE_ARPA_SLOW, FE_ARPA_UTF8
PADDING, SLACK = FE_TEXT_PADDING, FE_ARPA_SLACK
PIECE = np.dtype([("rows", "u8"), ("at", "u8"), ("status", "i4")], align=True)


def room(uint64_t size, int k, int workers):
    """Rows that `read` may write for ``size`` bytes of text."""
    return size // (2 * k + 2) + 2 * max(1, workers)


def read(WordTable words, const uint8_t[::1] text, uint64_t start, uint64_t stop, int k, bint highest,
         int workers, uint32_t[:, ::1] ids, float[::1] prob, float[::1] back):
    """Read the n-gram lines of text[start:stop], which ends behind a newline or with the file.

    PADDING more bytes of text must be there. ``words`` has the ids; None for k = 1, where ids
    are place and length of each word. Writes ids (n, k), log_prob and backoff (NaN for none)
    float32 (n,), n being that of `room`, and returns pieces: (first row, rows, status, place in the
    text of the line that stopped it or of the bad byte). What follows a piece that was stopped is
    to be read again.
    """
    cdef Py_ssize_t i, parts = max(1, min(<Py_ssize_t>workers,
                                          <Py_ssize_t>((stop - start) // PIECE_BYTES)))
    cdef const fe_table *table = &words.table if words is not None else NULL
    cdef Py_ssize_t n = room(stop - start, k, workers)
    if (not 1 <= k < FE_ARPA_MAX_ORDER or (words is None) != (k == 1) or not start < stop
            or <Py_ssize_t>stop + FE_TEXT_PADDING > text.shape[0] or text.shape[0] >= 1 << 32
            or ids.shape[0] < n or ids.shape[1] != max(k, 2) or prob.shape[0] < n
            or back.shape[0] < n):
        raise ValueError("the text does not fit")
    cut_array, base_array = np.zeros(parts + 1, np.uint64), np.zeros(parts + 1, np.uint64)
    cdef uint64_t[::1] cut = cut_array, base = base_array
    cut[0] = start
    for i in range(1, parts + 1):
        cut[i] = fe_arpa_cut(&text[0], max(cut[i - 1], start + (stop - start) * i // parts), stop)
        base[i] = base[i - 1] + (cut[i] - cut[i - 1]) // (2 * k + 2) + 2
    found = np.zeros(parts, dtype=PIECE)
    cdef fe_arpa_piece[::1] piece = found
    for i in prange(parts, nogil=True, schedule="static", chunksize=1, num_threads=<int>parts):
        if cut[i] < cut[i + 1]:
            kernels().arpa_read(table, &text[0], cut[i], cut[i + 1], k, highest, &ids[base[i], 0],
                                &prob[base[i]], &back[base[i]], &piece[i])
    return list(zip(base_array.tolist(), found["rows"].tolist(), found["status"].tolist(),
                    found["at"].tolist()))


def link(Query query not None, int k, const uint32_t[:, ::1] ids, Py_ssize_t first,
         Py_ssize_t last, lower, uint64_t[::1] suffix, uint64_t[::1] context, int workers):
    """Nodes of order k - 1 of the suffixes and contexts of the n-grams ids[first:last], NONE where
    one is not there; see csrc/arpa_link.h.

    ``lower`` is None or (ids (n, k - 1), node, context) of order k - 1, ascending. Returns whether
    the n-grams ascend, and follow ids[first - 1].
    """
    cdef const uint32_t[:, ::1] below
    cdef const uint32_t[::1] node, above
    cdef fe_arpa_lower rows
    cdef const fe_arpa_lower *known = NULL
    cdef Py_ssize_t n = last - first, part, parts = (n + GRAIN - 1) // GRAIN
    if (not 2 <= k <= <int>query.lm.order or not 0 <= first <= last <= ids.shape[0]
            or ids.shape[1] != k or suffix.shape[0] != n or context.shape[0] != n):
        raise ValueError("the n-grams do not fit the model")
    if n == 0:
        return True
    if lower is not None and len(lower[1]):
        below, node, above = lower
        if below.shape[1] != k - 1 or not below.shape[0] == node.shape[0] == above.shape[0]:
            raise ValueError("the n-grams of the order below do not fit")
        rows = fe_arpa_lower(&below[0, 0], &node[0], &above[0], below.shape[0])
        known = &rows
    ascending = np.zeros(parts, dtype=np.intc)
    cdef int[::1] ascends = ascending
    for part in prange(parts, nogil=True, schedule="dynamic", num_threads=workers):
        ascends[part] = kernels().arpa_link(
            &query.lm, known, &ids[first + part * GRAIN, 0], min(n - part * GRAIN, GRAIN), k,
            first + part > 0, &suffix[part * GRAIN], &context[part * GRAIN])
    return bool(ascending.all())


def write(const uint8_t[::1] blob, const uint64_t[::1] offsets, list words, list parents,
          const float[::1] prob, const float[::1] back, uint64_t row, uint64_t stop,
          uint8_t[::1] out):
    """Write rows row .. stop - 1 of order len(words), or as many as there is room for.

    words[j], parents[j] are those of order j + 1 (parents[0] is not used); ``blob`` has SLACK more
    bytes than words. Returns the next row and the bytes written.
    """
    cdef fe_arpa_level level
    cdef const uint32_t[::1] view
    cdef int j, k = len(words)
    cdef uint64_t size
    level.blob, level.offsets, level.k = &blob[0], &offsets[0], k
    level.prob, level.back = &prob[0], &back[0] if back is not None else NULL
    if not 1 <= k < FE_ARPA_MAX_ORDER or len(parents) != k or stop > <uint64_t>prob.shape[0] or (
            back is not None and back.shape[0] != prob.shape[0]) or (
            offsets[offsets.shape[0] - 1] + FE_ARPA_SLACK > <uint64_t>blob.shape[0]):
        raise ValueError("the arrays do not fit each other")
    for j in range(k):
        view = words[j]
        level.word[j], level.parent[j] = &view[0], NULL
        if j > 0:
            view = parents[j]
            level.parent[j] = &view[0]
    with nogil:
        size = fe_arpa_write(&level, &row, stop, &out[0], out.shape[0])
    return row, size
