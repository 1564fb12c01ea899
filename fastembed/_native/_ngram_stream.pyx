"""A text as the stream of sentences that csrc/ngram.h counts, and its words."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from "ngram.h" nogil:
    int fe_ngram_stream(const uint32_t *, uint64_t, const uint64_t *, uint64_t, uint64_t,
                        const uint32_t *, uint32_t, uint32_t, uint32_t *, uint64_t *) noexcept
    void fe_ngram_words(const uint32_t *, uint64_t, uint64_t, uint64_t, uint64_t *,
                        uint64_t *) noexcept


def fill_stream(const uint32_t[::1] ids, uint64_t ids_first, const uint64_t[::1] offsets,
                const uint32_t[::1] new_ids, uint32_t bos, uint32_t eos, uint32_t[::1] stream,
                int workers):
    """Write sentences as a stream; offsets[0] is 0. Returns the number of a bos or eos, or -1."""
    cdef int64_t n = offsets.shape[0] - 1, pieces = 16 * workers, i
    cdef uint64_t total = offsets[n], wanted = total + 2 * n
    if n < 0 or <uint64_t>stream.shape[0] != wanted or ids.shape[0] + ids_first != total:
        raise ValueError("ids, offsets and stream do not fit together")
    cdef const uint32_t *id_of = &ids[0] if ids.shape[0] else NULL
    cdef const uint32_t *new = &new_ids[0] if new_ids is not None else NULL
    bads = np.full(pieces, 2**64 - 1, dtype=np.uint64)
    cdef uint64_t[::1] bad = bads
    if n == 0:
        return -1
    for i in prange(pieces, nogil=True, schedule="dynamic", num_threads=workers):
        fe_ngram_stream(id_of, ids_first, &offsets[0], i * n // pieces, (i + 1) * n // pieces, new,
                        bos, eos, &stream[0], &bad[i])
    first = int(bads.min())
    return -1 if first == 2**64 - 1 else first


def count_words(const uint32_t[::1] stream, uint64_t begin, uint64_t step, uint64_t n_words,
                int workers):
    """How often each word stands at begin, begin + step, ... and where first: (V,), (V,)."""
    counts = np.zeros((workers, n_words), dtype=np.uint64)
    seen = np.full((workers, n_words), 2**64 - 1, dtype=np.uint64)
    cdef uint64_t[:, ::1] count = counts, first = seen
    cdef uint64_t size = stream.shape[0]
    cdef uint64_t n = (size - begin + step - 1) // step if size > begin else 0
    cdef int64_t t
    for t in prange(workers, nogil=True, schedule="static", num_threads=workers):
        if n > 0:
            fe_ngram_words(&stream[0], begin + t * n // workers * step,
                           begin + (t + 1) * n // workers * step, step, &count[t, 0], &first[t, 0])
    return counts.sum(axis=0), seen.min(axis=0)
