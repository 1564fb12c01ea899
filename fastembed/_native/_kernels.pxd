"""The one door to csrc/kernels.h: every other extension cimports the chosen table from here."""

cdef extern from "kernels.h" nogil:
    ctypedef struct fe_kernels:
        const char *isa
        int vector_bytes

cdef extern from "fe_base.h" nogil:
    int FE_OK
    int FE_ENOMEM
    int FE_EINVAL
    int FE_EUTF8
    int FE_ENONFINITE
    int FE_EOVERFLOW

# The table that this process uses.
cdef const fe_kernels *kernels() noexcept nogil
# Raise the exception of a status; does nothing for FE_OK.
cdef int check(int status, str where) except -1
