"""Text to ids: the parallel scan, folding (lower case, punctuation), provisional to final ids."""

cimport cython
from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memmove

from fastembed._native._kernels cimport FE_EUTF8, check, fe_fold, fe_scanned, fe_table, kernels
from fastembed._native._words cimport WordTable

import numpy as np

cdef extern from "scan.h" nogil:
    const uint32_t FE_LINE_END, FE_UNKNOWN, FE_DROP, FE_FOLD_SEPARATE, FE_FOLD_DROP, FE_FOLD_SIZE
    const int FE_TEXT_PADDING
    int fe_scan_tokens(const uint8_t *, size_t, const uint64_t *, size_t, fe_table *, int,
                       uint32_t *, size_t *) noexcept
    int fe_remap(uint32_t *, size_t, const uint32_t *, size_t, uint32_t, uint64_t *,
                 size_t *) noexcept

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


@cython.final
cdef class Scanner:
    """Scans blocks of text with one table for each worker, or one for all that is only read."""

    cdef readonly list tables
    cdef bint learn
    cdef Fold fold
    cdef object scratch

    def __init__(self, list tables not None, *, bint learn=True, Fold fold=None):
        if not tables or not (learn or len(tables[0])):
            raise ValueError("a table with words is needed")
        self.tables, self.learn, self.fold = tables, learn, fold

    cdef fe_table *pointer(self, int i) except NULL:
        return &(<WordTable?>self.tables[i]).table

    def scan(self, const uint8_t[::1] text, const int64_t[::1] starts, uint32_t[::1] ids,
             int workers):
        """Scan the ranges text[starts[r]:starts[r + 1]], which no word straddles.

        Range r gives ids[starts[r]:starts[r] + n_ids[r]]. Returns n_ids, n_lines (int64), the
        table that gave them (int32), and the offset in the text of a bad byte, -1 if there is
        none (int64): such a range gives no ids, and no table has seen it.
        """
        cdef Py_ssize_t r, n_ranges = starts.shape[0] - 1, width = 0
        for r in range(n_ranges):
            if starts[r] >= starts[r + 1] or starts[r] < 0:
                raise ValueError("starts must increase")
            width = max(width, starts[r + 1] - starts[r])
        if (n_ranges < 1 or starts[n_ranges] + FE_TEXT_PADDING > text.shape[0]
                or starts[n_ranges] > ids.shape[0]):
            raise ValueError("the text must be padded, and ids as long as it")
        if not 1 <= workers or (self.learn and workers > len(self.tables)):
            raise ValueError("one table for each worker is needed")
        results = np.zeros((n_ranges, 3), dtype=np.int64)
        used = np.zeros(n_ranges, dtype=np.int32)
        codes = np.zeros(n_ranges, dtype=np.int32)
        cdef int64_t[:, ::1] result = results
        cdef int[::1] table = used, code = codes
        cdef size_t need = 3 * width + 3 * FE_TEXT_PADDING
        pointers = np.zeros(workers, dtype=np.uintp)
        cdef size_t[::1] tables = pointers
        for r in range(workers):
            tables[r] = <size_t>self.pointer(r if self.learn else 0)
        cdef uint8_t *scratch = NULL
        cdef uint8_t[::1] buffer
        cdef const fe_fold *fold = NULL
        cdef int learn = self.learn, t
        if self.fold is not None:
            fold = &self.fold.fold
            if self.scratch is None or self.scratch.size < workers * need:
                self.scratch = np.empty(workers * need, dtype=np.uint8)
            buffer = self.scratch
            scratch = &buffer[0]
        for r in prange(n_ranges, nogil=True, num_threads=workers, schedule="dynamic"):
            t = threadid()
            table[r] = t if learn else 0
            code[r] = scan_range(&text[starts[r]], starts[r + 1] - starts[r], fold,
                                 <fe_table *>tables[t], learn,
                                 scratch + t * need if scratch != NULL else NULL,
                                 &ids[starts[r]], &result[r, 0])
        for r in range(n_ranges):
            if code[r] == FE_EUTF8:
                result[r, 2] += starts[r]
            else:
                check(code[r], "scanning text")
                result[r, 2] = -1
        return results[:, 0], results[:, 1], used, results[:, 2]

    def scan_tokens(self, const uint8_t[::1] text, const uint64_t[::1] line_words,
                    uint32_t[::1] ids):
        """Scan words with a NUL after each, line_words[i] of them on line i; returns len(ids)."""
        if <uint64_t>ids.shape[0] < np.sum(line_words) + line_words.shape[0]:
            raise ValueError("ids is too short")
        cdef size_t n = 0
        cdef const uint8_t *p = &text[0] if text.shape[0] else NULL
        cdef fe_table *table = self.pointer(0)
        cdef int status = 0
        if line_words.shape[0]:
            with nogil:
                status = fe_scan_tokens(p, text.shape[0], &line_words[0], line_words.shape[0],
                                        table, self.learn, &ids[0], &n)
        check(status, "scanning tokens")
        return n


def remap(uint32_t[::1] ids, const int64_t[::1] begins, const int64_t[::1] n_ids,
          const int64_t[::1] n_lines, const int[::1] table, list maps, uint32_t unknown,
          int workers):
    """Provisional to final ids, in place and closed up to the front.

    Segment s is ids[begins[s]:begins[s] + n_ids[s]], it came from table[s] and ends n_lines[s]
    lines. maps[t] is the final id of each id of table t, DROP to leave a word out, or None where
    ids are final. Returns how many ids were kept, and how many up to each end of a line (uint64).
    """
    cdef Py_ssize_t s, n = table.shape[0]
    cdef int64_t end = 0
    if begins.shape[0] != n or n_ids.shape[0] != n or n_lines.shape[0] != n or workers < 1:
        raise ValueError("segments do not fit")
    for s in range(n):
        if (begins[s] < end or not 0 <= n_lines[s] <= n_ids[s] <= ids.shape[0] - begins[s]
                or not 0 <= table[s] < len(maps)):
            raise ValueError("segments do not fit")
        end = begins[s] + n_ids[s]
    lines = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(n_lines, out=lines[1:])
    line_ends = np.empty(lines[n] + 1, dtype=np.uint64)
    sizes = np.zeros(n, dtype=np.uintp)
    codes = np.zeros(n, dtype=np.int32)
    map_at = np.zeros(len(maps) + 1, dtype=np.uintp)
    map_size = np.zeros(len(maps) + 1, dtype=np.uintp)
    for s in range(len(maps)):
        if maps[s] is not None:
            array = np.ascontiguousarray(maps[s], dtype=np.uint32)
            maps[s] = array
            map_at[s], map_size[s] = array.ctypes.data, array.size
    cdef int64_t[::1] line = lines
    cdef uint64_t[::1] ends = line_ends
    cdef size_t[::1] at = map_at, size = map_size
    cdef size_t[::1] kept = sizes
    cdef int[::1] code = codes
    cdef uint32_t *data = &ids[0] if ids.shape[0] else NULL
    for s in prange(n, nogil=True, num_threads=workers, schedule="dynamic"):
        code[s] = fe_remap(data + begins[s], n_ids[s],
                           <const uint32_t *>at[table[s]], size[table[s]], unknown,
                           &ends[line[s]], &kept[s])
    cdef uint64_t total = 0
    cdef int64_t i
    for s in range(n):
        check(code[s], "numbering words")
        with nogil:
            memmove(data + total, data + begins[s], kept[s] * sizeof(uint32_t))
            for i in range(line[s], line[s + 1]):
                ends[i] += total
        total += kept[s]
    return total, line_ends[:lines[n]]


cdef int scan_range(const uint8_t *text, size_t n, const fe_fold *fold, fe_table *table, int learn,
                    uint8_t *scratch, uint32_t *ids, int64_t *result) noexcept nogil:
    cdef fe_scanned scanned
    cdef int status = kernels().scan(text, n, fold, table, learn, scratch, ids, &scanned)
    result[0], result[1], result[2] = scanned.n_ids, scanned.n_lines, scanned.bad
    return status
