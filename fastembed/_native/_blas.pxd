"""Row-major matrix products by scipy's BLAS, for C kernels: see csrc/gemm.h."""

cdef extern from "gemm.h" nogil:
    ctypedef void (*fe_gemm_f32)(int, int, int, int, int, float, const float *, int,
                                 const float *, int, float, float *, int) noexcept nogil
    ctypedef void (*fe_gemm_f64)(int, int, int, int, int, double, const double *, int,
                                 const double *, int, double, double *, int) noexcept nogil

cdef void gemm_f32(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c,
                   int ldc) noexcept nogil
cdef void gemm_f64(int transpose_a, int transpose_b, int m, int n, int k, double alpha,
                   const double *a, int lda, const double *b, int ldb, double beta, double *c,
                   int ldc) noexcept nogil
