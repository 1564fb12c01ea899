"""Lines of ARPA files (csrc/arpa.h): read a block on several threads, write rows."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from fastembed._native._lmquery cimport Query
from fastembed._native._kernels cimport fe_arpa_piece, fe_lm, kernels

cdef extern from "arpa.h" nogil:
    enum:
        FE_ARPA_END
        FE_ARPA_STOP
        FE_ARPA_SLOW
        FE_ARPA_UTF8
        FE_ARPA_MAX_ORDER
        FE_TEXT_PADDING
        PIECE_BYTES "(1 << 18)"  # too few to wake a thread for
    ctypedef struct fe_arpa_level:
        const uint8_t *blob
        const uint64_t *offsets
        const uint32_t **word
        const uint32_t **parent
        const float *prob
        const float *back
        uint32_t k
    uint64_t fe_arpa_cut(const uint8_t *, uint64_t, uint64_t) noexcept
    uint64_t fe_arpa_write(const fe_arpa_level *, uint64_t *, uint64_t, uint8_t *,
                           uint64_t) noexcept

END, STOP, SLOW, UTF8 = FE_ARPA_END, FE_ARPA_STOP, FE_ARPA_SLOW, FE_ARPA_UTF8
PADDING = FE_TEXT_PADDING
PIECE = np.dtype([("rows", "u8"), ("at", "u8"), ("status", "i4")], align=True)


def read(Query query, const uint8_t[::1] text, uint64_t start, uint64_t stop, int k, bint highest,
         int workers):
    """Read the n-gram lines of text[start:stop], which ends behind a newline or with the file.

    PADDING more bytes of text must be there. ``query`` knows the words; None for k = 1, where ids
    are place and length of each word. Returns ids (n, k), log_prob and backoff (NaN for none)
    float32 (n,), and pieces: (first row, rows, status, place in the text of the line that stopped
    it or of the bad byte). What follows a piece that was stopped is to be read again.
    """
    cdef Py_ssize_t i, parts = max(1, min(<Py_ssize_t>workers,
                                          <Py_ssize_t>((stop - start) // PIECE_BYTES)))
    cdef const fe_lm *lm = &query.lm if query is not None else NULL
    if (not 1 <= k < FE_ARPA_MAX_ORDER or (query is None) != (k == 1) or not start < stop
            or <Py_ssize_t>stop + FE_TEXT_PADDING > text.shape[0] or text.shape[0] >= 1 << 32):
        raise ValueError("the text does not fit")
    cut_array, base_array = np.zeros(parts + 1, np.uint64), np.zeros(parts + 1, np.uint64)
    cdef uint64_t[::1] cut = cut_array, base = base_array
    cut[0] = start
    for i in range(1, parts + 1):
        cut[i] = fe_arpa_cut(&text[0], max(cut[i - 1], start + (stop - start) * i // parts), stop)
    for i in prange(parts, nogil=True, schedule="static", chunksize=1, num_threads=<int>parts):
        base[i + 1] = kernels().arpa_count(&text[0], cut[i], cut[i + 1]) + 1
    base_array = base_array.cumsum()
    base = base_array
    n = int(base_array[parts])
    ids, probs, backs = np.empty((n, max(k, 2)), np.uint32), np.empty(n, "f4"), np.empty(n, "f4")
    found = np.zeros(parts, dtype=PIECE)
    cdef uint32_t[:, ::1] id_ = ids
    cdef float[::1] prob = probs, back = backs
    cdef fe_arpa_piece[::1] piece = found
    for i in prange(parts, nogil=True, schedule="static", chunksize=1, num_threads=<int>parts):
        kernels().arpa_read(lm, &text[0], cut[i], cut[i + 1], k, highest, &id_[base[i], 0],
                            &prob[base[i]], &back[base[i]], &piece[i])
    pieces = zip(base_array.tolist(), found["rows"].tolist(), found["status"].tolist(),
                 found["at"].tolist())
    return ids, probs, backs, list(pieces)


def write(const uint8_t[::1] blob, const uint64_t[::1] offsets, list words, list parents,
          const float[::1] prob, const float[::1] back, uint64_t row, uint64_t stop,
          uint8_t[::1] out):
    """Write rows row .. stop - 1 of order len(words), or as many as there is room for.

    words[j], parents[j] are those of order j + 1 (parents[0] is not used). Returns the next row
    and the bytes written.
    """
    cdef fe_arpa_level level
    cdef const uint32_t[::1] view
    cdef int j, k = len(words)
    cdef uint64_t size
    level.blob, level.offsets, level.k = &blob[0], &offsets[0], k
    level.prob, level.back = &prob[0], &back[0] if back is not None else NULL
    if not 1 <= k < FE_ARPA_MAX_ORDER or len(parents) != k or stop > <uint64_t>prob.shape[0] or (
            back is not None and back.shape[0] != prob.shape[0]):
        raise ValueError("the arrays do not fit each other")
    for j in range(k):
        view = words[j]
        level.word[j] = &view[0]
        if j > 0:
            view = parents[j]
            level.parent[j] = &view[0]
    with nogil:
        size = fe_arpa_write(&level, &row, stop, &out[0], out.shape[0])
    return row, size
