"""Words as strings: a hash table from word to id and count, and lists of words."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from fastembed._native._kernels cimport check, fe_table

import numpy as np

cdef extern from "hash.h" nogil:
    ctypedef struct fe_key:
        pass
    const uint32_t FE_NO_ID
    fe_key fe_key_exact(const uint8_t *, uint64_t) noexcept
    int fe_table_add(fe_table *, const fe_key *, int64_t, uint32_t *) noexcept
    uint32_t fe_table_find(const fe_table *, const fe_key *) noexcept
    int fe_table_merge(fe_table *, const fe_table *, uint32_t *) noexcept
    void fe_table_export(const fe_table *, uint8_t *, uint64_t *, int64_t *) noexcept
    void fe_table_free(fe_table *) noexcept
    uint64_t fe_take_strings(const uint8_t *, const uint64_t *, const uint32_t *, size_t,
                             uint64_t *, uint8_t *) noexcept

NO_ID = FE_NO_ID


cdef check_words(const uint8_t[::1] blob, const uint64_t[::1] offsets):
    if offsets.shape[0] < 1 or offsets[offsets.shape[0] - 1] > <uint64_t>blob.shape[0]:
        raise ValueError("offsets do not fit the blob")
    if np.any(np.diff(np.asarray(offsets).view(np.int64)) < 0):
        raise ValueError("offsets must not decrease")


cdef class WordTable:
    """Words with ids in order of arrival, and counts."""

    # declared in _words.pxd: cdef fe_table table

    def __dealloc__(self):
        fe_table_free(&self.table)

    def __len__(self):
        return self.table.size

    def add(self, const uint8_t[::1] blob, const uint64_t[::1] offsets, const int64_t[::1] counts):
        """Add counts to words; returns the id of each (uint32). Empty words are not allowed."""
        check_words(blob, offsets)
        cdef Py_ssize_t i, n = counts.shape[0]
        if offsets.shape[0] != n + 1:
            raise ValueError("one count for each word is needed")
        out = np.empty(n, dtype=np.uint32)
        cdef uint32_t[::1] ids = out
        cdef fe_key key
        cdef int status = 0
        with nogil:
            for i in range(n):
                if offsets[i] == offsets[i + 1]:
                    status = 2
                    break
                key = fe_key_exact(&blob[offsets[i]], offsets[i + 1] - offsets[i])
                status = fe_table_add(&self.table, &key, counts[i], &ids[i])
                if status:
                    break
        check(status, "adding words")
        return out

    def merge(self, WordTable other not None):
        """Add another table's words and counts; returns what each of its ids has become."""
        out = np.empty(other.table.size, dtype=np.uint32)
        cdef uint32_t[::1] ids = out
        cdef int status = 0
        if other is self:
            raise ValueError("a table cannot be merged with itself")
        if other.table.size:
            with nogil:
                status = fe_table_merge(&self.table, &other.table, &ids[0])
        check(status, "merging words")
        return out

    def find(self, const uint8_t[::1] blob, const uint64_t[::1] offsets):
        """The id of each word (uint32), 0xFFFFFFFF where there is none."""
        check_words(blob, offsets)
        cdef Py_ssize_t i, n = offsets.shape[0] - 1
        out = np.full(n, FE_NO_ID, dtype=np.uint32)
        cdef uint32_t[::1] ids = out
        cdef fe_key key
        with nogil:
            for i in range(n):
                if offsets[i] < offsets[i + 1]:
                    key = fe_key_exact(&blob[offsets[i]], offsets[i + 1] - offsets[i])
                    ids[i] = fe_table_find(&self.table, &key)
        return out

    def export(self):
        """blob, offsets and counts of all words in order of their ids."""
        blob = np.empty(self.table.bytes, dtype=np.uint8)
        offsets = np.zeros(self.table.size + 1, dtype=np.uint64)
        counts = np.empty(self.table.size, dtype=np.int64)
        cdef uint8_t[::1] b = blob
        cdef uint64_t[::1] o = offsets
        cdef int64_t[::1] c = counts
        if self.table.size:
            with nogil:
                fe_table_export(&self.table, &b[0], &o[0], &c[0])
        return blob, offsets, counts


def take_words(const uint8_t[::1] blob, const uint64_t[::1] offsets, const uint32_t[::1] order):
    """The words order[0], order[1], ... as a new blob and offsets."""
    check_words(blob, offsets)
    cdef size_t n = order.shape[0]
    new_offsets = np.zeros(n + 1, dtype=np.uint64)
    if n == 0:
        return np.empty(0, dtype=np.uint8), new_offsets
    if np.max(order) >= offsets.shape[0] - 1:
        raise ValueError("order names a word that is not there")
    cdef uint64_t[::1] o = new_offsets
    cdef uint64_t total = fe_take_strings(NULL, &offsets[0], &order[0], n, &o[0], NULL)
    new_blob = np.empty(total, dtype=np.uint8)
    cdef uint8_t[::1] b = new_blob
    if total:
        with nogil:
            fe_take_strings(&blob[0], &offsets[0], &order[0], n, &o[0], &b[0])
    return new_blob, new_offsets
