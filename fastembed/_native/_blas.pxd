"""The types of row-major matrix products: see csrc/gemm.h."""

cdef extern from "gemm.h" nogil:
    ctypedef void (*fe_gemm_f32)(int, int, int, int, int, float, const float *, int,
                                 const float *, int, float, float *, int) noexcept nogil
    ctypedef void (*fe_gemm_f64)(int, int, int, int, int, double, const double *, int,
                                 const double *, int, double, double *, int) noexcept nogil
