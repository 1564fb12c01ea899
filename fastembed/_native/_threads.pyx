"""How the extensions were built: with or without OpenMP, by which compiler."""

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #define FE_OPENMP_VERSION _OPENMP
    #define FE_CORES omp_get_num_procs() /* so that the runtime is loaded with this module */
    #else
    #define FE_OPENMP_VERSION 0
    #define FE_CORES 1
    #endif
    #if defined(__clang__)
    #define FE_COMPILER "Clang " __clang_version__
    #else
    #define FE_COMPILER "GCC " __VERSION__
    #endif
    """
    const long FE_OPENMP_VERSION
    const int FE_CORES
    const char *FE_COMPILER
    const unsigned long CYTHON_HEX_VERSION


def openmp_version():
    """The value of ``_OPENMP`` (yyyymm), 0 in a build without OpenMP."""
    return FE_OPENMP_VERSION


def openmp_cores():
    """Cores that OpenMP sees, 1 in a build without it."""
    return FE_CORES


def compiler():
    """Name and version of the C compiler."""
    return FE_COMPILER.decode().strip()


def cython_version():
    """Version of Cython: three numbers."""
    release = CYTHON_HEX_VERSION & 0xff
    numbers = [CYTHON_HEX_VERSION >> 24, CYTHON_HEX_VERSION >> 16, CYTHON_HEX_VERSION >> 8]
    text = ".".join(str(number & 0xff) for number in numbers)
    return text if release == 0xf0 else f"{text} (pre-release)"
