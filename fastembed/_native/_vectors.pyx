"""Rows of vector files (csrc/vectext.h) and the order of words (csrc/wordsort.h)."""

from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

import numpy as np

from fastembed._native._kernels cimport check

cdef extern from "vectext.h" nogil:
    const int FE_FLOAT_TEXT_MAX
    int64_t fe_find_lines(const char *text, int64_t n, int64_t *ends, int64_t capacity) noexcept
    void fe_text_rows(const char *text, const int64_t *starts, const int64_t *ends, int64_t a,
                      int64_t b, int64_t d, float *rows, int64_t stride, int64_t *words) noexcept
    int64_t fe_binary_rows(const char *data, int64_t n, int64_t d, float *rows, int64_t stride,
                           int64_t *starts, int64_t *ends, int64_t capacity, int64_t *used,
                           int64_t *bad) noexcept
    void fe_pack_spans(const char *text, const int64_t *starts, const int64_t *ends, int64_t n,
                       char *out, uint64_t *offsets) noexcept
    int64_t fe_format_rows(const char *prefix, int64_t prefix_bytes, const char *blob,
                           const uint64_t *offsets, const float *rows, int64_t stride, int64_t a,
                           int64_t b, int64_t d, char *out) noexcept

cdef extern from "wordsort.h" nogil:
    int fe_sort_words(const char *blob, const uint64_t *offsets, int64_t n,
                      uint32_t *order) noexcept
    int64_t fe_mark_repeats(const char *blob, const uint64_t *offsets, int64_t n,
                            const uint32_t *order, uint8_t *repeat) noexcept
    int64_t fe_find_word(const char *blob, uint64_t blob_bytes, const uint64_t *offsets, int64_t n,
                         const uint32_t *order, const char *word, uint64_t length) noexcept

cdef enum:
    GRAIN = 256  # rows that a thread takes at a time


cdef const char *EMPTY = b""


cdef const char *_bytes(const uint8_t[::1] data) noexcept:
    return <const char *> &data[0] if data.shape[0] > 0 else EMPTY


cdef int _check_offsets(const uint8_t[::1] blob, const uint64_t[::1] offsets) except -1:
    cdef Py_ssize_t i
    cdef bint wrong = offsets.shape[0] == 0
    if not wrong:
        wrong = offsets[offsets.shape[0] - 1] > <uint64_t> blob.shape[0]
        for i in range(offsets.shape[0] - 1):
            wrong |= offsets[i] > offsets[i + 1]
    if wrong:
        raise ValueError("offsets must not decrease and must end within blob")
    return 0


def find_lines(const uint8_t[::1] text, int64_t[::1] ends):
    """Put the positions of newlines into ``ends``; returns how many there are room for."""
    if text.shape[0] == 0 or ends.shape[0] == 0:
        return 0
    return fe_find_lines(_bytes(text), text.shape[0], &ends[0], ends.shape[0])


cdef int _check_spans(Py_ssize_t size, const int64_t[::1] starts,
                      const int64_t[::1] ends) except -1:
    cdef Py_ssize_t i
    if starts.shape[0] != ends.shape[0]:
        raise ValueError("starts and ends must be equally many")
    for i in range(starts.shape[0]):
        if not 0 <= starts[i] <= ends[i] <= size:
            raise ValueError(f"span {i} is outside the text")
    return 0


def text_rows(const uint8_t[::1] text, const int64_t[::1] starts, const int64_t[::1] ends,
              float[:, ::1] rows, int64_t[::1] words, int workers=1):
    """Read line i, text[starts[i]:ends[i]], into rows[i]; words[i] is the length of its word, or
    -1 if the line is not plainly a word and numbers."""
    cdef Py_ssize_t n = starts.shape[0], d = rows.shape[1], chunk, chunks = (n + GRAIN - 1) // GRAIN
    cdef const char *data = _bytes(text)
    _check_spans(text.shape[0], starts, ends)
    if rows.shape[0] != n or words.shape[0] != n:
        raise ValueError("rows and words must have one entry a line")
    if n == 0 or d == 0:
        return
    workers = max(1, min(workers, chunks))
    for chunk in prange(chunks, nogil=True, schedule="dynamic", num_threads=workers):
        fe_text_rows(data, &starts[0], &ends[0], chunk * GRAIN, min(n, (chunk + 1) * GRAIN), d,
                     &rows[0, 0], d, &words[0])


def binary_rows(const uint8_t[::1] data, float[:, ::1] rows, int64_t[::1] starts,
                int64_t[::1] ends):
    """Read whole rows of the binary format; returns (rows read, bytes used, first bad row or -1).

    The word of row i is data[starts[i]:ends[i]]."""
    cdef int64_t used = 0, bad = -1, count = 0, capacity = rows.shape[0]
    if starts.shape[0] < capacity or ends.shape[0] < capacity:
        raise ValueError("starts and ends must have one entry a row")
    if capacity > 0 and data.shape[0] > 0 and rows.shape[1] > 0:
        count = fe_binary_rows(_bytes(data), data.shape[0], rows.shape[1], &rows[0, 0],
                               rows.shape[1], &starts[0], &ends[0], capacity, &used, &bad)
    return count, used, bad


def pack_spans(const uint8_t[::1] text, const int64_t[::1] starts, const int64_t[::1] ends):
    """The spans end to end: (blob uint8, offsets uint64)."""
    cdef Py_ssize_t n = starts.shape[0], i, total = 0
    _check_spans(text.shape[0], starts, ends)
    for i in range(n):
        total += ends[i] - starts[i]
    blob, offsets = np.empty(total, dtype=np.uint8), np.zeros(n + 1, dtype=np.uint64)
    cdef uint8_t[::1] out = blob
    cdef uint64_t[::1] at = offsets
    if total > 0:
        fe_pack_spans(_bytes(text), &starts[0], &ends[0], n, <char *> &out[0], &at[0])
    return blob, offsets


def format_rows(const uint8_t[::1] blob, const uint64_t[::1] offsets, const float[:, ::1] rows,
                bytes prefix=b"", int workers=1):
    """Lines "prefix word number ... number" of words and rows, as a list of byte strings."""
    cdef Py_ssize_t n = rows.shape[0], d = rows.shape[1], part, parts = max(1, min(workers, n // GRAIN))
    _check_offsets(blob, offsets)
    if offsets.shape[0] != n + 1:
        raise ValueError("offsets must have one entry more than there are rows")
    if n == 0:
        return []
    cuts_array = np.linspace(0, n, parts + 1).astype(np.int64)
    room_array = np.zeros(parts + 1, dtype=np.int64)
    written_array = np.zeros(parts, dtype=np.int64)
    cdef int64_t[::1] cuts = cuts_array, room = room_array, written = written_array
    cdef int64_t line = len(prefix) + d * (1 + FE_FLOAT_TEXT_MAX) + 1
    for part in range(parts):
        room[part + 1] = room[part] + (cuts[part + 1] - cuts[part]) * line + <int64_t> (
            offsets[cuts[part + 1]] - offsets[cuts[part]])
    text = np.empty(room_array[parts], dtype=np.uint8)
    cdef uint8_t[::1] out = text
    cdef const char *words = _bytes(blob)
    cdef const char *start = prefix
    cdef int64_t prefix_bytes = len(prefix)
    cdef const float *values = &rows[0, 0] if d > 0 else NULL
    for part in prange(parts, nogil=True, schedule="static", num_threads=parts):
        written[part] = fe_format_rows(start, prefix_bytes, words, &offsets[0], values, d,
                                       cuts[part], cuts[part + 1], d, <char *> &out[room[part]])
    return [text[room_array[p] : room_array[p] + written_array[p]] for p in range(parts)]


def sort_words(const uint8_t[::1] blob, const uint64_t[::1] offsets):
    """Permutation (uint32) that puts words in the order of their bytes, equal ones by index."""
    _check_offsets(blob, offsets)
    cdef Py_ssize_t n = offsets.shape[0] - 1
    order = np.empty(n, dtype=np.uint32)
    cdef uint32_t[::1] out = order
    if n > 0:
        check(fe_sort_words(_bytes(blob), &offsets[0], n, &out[0]), "sort_words")
    return order


def repeats(const uint8_t[::1] blob, const uint64_t[::1] offsets, const uint32_t[::1] order):
    """Bool array: which words stand earlier in the list too."""
    _check_offsets(blob, offsets)
    cdef Py_ssize_t n = offsets.shape[0] - 1, i
    if order.shape[0] != n:
        raise ValueError(f"order must have {n} entries; got {order.shape[0]}")
    marks = np.zeros(n, dtype=np.uint8)
    cdef uint8_t[::1] out = marks
    for i in range(n):
        if order[i] >= n:
            raise ValueError(f"order[{i}] is out of range for {n} words")
    if n > 0:
        fe_mark_repeats(_bytes(blob), &offsets[0], n, &order[0], &out[0])
    return marks.view(bool)


def find_word(const uint8_t[::1] blob, const uint64_t[::1] offsets, const uint32_t[::1] order,
              bytes word):
    """Index of ``word`` by bisection of its order, -1 if it is not there, -2 if blob, offsets or
    order contradict each other."""
    cdef Py_ssize_t n = offsets.shape[0] - 1
    if n < 0 or order.shape[0] != n:
        return -2
    if n == 0:
        return -1
    return fe_find_word(_bytes(blob), blob.shape[0], &offsets[0], n, &order[0], <const char *> word,
                        len(word))
