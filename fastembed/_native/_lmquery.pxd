"""The tables of a model, for the extensions that ask them."""

from fastembed._native._kernels cimport fe_lm


cdef class Query:
    cdef fe_lm lm
    cdef list held
    cdef bint writable
