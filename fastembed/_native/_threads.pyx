"""OpenMP as seen from Python: is it there, and did this process fork after using it?"""

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #define FE_OPENMP_VERSION _OPENMP
    #else
    #define FE_OPENMP_VERSION 0
    #endif
    """
    const long FE_OPENMP_VERSION


def openmp_version():
    """The value of ``_OPENMP`` (yyyymm), 0 in a build without OpenMP."""
    return FE_OPENMP_VERSION
