"""Co-occurrence counts over csrc/cooc.h: parts of a corpus, indexed; rows in rounds of chunks."""

import numpy as np

from cython.parallel cimport prange, threadid
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from fastembed._native._kernels cimport check

cdef extern from "cooc.h" nogil:
    const uint32_t FE_COOC_END
    const int FE_COOC_AHEAD
    ctypedef struct fe_cooc_row:
        uint32_t n_columns
    ctypedef struct fe_cooc_out:
        uint64_t first, last, capacity, n, scale
        uint32_t *columns
        uint64_t *counts
        float *data
        uint64_t *sizes
    ctypedef struct fe_cooc_job:
        const uint32_t *text
        const uint64_t *documents
        const uint64_t *starts
        const uint32_t *places
        const uint64_t *weights
        uint32_t window
        int symmetric
    ctypedef struct fe_cooc_runs:
        const uint32_t *columns
        const uint64_t *counts
        const uint64_t *begins
        uint64_t n_runs, n_rows, first
    uint64_t fe_cooc_row_bytes(uint64_t) noexcept
    int fe_cooc_row_alloc(fe_cooc_row *, uint32_t) noexcept
    void fe_cooc_row_free(fe_cooc_row *) noexcept
    int fe_cooc_add_all(fe_cooc_row *, const uint32_t *, const uint64_t *, uint64_t) noexcept
    int fe_cooc_emit(fe_cooc_row *, fe_cooc_out *, uint64_t) noexcept
    float fe_cooc_quotient(uint64_t, uint64_t) noexcept
    int64_t fe_counts_check(const int64_t *, int64_t, const int32_t *, const float *,
                            int64_t) noexcept
    int fe_cooc_count(const fe_cooc_job *, fe_cooc_row *, fe_cooc_out *) noexcept
    int fe_cooc_merge(const fe_cooc_runs *, fe_cooc_row *, fe_cooc_out *) noexcept


def row_bytes(uint64_t n_columns):
    """Bytes that a thread's sums take."""
    return fe_cooc_row_bytes(n_columns)


def quotient(uint64_t count, uint64_t scale):
    """count / scale as the nearest float32; scale is below 2**28 or a power of two."""
    if scale == 0 or (scale >= 1 << 28 and scale & (scale - 1)):
        raise ValueError("scale must be below 2**28 or a power of two")
    return fe_cooc_quotient(count, scale)


def first_bad(const int64_t[::1] indptr, const int32_t[::1] indices, const float[::1] data,
              int64_t n_columns):
    """The first entry whose column does not rise or fit, or whose count is not positive.

    indptr begins at 0, does not decrease, and ends at the number of entries, which is returned if
    all entries are good.
    """
    cdef int64_t bad = 0
    if indices.shape[0]:
        with nogil:
            bad = fe_counts_check(&indptr[0], indptr.shape[0] - 1, &indices[0], &data[0],
                                  n_columns)
    return bad


cdef class Part:
    """A part of a corpus: text and index as `_cooc_text` makes them."""

    cdef fe_cooc_job job
    cdef object held
    cdef readonly Py_ssize_t n_words

    def __init__(self, const uint32_t[::1] text, const uint64_t[::1] starts,
                 const uint32_t[::1] places, *, const uint64_t[::1] weights=None,
                 bint symmetric=False, const uint64_t[::1] documents=None):
        self.n_words = starts.shape[0] - 1
        if self.n_words < 0 or text.shape[0] == 0 or (weights is None) == (documents is None) or (
                starts[self.n_words] + FE_COOC_AHEAD != <uint64_t>places.shape[0]):
            raise ValueError("the index does not fit the text")
        self.held = (text, starts, places, weights, documents)
        self.job = fe_cooc_job(text=&text[0], documents=NULL, starts=&starts[0],
                               places=&places[0], weights=NULL, window=0, symmetric=symmetric)
        if weights is not None:
            self.job.window = <uint32_t>weights.shape[0]
            self.job.weights = &weights[0]
        else:
            self.job.documents = &documents[0]


cdef class Runs:
    """Rows first, first + 1, ... in pieces: of row i, piece r is begins[r, i]:begins[r, i + 1]."""

    cdef fe_cooc_runs runs
    cdef object held

    def __init__(self, const uint32_t[::1] columns, const uint64_t[::1] counts,
                 const uint64_t[:, ::1] begins, uint64_t first=0):
        b = np.asarray(begins)
        if b.shape[0] == 0 or b.shape[1] == 0 or np.any(b[:, 1:] < b[:, :-1]) or (
                b[:, -1].max() > columns.shape[0]) or (
                counts is not None and counts.shape[0] != columns.shape[0]):
            raise ValueError("the pieces do not fit the columns")
        self.held = (columns, counts, begins)
        self.runs = fe_cooc_runs(columns=NULL, counts=NULL, begins=&begins[0, 0], first=first,
                                 n_runs=b.shape[0], n_rows=b.shape[1] - 1)
        if columns.shape[0]:
            self.runs.columns = &columns[0]
            if counts is not None:
                self.runs.counts = &counts[0]


cdef class Counter:
    """The sums of one row for each of several threads; counts are divided by ``scale``."""

    cdef fe_cooc_row *rows
    cdef uint64_t scale
    cdef int workers

    def __init__(self, uint32_t n_columns, uint64_t scale, int workers):
        self.scale, self.workers = scale, workers
        self.rows = <fe_cooc_row *>calloc(<size_t>max(workers, 1), sizeof(fe_cooc_row))
        if self.rows == NULL:
            raise MemoryError("co-occurrence: not enough memory")
        for w in range(workers):
            check(fe_cooc_row_alloc(&self.rows[w], n_columns), "co-occurrence")

    def __dealloc__(self):
        for w in range(self.workers if self.rows != NULL else 0):
            fe_cooc_row_free(&self.rows[w])
        free(self.rows)

    def add(self, const uint32_t[::1] columns, const uint64_t[::1] counts=None):
        """Add a piece of a row, which the next `run`, of this row alone, then has too."""
        cdef int status = 0
        cdef const uint64_t *count = NULL
        if columns.shape[0] and counts is not None:
            count = &counts[0]
            if counts.shape[0] != columns.shape[0]:
                raise ValueError("as many counts as columns are needed")
        if columns.shape[0]:
            with nogil:
                status = fe_cooc_add_all(&self.rows[0], &columns[0], count, columns.shape[0])
        check(status, "co-occurrence")

    def run(self, work, const uint64_t[::1] bounds, const uint64_t[::1] room,
            uint32_t[::1] columns, values, uint64_t[::1] sizes):
        """Write rows bounds[c] to bounds[c + 1] from entry room[c] on, for each chunk c.

        work is a `Part` or `Runs`; values are counts (uint64) or quotients (float32); sizes of the
        rows from bounds[0] on. Returns how many entries each chunk has.
        """
        cdef int c, n = <int>bounds.shape[0] - 1
        cdef uint64_t[::1] counts = values if values.dtype == np.uint64 else None
        cdef float[::1] data = values if counts is None else None
        cdef const fe_cooc_job *job = &(<Part>work).job if isinstance(work, Part) else NULL
        cdef const fe_cooc_runs *runs = &(<Runs?>work).runs if job == NULL else NULL
        last = (<Part>work).n_words if job != NULL else runs.first + runs.n_rows
        if room.shape[0] != n + 1 or room[n] > <uint64_t>min(columns.shape[0], len(values)) or (
                bounds[n] > last or bounds[n] - bounds[0] > <uint64_t>sizes.shape[0]) or (
                runs != NULL and bounds[0] < runs.first):
            raise ValueError("the chunks do not fit the arrays")
        # a single chunk meets what `add` left in the first thread's row
        cdef int threads = min(self.workers, max(n, 1))
        used = np.zeros(n, dtype=np.uint64)
        codes = np.zeros(n, dtype=np.intc)
        cdef uint64_t[::1] use = used
        cdef int[::1] code = codes
        cdef fe_cooc_out *outs = <fe_cooc_out *>calloc(n + 1, sizeof(fe_cooc_out))
        if outs == NULL:
            raise MemoryError("co-occurrence: not enough memory")
        for c in prange(n, schedule="dynamic", chunksize=1, num_threads=threads, nogil=True):
            outs[c].first, outs[c].last = bounds[c], bounds[c + 1]
            outs[c].capacity, outs[c].scale = room[c + 1] - room[c], self.scale
            outs[c].columns = &columns[0] + room[c]
            outs[c].counts = &counts[0] + room[c] if counts is not None else NULL
            outs[c].data = &data[0] + room[c] if data is not None else NULL
            outs[c].sizes = &sizes[0] + (bounds[c] - bounds[0])
            if job != NULL:
                code[c] = fe_cooc_count(job, &self.rows[threadid()], &outs[c])
            else:
                code[c] = fe_cooc_merge(runs, &self.rows[threadid()], &outs[c])
            use[c] = outs[c].n
        free(outs)
        check(codes.max() if n else 0, "co-occurrence")
        return used
