"""Children, contexts and n-grams found in the levels of a trie, by csrc/ngram_trie.h."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from "ngram_trie.h" nogil:
    const uint32_t FE_NGRAM_NONE
    void fe_ngram_begins(const uint32_t *, uint64_t, uint64_t, uint64_t, uint64_t,
                         uint32_t *) noexcept
    void fe_ngram_search_contexts(const uint32_t *, const uint32_t *, uint64_t, uint64_t,
                                  const uint32_t *, const uint32_t *, const uint32_t *,
                                  uint32_t *) noexcept
    void fe_ngram_descend(const uint32_t *, uint64_t, const uint32_t *, const uint32_t *,
                          uint32_t *) noexcept

NONE = FE_NGRAM_NONE


def begins(const uint32_t[::1] parent, uint64_t n_parents, int workers=1):
    """First child of each parent, and the number of rows: (n_parents + 1,) uint32.

    ``parent`` ascends and is below n_parents.
    """
    cdef uint64_t n = parent.shape[0]
    cdef int64_t i, pieces = 8 * workers
    begin = np.empty(n_parents + 1, dtype=np.uint32)
    cdef uint32_t[::1] out = begin
    cdef const uint32_t *p = &parent[0] if n else NULL
    if n and parent[n - 1] >= n_parents:
        raise ValueError(f"row {parent[n - 1]} is the parent of a row; there are {n_parents}")
    if n == 0:
        fe_ngram_begins(NULL, 0, n_parents, 0, 0, &out[0])
        return begin
    for i in prange(pieces, nogil=True, schedule="dynamic", num_threads=workers):
        if (i + 1) * n // pieces > i * n // pieces:
            fe_ngram_begins(p, n, n_parents, i * n // pieces, (i + 1) * n // pieces, &out[0])
    return begin


def contexts(const uint32_t[::1] word, const uint32_t[::1] parent,
             const uint32_t[::1] lower_context, const uint32_t[::1] begin,
             const uint32_t[::1] lower_word, int workers=1):
    """Row of order k - 1 of each row of order k >= 3 without its newest word, or NONE."""
    cdef uint64_t n = word.shape[0]
    cdef int64_t i, pieces = 64 * workers
    context = np.empty(n, dtype=np.uint32)
    cdef uint32_t[::1] out = context
    if <uint64_t>parent.shape[0] != n or lower_context.shape[0] != lower_word.shape[0]:
        raise ValueError("word, parent and the level below do not fit together")
    if n == 0:
        return context
    for i in prange(pieces, nogil=True, schedule="dynamic", num_threads=workers):
        fe_ngram_search_contexts(&word[0], &parent[0], i * n // pieces, (i + 1) * n // pieces,
                                 &lower_context[0], &begin[0], &lower_word[0], &out[0])
    return context


def descend(const uint32_t[::1] word, const uint32_t[::1] begin, const uint32_t[::1] level_word,
            uint32_t[::1] row, int workers=1):
    """From the rows of some n-grams' suffixes to those of the n-grams, in place; NONE stays."""
    cdef uint64_t n = word.shape[0]
    cdef int64_t i, pieces = 16 * workers
    if <uint64_t>row.shape[0] != n:
        raise ValueError("one word for each row is needed")
    if n == 0 or level_word.shape[0] == 0:
        np.asarray(row)[:] = FE_NGRAM_NONE
        return
    for i in prange(pieces, nogil=True, schedule="dynamic", num_threads=workers):
        fe_ngram_descend(&word[0] + i * n // pieces, (i + 1) * n // pieces - i * n // pieces,
                         &begin[0], &level_word[0], &row[0] + i * n // pieces)
