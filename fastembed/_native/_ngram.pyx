"""N-grams of a stream by csrc/ngram.h: its places dealt to parts, sorted, and counted."""

import numpy as np

from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
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
    void fe_ngram_number(const uint32_t *, size_t, uint32_t, uint32_t *) noexcept
    void fe_ngram_before(uint32_t *, size_t, const uint32_t *, uint32_t) noexcept
    void fe_ngram_distinct(const fe_ngram_text *, const uint32_t *, const uint8_t *, size_t,
                           uint32_t *, uint32_t *) noexcept

MAX_ORDER = PAD = FE_NGRAM_MAX
BLOCK = FE_NGRAM_BLOCK


cdef class Sorter:
    """The places of a stream in order, part by part: a method works on parts first to last - 1.

    Parameters
    ----------
    padded : (PAD + n,) uint32; the stream behind PAD times bos. All ids < len(part).
    begin, step : the places are begin, begin + step, ... of the stream
    part, shift, class_ : (V,) how places are dealt (fe_ngram_dealing)
    first_word, word_bits : (P,) of each part
    places, codes : (m,) uint32 and uint8; memory for the m places that are not bos

    Attributes
    ----------
    sizes : (P,) int64; places of each part
    rows : (P, order + 1) uint64; rows of each order that a part has, [:, 0] distinct sequences;
        zero until `sort`
    ranks : places, the parts aligned to BLOCK
    """

    cdef fe_ngram_text text
    cdef uint64_t step
    cdef int workers
    cdef uint32_t[::1] padded, places
    cdef uint8_t[::1] codes
    cdef int64_t[::1] start, rank
    cdef const uint32_t[::1] first_word
    cdef const int[::1] word_bits
    cdef readonly object rows, sizes
    cdef readonly int64_t ranks

    def __init__(self, uint32_t[::1] padded, uint64_t begin, uint64_t step, int order,
                 int bits, uint32_t bos, const uint32_t[::1] part, const uint8_t[::1] shift,
                 const uint8_t[::1] class_, const uint32_t[::1] first_word,
                 const int[::1] word_bits, uint32_t[::1] places, uint8_t[::1] codes, int workers):
        cdef uint64_t size = padded.shape[0] - FE_NGRAM_MAX
        cdef uint64_t n = (size - begin + step - 1) // step if size > begin else 0
        cdef int64_t t, parts = first_word.shape[0]
        if (padded.shape[0] < FE_NGRAM_MAX or size >= 2**32 or not 2 <= order <= FE_NGRAM_MAX
                or step < 1 or workers < 1 or word_bits.shape[0] != parts
                or not part.shape[0] == shift.shape[0] == class_.shape[0] or bits > 32):
            raise ValueError("stream, order and dealing do not fit together")
        self.padded, self.places, self.codes = padded, places, codes
        self.first_word, self.word_bits = first_word, word_bits
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
        self.start = start = np.concatenate([[0], np.cumsum(sizes)])
        # where each thread's places of each part go
        counted[:] = start[:parts] + np.cumsum(counted, axis=0, dtype=np.int64) - counted
        rank = np.concatenate([[0], np.cumsum(-(-sizes // FE_NGRAM_BLOCK) * FE_NGRAM_BLOCK)])
        self.rank, self.ranks = rank, int(rank[parts])
        if self.ranks >= 2**32:
            raise OverflowError("too many places for one sort")
        if not start[parts] == places.shape[0] == codes.shape[0]:
            raise ValueError(f"there must be memory for {start[parts]} places")
        self.rows = np.zeros((parts, order + 1), dtype=np.uint64)
        for t in prange(workers, nogil=True, schedule="static", num_threads=workers):
            if self.places.shape[0] > 0:
                fe_ngram_deal(self.text.stream, begin + t * n // workers * step,
                              begin + (t + 1) * n // workers * step, step, bos, &deal, &at[t, 0],
                              &self.places[0])

    def sort(self, int64_t first, int64_t last):
        """Sort the parts, and fill their ``rows``."""
        cdef int64_t p, n
        cdef uint64_t[:, ::1] rows = self.rows
        statuses = np.zeros(max(last, 1), dtype=np.intc)
        cdef int[::1] status = statuses
        cdef uint8_t[::1] room = np.zeros(self.workers * sizeof(fe_ngram_scratch), dtype=np.uint8)
        cdef fe_ngram_scratch *scratch = <fe_ngram_scratch *>&room[0]
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            n = self.start[p + 1] - self.start[p]
            if n > 0:
                status[p] = kernels().ngram_sort(
                    &self.text, &self.places[self.start[p]], n, self.first_word[p],
                    self.word_bits[p], &self.codes[self.start[p]], scratch + threadid())
            if n > 0 and status[p] == 0:
                fe_ngram_rows(&self.codes[self.start[p]], n, self.text.order, &rows[p, 0])
        for p in range(self.workers):
            fe_ngram_scratch_free(scratch + p)
        check(statuses.max(), "sorting n-grams")

    def emit(self, int64_t first, int64_t last, list levels, const uint32_t[:, ::1] row,
             const uint32_t[::1] weights, uint32_t[::1] directory):
        """Write word, parent and count of ``levels``, those of the orders from 2, but for empty
        ones. ``row`` (P, order + 1) has each part's first rows; `contexts` needs ``directory``."""
        cdef int64_t p, n
        cdef fe_ngram_levels out = _pointers(levels)
        cdef fe_ngram_index index = fe_ngram_index(NULL, NULL)
        if directory is not None:
            index.directory = &directory[0]
        cdef const uint32_t *weight = &weights[0] if weights is not None else NULL
        statuses = np.zeros(max(last, 1), dtype=np.intc)
        cdef int[::1] status = statuses
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            n = self.start[p + 1] - self.start[p]
            if n > 0:
                status[p] = kernels().ngram_emit(
                    &self.text, &self.places[self.start[p]], &self.codes[self.start[p]], n, weight,
                    self.step, &row[p, 0], &out, &index if index.directory != NULL else NULL,
                    <uint32_t>self.rank[p])
        check(statuses.max(), "counting n-grams")

    def link(self, int64_t first, int64_t last, bint before):
        """After `emit` of all parts: note the number of each place in the order, in the stream's
        memory. Then, with ``before``, put that of the place before it instead of each place."""
        cdef int64_t p, n
        cdef uint32_t *numbers = &self.padded[FE_NGRAM_MAX]
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            n = self.start[p + 1] - self.start[p]
            if n > 0 and before:
                fe_ngram_before(&self.places[self.start[p]], n, numbers, <uint32_t>self.ranks)
            elif n > 0:
                fe_ngram_number(&self.places[self.start[p]], n, <uint32_t>self.rank[p], numbers)

    def drop_stream(self):
        """Let the stream go: after `link` only `contexts` may be called."""
        self.padded = None

    def contexts(self, int64_t first, int64_t last, list levels, const uint32_t[:, ::1] row,
                 uint32_t[::1] directory):
        """Write parent and context from order 3 on, and count, after `link` of all parts."""
        cdef int64_t p, n
        cdef fe_ngram_levels out = _pointers(levels)
        cdef fe_ngram_index index = fe_ngram_index(NULL, &directory[0])
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            n = self.start[p + 1] - self.start[p]
            if n > 0:
                kernels().ngram_contexts(
                    self.text.order, &self.places[self.start[p]], &self.codes[self.start[p]], n,
                    &row[p, 0], &out, &index)

    def distinct(self, int64_t first, int64_t last, uint32_t[:, ::1] words,
                 uint32_t[::1] weights):
        """Write the distinct sequences, rows[first:last, 0].sum() of them, with their counts."""
        cdef int64_t p, n, at
        begins = np.concatenate([[0], np.cumsum(self.rows[first:last, 0])]).astype(np.int64)
        cdef int64_t[::1] begin = begins
        if words.shape[0] != begins[last - first] or words.shape[0] != weights.shape[0]:
            raise ValueError("words and weights must have room for the distinct sequences")
        for p in prange(first, last, nogil=True, schedule="dynamic", num_threads=self.workers):
            n = self.start[p + 1] - self.start[p]
            at = begin[p - first]
            if n > 0:
                fe_ngram_distinct(&self.text, &self.places[self.start[p]],
                                  &self.codes[self.start[p]], n, &words[at, 0], &weights[at])


cdef fe_ngram_levels _pointers(list levels):
    cdef fe_ngram_levels out
    cdef uint32_t **places[4]
    cdef uint32_t[::1] view
    memset(&out, 0, sizeof(out))
    places[0], places[1], places[2], places[3] = out.word, out.parent, out.count, out.context
    for k, level in enumerate(levels, 2):
        for which, array in enumerate((level.word, level.parent, level.count, level.context)):
            if array is not None and len(array):
                view = array
                places[which][k] = &view[0]
    return out
