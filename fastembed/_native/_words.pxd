"""The table of words, for the extensions that fill it."""

from fastembed._native._kernels cimport fe_table


cdef class WordTable:
    cdef fe_table table
