"""N-grams of a stream by csrc/ngram.h: its places dealt to parts, sorted, and counted."""

import numpy as np

from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from fastembed._native._kernels cimport (
    FE_NGRAM_BLOCK, FE_NGRAM_MAX, check, fe_ngram_index, fe_ngram_levels, fe_ngram_scratch,
    fe_ngram_text, kernels)

cdef extern from "ngram.h" nogil:
    ctypedef struct fe_ngram_dealing:
        const uint32_t *part
        const uint8_t *shift
        const uint8_t *class_
    void fe_ngram_scratch_free(fe_ngram_scratch *) noexcept
    void fe_ngram_deal_count(const uint32_t *, uint64_t, uint64_t, uint64_t, uint32_t,
                             const fe_ngram_dealing *, uint32_t *) noexcept
    void fe_ngram_deal(const uint32_t *, uint64_t, uint64_t, uint64_t, uint32_t,
                       const fe_ngram_dealing *, uint32_t *, uint32_t *) noexcept
    void fe_ngram_rows(const uint8_t *, size_t, uint32_t, uint64_t *) noexcept
    void fe_ngram_distinct(const fe_ngram_text *, const uint32_t *, const uint8_t *, size_t,
                           uint32_t *, uint32_t *) noexcept

MAX_ORDER = PAD = FE_NGRAM_MAX
BLOCK = FE_NGRAM_BLOCK


cdef class Sorter:
    """The places of a stream in order, part by part.

    Parameters
    ----------
    padded : (PAD + n,) uint32; the stream behind PAD times bos. All ids < len(part).
    begin, step : the places are begin, begin + step, ... of the stream
    part, shift, class_ : (V,) how places are dealt (fe_ngram_dealing)
    first_word, word_bits : (P,) of each part

    Attributes
    ----------
    sizes : (P,) int64; places of each part
    rows : (P, order + 1) uint64; rows of each order that a part has, [:, 0] distinct sequences;
        zero until `sort`
    ranks : places, the parts aligned to BLOCK
    The methods work on the parts first to last - 1.
    """

    cdef fe_ngram_text text
    cdef uint64_t step
    cdef int workers
    cdef object held
    cdef uint32_t[::1] places
    cdef uint8_t[::1] codes
    cdef int64_t[::1] start, rank
    cdef const uint32_t[::1] first_word
    cdef const int[::1] word_bits
    cdef readonly object rows, sizes
    cdef readonly int64_t ranks

    def __init__(self, const uint32_t[::1] padded, uint64_t begin, uint64_t step, int order,
                 int bits, uint32_t bos, const uint32_t[::1] part, const uint8_t[::1] shift,
                 const uint8_t[::1] class_, const uint32_t[::1] first_word,
                 const int[::1] word_bits, int workers):
        cdef uint64_t size = padded.shape[0] - FE_NGRAM_MAX
        cdef uint64_t n = (size - begin + step - 1) // step if size > begin else 0
        cdef int64_t p, t, parts = first_word.shape[0]
        if (padded.shape[0] < FE_NGRAM_MAX or size >= 2**32 or not 2 <= order <= FE_NGRAM_MAX
                or step < 1 or workers < 1 or word_bits.shape[0] != parts
                or not part.shape[0] == shift.shape[0] == class_.shape[0] or bits > 32):
            raise ValueError("stream, order and dealing do not fit together")
        self.held = padded
        self.workers, self.step = workers, step
        self.text = fe_ngram_text(&padded[0] + FE_NGRAM_MAX, bos, order, bits)
        cdef fe_ngram_dealing deal = fe_ngram_dealing(&part[0], &shift[0], &class_[0])
        counted = np.zeros((workers, parts), dtype=np.uint32)
        cdef uint32_t[:, ::1] at = counted
        for t in prange(workers, nogil=True, schedule="static", num_threads=workers):
            if n > 0:
                fe_ngram_deal_count(self.text.stream, begin + t * n // workers * step,
                                    begin + (t + 1) * n // workers * step, step, bos, &deal,
                                    &at[t, 0])
        self.sizes = sizes = counted.sum(axis=0, dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(sizes)])
        # where each thread's places of each part go
        counted[:] = start[:parts] + np.cumsum(counted, axis=0, dtype=np.int64) - counted
        self.start = start
        rank = np.concatenate([[0], np.cumsum(-(-sizes // FE_NGRAM_BLOCK) * FE_NGRAM_BLOCK)])
        self.rank, self.ranks = rank, int(rank[parts])
        if self.ranks >= 2**32:
            raise OverflowError("too many places for one sort")
        self.places = np.empty(int(start[parts]), dtype=np.uint32)
        self.codes = np.empty(int(start[parts]), dtype=np.uint8)
        self.rows = np.zeros((parts, order + 1), dtype=np.uint64)
        self.first_word, self.word_bits = first_word, word_bits
        if start[parts] == 0:
            return
        for t in prange(workers, nogil=True, schedule="static", num_threads=workers):
            fe_ngram_deal(self.text.stream, begin + t * n // workers * step,
                          begin + (t + 1) * n // workers * step, step, bos, &deal, &at[t, 0],
                          &self.places[0])

    def sort(self, int64_t first, int64_t last):
        """Sort the parts, and fill their ``rows``."""
        cdef int64_t p
        cdef uint64_t[:, ::1] rows = self.rows
        statuses = np.zeros(max(last, 1), dtype=np.intc)
        cdef int[::1] status = statuses
        cdef fe_ngram_scratch *scratch = <fe_ngram_scratch *>calloc(
            self.workers, sizeof(fe_ngram_scratch))
        if scratch == NULL:
            raise MemoryError("sorting n-grams: not enough memory")
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            if self.start[p + 1] > self.start[p]:
                status[p] = _sort_part(
                    &self.text, &self.places[self.start[p]], &self.codes[self.start[p]],
                    self.start[p + 1] - self.start[p], self.first_word[p], self.word_bits[p],
                    &rows[p, 0], scratch + threadid())
        for p in range(self.workers):
            fe_ngram_scratch_free(scratch + p)
        free(scratch)
        check(statuses.max(), "sorting n-grams")

    def emit(self, int64_t first, int64_t last, list levels, const uint32_t[:, ::1] row,
             const uint32_t[::1] weights, uint32_t[::1] rank, uint32_t[::1] directory):
        """Write words, parents and counts into ``levels``: (word, parent, count, context) or None
        for each order. ``row`` (P, order + 1) is where each part's rows begin; ``rank`` (zeros of
        the stream's size) and ``directory`` (zeros) are for `contexts`, or None."""
        cdef int64_t p
        cdef fe_ngram_levels out = _pointers(levels)
        cdef fe_ngram_index index
        cdef fe_ngram_index *indexed = NULL
        cdef const uint32_t *weight = &weights[0] if weights is not None else NULL
        if rank is not None and rank.shape[0] and directory.shape[0]:
            index = fe_ngram_index(&rank[0], &directory[0])
            indexed = &index
        statuses = np.zeros(max(last, 1), dtype=np.intc)
        cdef int[::1] status = statuses
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            if self.start[p + 1] > self.start[p]:
                status[p] = kernels().ngram_emit(
                    &self.text, &self.places[self.start[p]], &self.codes[self.start[p]],
                    self.start[p + 1] - self.start[p], weight, self.step, &row[p, 0], &out,
                    indexed, <uint32_t>self.rank[p])
        check(statuses.max(), "counting n-grams")

    def contexts(self, int64_t first, int64_t last, list levels, const uint32_t[:, ::1] row,
                 const uint32_t[::1] rank, const uint32_t[::1] directory):
        """Write the contexts into ``levels``, after `emit` of all parts."""
        cdef int64_t p
        cdef fe_ngram_levels out = _pointers(levels)
        if rank.shape[0] == 0 or directory.shape[0] == 0:
            return
        cdef fe_ngram_index index = fe_ngram_index(<uint32_t *>&rank[0], <uint32_t *>&directory[0])
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            if self.start[p + 1] > self.start[p]:
                kernels().ngram_contexts(
                    self.text.order, &self.places[self.start[p]], &self.codes[self.start[p]],
                    self.start[p + 1] - self.start[p], &row[p, 0], &out, &index)

    def distinct(self, int64_t first, int64_t last, uint32_t[:, ::1] words,
                 uint32_t[::1] weights):
        """Write the distinct sequences, rows[first:last, 0].sum() of them, with their counts."""
        cdef int64_t p
        begins = np.concatenate([[0], np.cumsum(self.rows[first:last, 0])]).astype(np.int64)
        cdef int64_t[::1] begin = begins
        if words.shape[0] != begins[last - first] or words.shape[0] != weights.shape[0]:
            raise ValueError("words and weights must have room for the distinct sequences")
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            if begin[p - first + 1] > begin[p - first]:
                fe_ngram_distinct(
                    &self.text, &self.places[self.start[p]], &self.codes[self.start[p]],
                    self.start[p + 1] - self.start[p], &words[begin[p - first], 0],
                    &weights[begin[p - first]])


cdef int _sort_part(const fe_ngram_text *text, uint32_t *places, uint8_t *codes, int64_t n,
                    uint32_t first_word, int bits, uint64_t *rows,
                    fe_ngram_scratch *scratch) noexcept nogil:
    cdef int status = kernels().ngram_sort(text, places, n, first_word, bits, codes, scratch)
    if status == 0:
        fe_ngram_rows(codes, n, text.order, rows)
    return status


cdef fe_ngram_levels _pointers(list levels):
    """levels[k] = (word, parent, count, context or None) of order k, for k >= 2."""
    cdef fe_ngram_levels out
    cdef uint32_t **places[4]
    cdef uint32_t[::1] view
    memset(&out, 0, sizeof(out))
    places[0], places[1] = out.word, out.parent
    places[2], places[3] = out.count, out.context
    for k in range(2, len(levels)):
        for which, array in enumerate(levels[k]):
            if array is not None and len(array):
                view = array
                places[which][k] = &view[0]
    return out
