"""Text to ids: the parallel scan, folding (lower case, punctuation), provisional to final ids."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from fastembed._native._kernels cimport FE_EUTF8, check, fe_fold, fe_scanned, fe_table, kernels
from fastembed._native._words cimport WordTable

import numpy as np

cdef extern from "scan.h" nogil:
    const uint32_t FE_LINE_END, FE_UNKNOWN, FE_DROP, FE_FOLD_SEPARATE, FE_FOLD_DROP, FE_FOLD_SIZE
    const int FE_TEXT_PADDING
    int fe_scan_tokens(const uint8_t *, size_t, const uint64_t *, size_t, fe_table *, int,
                       uint32_t *, size_t *) noexcept
    int fe_remap(uint32_t *, size_t, const uint32_t *, size_t, uint32_t, uint64_t *,
                 size_t, size_t *) noexcept

PADDING = FE_TEXT_PADDING
LINE_END, UNKNOWN, DROP = FE_LINE_END, FE_UNKNOWN, FE_DROP
FOLD_SIZE, FOLD_SEPARATE, FOLD_DROP = FE_FOLD_SIZE, FE_FOLD_SEPARATE, FE_FOLD_DROP


cdef class Fold:
    """What becomes of each character: `table` (FOLD_SIZE,) of code points with FOLD_* flags."""

    cdef fe_fold fold
    cdef object table

    def __init__(self, const uint32_t[::1] table, *, bint lower, bint separate, bint drop):
        if table.shape[0] != FE_FOLD_SIZE:
            raise ValueError("the table must have FOLD_SIZE entries")
        self.table = table
        self.fold = fe_fold(table=&table[0], lower=lower, separate=separate, drop=drop)

    def apply(self, const uint8_t[::1] text, size_t n):
        """Fold the first n bytes, which must be UTF-8; PADDING more must be there. -> bytes"""
        if n + FE_TEXT_PADDING > <size_t>text.shape[0]:
            raise ValueError("the text must be padded")
        out = np.empty(3 * n + 3 * FE_TEXT_PADDING, dtype=np.uint8)
        cdef uint8_t[::1] o = out
        with nogil:
            n = kernels().fold_text(&self.fold, &text[0], n, &o[0])
        return out[:n].tobytes()


def scan(WordTable table not None, const uint8_t[::1] text, size_t start, size_t stop,
         uint32_t[::1] ids, *, bint learn=True, Fold fold=None, uint8_t[::1] scratch=None):
    """Scan text[start:stop], which no word goes beyond, into ids; PADDING more must be there.

    Without ``learn`` the table is only read, so several threads may share it; otherwise it must be
    this thread's. ``fold`` needs scratch of 3 * (stop - start + PADDING). Returns the number of
    ids, of line ends among them, and the place of a bad byte or -1; the table has then seen
    nothing.
    """
    if not start < stop or stop + FE_TEXT_PADDING > <size_t>text.shape[0]:
        raise ValueError("the text must be padded, and not empty")
    if stop - start > <size_t>ids.shape[0]:
        raise ValueError("ids must be as long as the text")
    if not learn and table.table.size == 0:
        raise ValueError("a table with words is needed")
    cdef uint8_t *folded = NULL
    cdef const fe_fold *how = NULL
    if fold is not None:
        if scratch is None or <size_t>scratch.shape[0] < 3 * (stop - start + FE_TEXT_PADDING):
            raise ValueError("scratch is too short")
        how, folded = &fold.fold, &scratch[0]
    cdef fe_scanned scanned
    cdef int status
    with nogil:
        status = kernels().scan(&text[start], stop - start, how, &table.table, learn, folded,
                                &ids[0], &scanned)
    if status == FE_EUTF8:
        return 0, 0, start + scanned.bad
    check(status, "scanning text")
    return scanned.n_ids, scanned.n_lines, -1


def scan_tokens(WordTable table not None, const uint8_t[::1] text, const uint64_t[::1] line_words,
                uint32_t[::1] ids, *, bint learn=True):
    """Scan words with a NUL after each, line_words[i] of them on line i; returns len(ids)."""
    if <uint64_t>ids.shape[0] < np.sum(line_words) + line_words.shape[0]:
        raise ValueError("ids is too short")
    cdef size_t n = 0
    cdef const uint8_t *p = &text[0] if text.shape[0] else NULL
    cdef int status = 0
    if line_words.shape[0]:
        with nogil:
            status = fe_scan_tokens(p, text.shape[0], &line_words[0], line_words.shape[0],
                                    &table.table, learn, &ids[0], &n)
    check(status, "scanning tokens")
    return n


def remap(uint32_t[::1] ids, const uint32_t[::1] new_ids, uint32_t unknown, size_t n_lines):
    """Provisional to final ids, in place and closed up to the front.

    new_ids is the final id of each id, DROP to leave a word out; None where ids are final. UNKNOWN
    becomes ``unknown``. Returns how many ids were kept, and how many up to each of the n_lines
    ends of lines (uint64).
    """
    line_ends = np.empty(n_lines, dtype=np.uint64)
    cdef uint64_t[::1] ends = line_ends
    cdef const uint32_t *new = NULL
    cdef size_t size = 0, kept = 0
    if new_ids is not None:
        size = new_ids.shape[0]
        new = &new_ids[0] if size else NULL
    cdef int status = 0
    if ids.shape[0]:
        with nogil:
            status = fe_remap(&ids[0], ids.shape[0], new, size, unknown,
                              &ends[0] if n_lines else NULL, n_lines, &kept)
    check(status, "numbering words")
    return kept, line_ends
