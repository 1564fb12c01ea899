"""A part of a corpus for csrc/cooc.h: laid out, or its documents' words taken once; indexed."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport uint32_t, uint64_t
from fastembed._native._kernels cimport check

cdef extern from "cooc.h" nogil:
    const uint32_t FE_COOC_END
    const int FE_COOC_AHEAD
    uint64_t fe_cooc_lay(const uint32_t *, uint64_t, uint64_t, const uint64_t *, uint64_t,
                         uint32_t *) noexcept
    int fe_cooc_distinct(const uint32_t *, uint64_t, uint64_t, const uint64_t *, uint64_t,
                         uint64_t, uint32_t, uint32_t *, uint32_t *, uint64_t, uint64_t *,
                         uint64_t *) noexcept
    int fe_cooc_count_words(const uint32_t *, uint64_t, uint64_t, uint32_t, uint32_t *) noexcept
    void fe_cooc_index(const uint32_t *, uint64_t, uint64_t, uint64_t, uint32_t, int, uint32_t *,
                       uint32_t *) noexcept
    void fe_cooc_index_documents(const uint32_t *, const uint64_t *, uint64_t, uint64_t,
                                 uint32_t *, uint32_t *) noexcept

END, AHEAD = FE_COOC_END, FE_COOC_AHEAD
MAX_TEXT = (1 << 31) - 1  # a place has 31 bits


def lay(const uint32_t[::1] ids, uint64_t first, const uint64_t[::1] offsets,
        uint32_t[::1] text):
    """Lay tokens first, first + 1, ... into text, END behind each sentence; -> ids written."""
    cdef uint64_t n = 0, last = first + ids.shape[0], sentences = offsets.shape[0] - 1
    if <uint64_t>text.shape[0] < ids.shape[0] + sentences:
        raise ValueError("text is too short")
    if ids.shape[0]:
        with nogil:
            n = fe_cooc_lay(&ids[0], first, last, &offsets[0], sentences, &text[0])
    return n


def distinct(const uint32_t[::1] ids, uint64_t first, const uint64_t[::1] offsets,
             uint64_t start, uint64_t stop, uint32_t[::1] seen, uint32_t[::1] text, uint64_t n,
             uint64_t[::1] ends):
    """Append to text[:n] each word of tokens first, ... once a document; -> the new n.

    Documents start to stop have the tokens; ``ends`` gets where they end in text.
    """
    if not start <= stop < <uint64_t>min(offsets.shape[0], ends.shape[0]) or stop >= FE_COOC_END:
        raise ValueError("the documents do not fit the offsets")
    cdef int status = 0
    if ids.shape[0]:
        with nogil:
            status = fe_cooc_distinct(&ids[0], first, first + ids.shape[0], &offsets[0], start,
                                      stop, <uint32_t>seen.shape[0], &seen[0], &text[0],
                                      text.shape[0], &n, &ends[0])
    check(status, "reading documents")
    return n


def index(const uint32_t[::1] text, uint32_t n_words, uint64_t start, uint64_t stop, *,
          uint32_t window=0, bint symmetric=False, const uint64_t[::1] documents=None,
          int workers=1):
    """Where each word stands in text[start:stop], or in documents start to stop.

    For windows text must begin and end with END. Returns starts (n_words + 1,) uint64 and places
    (starts[-1] + AHEAD,) uint32 as fe_cooc_job wants them.
    """
    cdef uint64_t n = text.shape[0]
    edge_array = np.linspace(start, stop, workers + 1).astype(np.uint64)
    code_array = np.zeros(workers, dtype=np.intc)
    count_array = np.zeros((workers, n_words), dtype=np.uint32)
    cdef const uint64_t[::1] edges = edge_array, cuts = edge_array
    cdef int[::1] code = code_array
    cdef uint32_t[:, ::1] counts = count_array
    cdef int t
    outside = np.empty(0, dtype=np.uint32)
    if documents is not None:
        ends = np.asarray(documents)
        good = stop + 1 <= <uint64_t>len(ends) and ends.max() <= n
        good = good and not (ends[1:] < ends[:len(ends) - 1]).any()
        cuts = ends[edge_array] if good else edge_array
    else:
        good = n >= 2 and text[0] == text[n - 1] == FE_COOC_END and 0 < start <= stop < n
        outside = np.concatenate([text[:start], text[stop:]]) if good else outside
    if not good or n > MAX_TEXT or np.any((outside >= n_words) & (outside != FE_COOC_END)):
        raise ValueError("the text is not laid out as it must be")
    for t in prange(workers, schedule="static", chunksize=1, num_threads=workers, nogil=True):
        code[t] = fe_cooc_count_words(&text[0], cuts[t], cuts[t + 1], n_words, &counts[t, 0])
    check(code_array.max(), "indexing words")
    starts = np.zeros(n_words + 1, dtype=np.uint64)
    np.cumsum(count_array.sum(axis=0, dtype=np.uint64), out=starts[1:])
    # where each thread puts its first place of each word: behind those of the threads before it
    cursor = starts[:n_words].astype(np.uint32)
    for own in count_array:
        cursor += own
        np.subtract(cursor, own, out=own)
    total = int(starts.max())
    place_array = np.empty(total + FE_COOC_AHEAD, dtype=np.uint32)
    place_array[total:] = 0
    cdef uint32_t[::1] places = place_array
    for t in prange(workers, schedule="static", chunksize=1, num_threads=workers, nogil=True):
        if documents is None:
            fe_cooc_index(&text[0], n, edges[t], edges[t + 1], window, symmetric, &counts[t, 0],
                          &places[0])
        else:
            fe_cooc_index_documents(&text[0], &documents[0], edges[t], edges[t + 1],
                                    &counts[t, 0], &places[0])
    return starts, place_array
