"""Products of tall, narrow float32 matrices with 16, 32, 48 ... columns (csrc/panel.h).

Rows of the matrices may be strided; each has its columns side by side.
"""

from cython.parallel cimport prange
from libc.stdint cimport int64_t

import numpy as np

from fastembed._native._kernels cimport fe_kernels, kernels

cdef enum:
    PIECES = 16  # of the rows, each summed by itself: whatever the number of threads
    COLUMNS = 64  # of a tile of the Gram matrix
    GRAIN = 1024  # rows that a thread takes at a time


cdef int _check(const float[:, :] panel, str name) except -1:
    if panel.shape[1] % 16:
        raise ValueError(f"{name} must have a multiple of 16 columns; got {panel.shape[1]}")
    if panel.shape[1] and panel.shape[0] and panel.strides[1] != sizeof(float):
        raise ValueError(f"{name} must have its columns side by side")
    if panel.strides[0] % <Py_ssize_t> sizeof(float) or panel.strides[0] < 0:
        raise ValueError(f"{name} must have rows at multiples of four bytes")
    return 0


cdef size_t _stride(const float[:, :] panel) noexcept:
    return panel.strides[0] // sizeof(float)


def cross(const float[:, :] p, const float[:, :] x, int workers=1):
    """p.T @ x, float32: sums of pieces of the rows, added in float64."""
    cdef Py_ssize_t n = p.shape[0], d = p.shape[1], b = x.shape[1], c
    cdef size_t p_stride = _stride(p), x_stride = _stride(x)
    cdef const fe_kernels *table = kernels()
    _check(p, "p")
    _check(x, "x")
    if x.shape[0] != n:
        raise ValueError(f"p and x must have as many rows; got {n} and {x.shape[0]}")
    parts = np.zeros((PIECES, d, b), dtype=np.float32)
    cdef float[:, :, ::1] sums = parts
    if n and d and b:
        for c in prange(PIECES, nogil=True, schedule="dynamic", num_threads=workers):
            table.panel_cross(&p[0, 0], p_stride, d, &x[0, 0], x_stride, b, n * c // PIECES,
                              n * (c + 1) // PIECES, &sums[c, 0, 0])
    return parts.sum(axis=0, dtype=np.float64).astype(np.float32)


def apply(const float[:, :] p, const float[:, ::1] c, float[:, :] x, float base=0.0,
          int workers=1):
    """x = base * x + p @ c, in place."""
    cdef Py_ssize_t n = p.shape[0], d = p.shape[1], b = x.shape[1], g
    cdef size_t p_stride = _stride(p), x_stride = _stride(x)
    cdef const fe_kernels *table = kernels()
    _check(p, "p")
    _check(x, "x")
    if x.shape[0] != n or c.shape[0] != d or c.shape[1] != b:
        raise ValueError(f"x must be ({n}, b) and c ({d}, b)")
    if n == 0 or b == 0 or d == 0:
        raise ValueError("p, c and x must not be empty")
    for g in prange((n + GRAIN - 1) // GRAIN, nogil=True, schedule="dynamic", num_threads=workers):
        table.panel_apply(&p[0, 0], p_stride, d, &c[0, 0], &x[0, 0], x_stride, b, base, g * GRAIN,
                          min(n, (g + 1) * GRAIN))


def gram(const float[:, :] x, int workers=1):
    """x.T @ x in float64."""
    cdef Py_ssize_t n = x.shape[0], d = x.shape[1], tiles = (d + COLUMNS - 1) // COLUMNS, t
    cdef size_t stride = _stride(x)
    cdef const fe_kernels *table = kernels()
    _check(x, "x")
    rows, columns = np.triu_indices(tiles)
    cdef const int64_t[::1] row = rows.astype(np.int64) * COLUMNS
    cdef const int64_t[::1] column = columns.astype(np.int64) * COLUMNS
    upper = np.zeros((d, d))
    cdef double[:, ::1] out = upper
    if n and d:
        for t in prange(row.shape[0], nogil=True, schedule="dynamic", num_threads=workers):
            table.panel_gram(&x[0, 0], stride, n, row[t], min(d, row[t] + COLUMNS), column[t],
                             min(d, column[t] + COLUMNS), &out[0, 0], d)
    return np.triu(upper) + np.triu(upper, 1).T
