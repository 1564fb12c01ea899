"""Sparse matrices in compressed rows: csrc/spmm.h (products) and csrc/sparse.h (all else)."""

from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t

import numpy as np

from fastembed._native._kernels cimport fe_csr, fe_kernels, kernels

cdef extern from "sparse.h" nogil:
    int fe_csr_fits(const int32_t *, int64_t, int64_t, int64_t) noexcept
    void fe_csr_count_columns(const fe_csr *, int64_t, int64_t, int64_t *) noexcept
    void fe_csr_scatter(const fe_csr *, int64_t, int64_t, int64_t *, int32_t *, float *) noexcept
    void fe_csr_row_sums(const fe_csr *, int64_t, int64_t, float, double *) noexcept
    void fe_csr_column_sums(const fe_csr *, float, double *) noexcept
    void fe_pmi_count(const fe_csr *, int64_t, int64_t, float, const double *, const double *,
                      double, int64_t *) noexcept
    void fe_pmi_fill(const fe_csr *, int64_t, int64_t, float, const double *, const double *,
                     double, const int64_t *, int32_t *, float *) noexcept

cdef enum:
    GRAIN = 1 << 16  # entries that a thread takes at a time


cdef class CSR:
    """A sparse matrix whose arrays were checked once, as the kernels read it.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_rows + 1,)
    indices : ndarray of int32, shape (n_entries,)
    data : ndarray of float32, shape (n_entries,)
    n_columns : int
    """

    cdef fe_csr csr
    cdef const int64_t[::1] cuts  # chunks of rows with about GRAIN entries each
    cdef readonly object indptr, indices, data
    cdef readonly tuple shape

    def __init__(self, const int64_t[::1] indptr, const int32_t[::1] indices,
                 const float[::1] data, Py_ssize_t n_columns):
        cdef Py_ssize_t n = indptr.shape[0] - 1, entries = indices.shape[0]
        if n < 0 or n_columns < 0 or data.shape[0] != entries:
            raise ValueError("a sparse matrix needs n_rows + 1 indptr, and as many data as indices")
        self.indptr, self.indices = np.asarray(indptr), np.asarray(indices)
        self.data, self.shape = np.asarray(data), (n, n_columns)
        if indptr[0] != 0 or indptr[n] != entries or np.any(np.diff(self.indptr) < 0):
            raise ValueError(f"indptr must begin at 0, not decrease, and end at {entries}")
        if entries and not fe_csr_fits(&indices[0], 0, entries, n_columns):
            raise ValueError(f"indices must be in 0..{n_columns - 1}")
        self.csr.indptr = &indptr[0]
        self.csr.indices = &indices[0] if entries else NULL
        self.csr.data = &data[0] if entries else NULL
        self.csr.n_rows, self.csr.n_columns = n, n_columns
        cuts = np.searchsorted(self.indptr, np.arange(0, entries, GRAIN))
        self.cuts = np.unique(np.append(cuts, [0, n]))

    def dot(self, const float[:, ::1] x, float[:, ::1] out, int workers=1):
        """out[:n_rows] = self @ x; the columns of both are the same multiple of 16."""
        cdef Py_ssize_t c, width = x.shape[1]
        cdef const fe_kernels *table = kernels()
        cdef const fe_csr *a = &self.csr
        if x.shape[0] != a.n_columns or out.shape[0] != a.n_rows or out.shape[1] != width:
            raise ValueError(f"x must be ({a.n_columns}, b) and out ({a.n_rows}, b)")
        if width % 16:
            raise ValueError(f"the columns must be a multiple of 16; got {width}")
        if a.n_rows == 0 or width == 0:
            return
        if a.n_columns == 0:
            out[:, :] = 0
            return
        for c in prange(self.cuts.shape[0] - 1, nogil=True, schedule="dynamic",
                        num_threads=workers):
            table.spmm(a, self.cuts[c], self.cuts[c + 1], &x[0, 0], &out[0, 0], width, width)

    def transpose(self, int workers=1):
        """The transposed matrix as another CSR, each row ordered as the rows are here."""
        cdef Py_ssize_t c, n_columns = self.csr.n_columns, entries = len(self.indices)
        cdef const fe_csr *a = &self.csr
        indptr = np.zeros(n_columns + 1, dtype=np.int64)
        indices, data = np.empty(entries, dtype=np.int32), np.empty(entries, dtype=np.float32)
        cdef int32_t[::1] indices_view = indices
        cdef float[::1] data_view = data
        # as many pieces as threads: where an entry goes does not depend on their number
        cdef int64_t[::1] cut = np.searchsorted(
            self.indptr, np.arange(workers + 1) * entries // workers, side="left").astype(np.int64)
        cut[0], cut[workers] = 0, self.csr.n_rows
        places = np.zeros((workers, n_columns), dtype=np.int64)
        cdef int64_t[:, ::1] next_view = places
        if entries:
            for c in prange(workers, nogil=True, schedule="static", num_threads=workers):
                fe_csr_count_columns(a, cut[c], cut[c + 1], &next_view[c, 0])
            # a column begins where the one before it ends, a thread's part where the one before
            totals = places.sum(axis=0)
            np.cumsum(totals, out=indptr[1:])
            before = places.cumsum(axis=0) - places
            places[:] = indptr[1:] - totals + before
            for c in prange(workers, nogil=True, schedule="static", num_threads=workers):
                fe_csr_scatter(a, cut[c], cut[c + 1], &next_view[c, 0], &indices_view[0],
                               &data_view[0])
        return CSR(indptr, indices, data, self.csr.n_rows)

    def sums(self, float cap=np.inf, int workers=1):
        """Sums of rows and of columns, float64, of values that are taken as at most ``cap``."""
        cdef Py_ssize_t c
        cdef const fe_csr *a = &self.csr
        rows, columns = np.zeros(self.shape[0]), np.zeros(self.shape[1])
        cdef double[::1] row_view = rows, column_view = columns
        if len(self.indices):
            for c in prange(self.cuts.shape[0] - 1, nogil=True, schedule="dynamic",
                            num_threads=workers):
                fe_csr_row_sums(a, self.cuts[c], self.cuts[c + 1], cap, &row_view[0])
            # in one order: float64 sums of fractions depend on it
            fe_csr_column_sums(a, cap, &column_view[0])
        return rows, columns

    def pmi(self, const double[::1] row, const double[::1] column, double least=0.0,
            float cap=np.inf, int workers=1):
        """log(count row[i] column[j]) where the product is above ``least``, as another CSR."""
        cdef Py_ssize_t c
        cdef const fe_csr *a = &self.csr
        if row.shape[0] != a.n_rows or column.shape[0] != a.n_columns:
            raise ValueError(f"row must have {a.n_rows} values and column {a.n_columns}")
        if not least >= 0:
            raise ValueError(f"least must be >= 0; got {least}")
        indptr = np.zeros(a.n_rows + 1, dtype=np.int64)
        cdef int64_t[::1] ends = indptr
        if len(self.indices):
            for c in prange(self.cuts.shape[0] - 1, nogil=True, schedule="dynamic",
                            num_threads=workers):
                fe_pmi_count(a, self.cuts[c], self.cuts[c + 1], cap, &row[0], &column[0], least,
                             &ends[1])
            np.cumsum(indptr, out=indptr)
        indices = np.empty(ends[a.n_rows], dtype=np.int32)
        data = np.empty(ends[a.n_rows], dtype=np.float32)
        cdef int32_t[::1] indices_view = indices
        cdef float[::1] data_view = data
        if len(indices):
            for c in prange(self.cuts.shape[0] - 1, nogil=True, schedule="dynamic",
                            num_threads=workers):
                fe_pmi_fill(a, self.cuts[c], self.cuts[c + 1], cap, &row[0], &column[0], least,
                            &ends[0], &indices_view[0], &data_view[0])
        return CSR(indptr, indices, data, a.n_columns)
