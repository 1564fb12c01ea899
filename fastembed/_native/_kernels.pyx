"""Chooses the function table of csrc/kernels.h once, at import.

``FASTEMBED_ISA=base|v3|v4`` overrides the choice; a name that this processor cannot run is an
error, not a silent fallback.
"""

import os

cdef extern from "dispatch.h" nogil:
    const fe_kernels *fe_kernels_for(const char *isa) noexcept
    const fe_kernels *fe_kernels_best() noexcept

cdef const fe_kernels *_table = NULL


cdef const fe_kernels *kernels() noexcept nogil:
    return _table


cdef int check(int status, str where) except -1:
    if status == FE_OK:
        return 0
    if status == FE_ENOMEM:
        raise MemoryError(f"{where}: not enough memory")
    if status == FE_EOVERFLOW:
        raise OverflowError(f"{where}: a size or count is too large")
    if status == FE_ENONFINITE:
        raise FloatingPointError(f"{where}: a value is not finite")
    raise ValueError(f"{where}: invalid argument (status {status})")


def available():
    """Names of the instruction sets that are compiled in and that this processor runs."""
    return [name for name in ("base", "v3", "v4") if fe_kernels_for(name.encode()) != NULL]


def select(str name=None):
    """Use the table ``name``; the best one if None. Returns the name in use.

    Not for use while another thread is inside a kernel: it is there for tests and start-up.
    """
    global _table
    cdef const fe_kernels *table
    if name is None or name == "":
        table = fe_kernels_best()
    else:
        encoded = name.encode()
        table = fe_kernels_for(encoded)
        if table == NULL:
            raise ValueError(
                f"instruction set {name!r} cannot be used here; choose one of "
                f"{', '.join(available())} (see FASTEMBED_ISA)")
    _table = table
    return isa()


def isa():
    """Name of the instruction set in use."""
    return _table.isa.decode()


def vector_bytes():
    """Width in bytes of the vector registers in use."""
    return _table.vector_bytes


select(os.environ.get("FASTEMBED_ISA"))
