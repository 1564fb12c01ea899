"""The seam to BLAS: row-major GEMM for C kernels, over scipy.linalg.cython_blas.

A kernel gets `gemm_f32` or `gemm_f64` as a function pointer (`addresses`) and calls it from its own
OpenMP threads on blocks of the output whose bounds do not depend on the number of threads, so that the
result does not either. BLAS itself must then use one thread: the caller holds
`fastembed.core.threads.single_threaded_blas`.

This module imports scipy.linalg, which takes longer than all else of the library, so others import
it where they build a network, and cimport only types.
"""

from scipy.linalg.cython_blas cimport dgemm, sgemm
from fastembed._native._kernels cimport kernels
from fastembed._native._nn_job cimport fe_nn_kernels


# BLAS stores columns: what it takes for B^T and A^T are our B and A, and its C^T is our C.
cdef void gemm_f32(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c,
                   int ldc) noexcept nogil:
    cdef char ta = b'T' if transpose_a else b'N'
    cdef char tb = b'T' if transpose_b else b'N'
    sgemm(&tb, &ta, &n, &m, &k, &alpha, <float *> b, &ldb, <float *> a, &lda, &beta, c, &ldc)


cdef void gemm_f64(int transpose_a, int transpose_b, int m, int n, int k, double alpha,
                   const double *a, int lda, const double *b, int ldb, double beta, double *c,
                   int ldc) noexcept nogil:
    cdef char ta = b'T' if transpose_a else b'N'
    cdef char tb = b'T' if transpose_b else b'N'
    dgemm(&tb, &ta, &n, &m, &k, &alpha, <double *> b, &ldb, <double *> a, &lda, &beta, c, &ldc)


def addresses():
    """The products of float32 and of float64, as integers: fe_gemm_f32 and fe_gemm_f64."""
    return <size_t> &gemm_f32, <size_t> &gemm_f64


cdef Py_ssize_t check_shapes(const Py_ssize_t *a, const Py_ssize_t *b, const Py_ssize_t *c,
                             bint transpose_a, bint transpose_b) except -1:
    """k of the product op(a) op(b), whose shape is that of c; ValueError if it is not."""
    cdef Py_ssize_t m = a[1] if transpose_a else a[0], k = a[0] if transpose_a else a[1]
    cdef Py_ssize_t n = b[0] if transpose_b else b[1], k_b = b[1] if transpose_b else b[0]
    if k != k_b or c[0] != m or c[1] != n or min(m, n, k) == 0:
        raise ValueError("the shapes of the matrix product do not fit together")
    return k


ctypedef fused real:
    float
    double


def gemm(const real[:, ::1] a, const real[:, ::1] b, real[:, ::1] c, *, bint transpose_a=False,
         bint transpose_b=False, double alpha=1.0, double beta=0.0):
    """c = alpha op(a) op(b) + beta c, in place; for tests of the seam.

    Raises
    ------
    ValueError
        The shapes do not fit together, or one is empty.
    """
    cdef Py_ssize_t m = c.shape[0], n = c.shape[1]
    cdef Py_ssize_t k = check_shapes(&a.shape[0], &b.shape[0], &c.shape[0], transpose_a,
                                     transpose_b)
    if max(a.shape[0], a.shape[1], b.shape[0], b.shape[1]) > 0x7fffffff:
        raise ValueError("a matrix is too large for this BLAS")
    with nogil:
        if real is float:
            gemm_f32(transpose_a, transpose_b, <int> m, <int> n, <int> k, <float> alpha, &a[0, 0],
                     <int> a.shape[1], &b[0, 0], <int> b.shape[1], <float> beta, &c[0, 0], <int> n)
        else:
            gemm_f64(transpose_a, transpose_b, <int> m, <int> n, <int> k, alpha, &a[0, 0],
                     <int> a.shape[1], &b[0, 0], <int> b.shape[1], beta, &c[0, 0], <int> n)


def matmul(const float[:, ::1] a, const float[:, ::1] b, float[:, ::1] c, *,
           bint transpose_a=False, bint transpose_b=False, bint add=False):
    """c = op(a) op(b), or c += with ``add``, by csrc/matmul.h; for its tests.

    False, and c as it was, where the kernel leaves a product to others.

    Raises
    ------
    ValueError
        The shapes do not fit together, or one is empty.
    """
    cdef Py_ssize_t m = c.shape[0], n = c.shape[1]
    cdef Py_ssize_t k = check_shapes(&a.shape[0], &b.shape[0], &c.shape[0], transpose_a,
                                     transpose_b)
    cdef const fe_nn_kernels *own = <const fe_nn_kernels *> kernels().nn
    cdef int done
    with nogil:
        done = own.matmul_f32(transpose_a, transpose_b, m, n, k, &a[0, 0], a.shape[1], &b[0, 0],
                              b.shape[1], add, &c[0, 0], n)
    return bool(done)
