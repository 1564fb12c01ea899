"""Random orders of rows and first values of networks (csrc/nn_step.h)."""

import numpy as np

from libc.stdint cimport int64_t, uint64_t

cdef extern from "nn_step.h" nogil:
    void fe_nn_order(int64_t *order, int64_t n, int64_t group, uint64_t seed,
                     uint64_t epoch) noexcept
    void fe_nn_fill(double *x, int64_t n, int normal, uint64_t seed, uint64_t index) noexcept


def order(Py_ssize_t n, uint64_t seed, uint64_t epoch, Py_ssize_t group=1):
    """A permutation of n rows, (n,) int64, of (seed, epoch); runs of `group` rows stay together."""
    if group < 1 or n % group or n // group >= 1 << 32:
        raise ValueError("n must be a multiple of group, and less than 2**32 groups")
    found = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] out = found
    if n:
        with nogil:
            fe_nn_order(&out[0], n, group, seed, epoch)
    return found


def fill(Py_ssize_t n, bint normal, uint64_t seed, uint64_t index):
    """n draws, float64: uniform in [-1, 1), or standard normal."""
    found = np.empty(n)
    cdef double[::1] out = found
    if n:
        fe_nn_fill(&out[0], n, normal, seed, index)
    return found
