/* gemm.h: the matrix product that kernels are handed. BLAS lives in scipy and is reached through
 * Cython (fastembed/_native/_blas), so csrc knows only the type of the function.
 */
#ifndef FE_GEMM_H
#define FE_GEMM_H

#include "fe_base.h"

/* Row-major C = alpha op(A) op(B) + beta C: op(A) is (m, k), op(B) is (k, n), C is (m, n) OUT;
 * op transposes where its flag is not 0, ld? is the distance of two rows as they are stored.
 * beta 0 does not read C. One thread, no allocation by the caller. */
typedef void (*fe_gemm_f32)(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c,
                            int ldc);
typedef void (*fe_gemm_f64)(int transpose_a, int transpose_b, int m, int n, int k, double alpha,
                            const double *a, int lda, const double *b, int ldb, double beta,
                            double *c, int ldc);

#endif
