/* nlm.h: neural language models (Bengio, Ducharme, Vincent & Jauvin 2003; Mnih & Hinton 2007):
 * mini-batches in phases of fixed pieces of work, so that the result is the same bits for any
 * number of threads. The formulas, gradients and the order of the work: docs/neural-lm.md.
 *
 * The phases exist for float, with vectors, and for double, in which gradients are checked.
 */
#ifndef FE_NLM_H
#define FE_NLM_H

#include "nlm_state.h"
#include "vec.h"

#define FE_NLM_NEVER (-1e30f) /* a logit that is none */

#define FE_NLM_SQRT(x) _Generic((x), float: sqrtf, double: sqrt)(x)
FE_INLINE fe_vec fe_nlm_exp_f32(fe_vec x) { return fe_exp_nonpositive(x); }
FE_INLINE double fe_nlm_exp_f64(double x) { return exp(x); }
FE_INLINE fe_vec fe_nlm_max_f32(fe_vec a, fe_vec b) { return fe_max(a, b); }
FE_INLINE double fe_nlm_max_f64(double a, double b) { return a > b ? a : b; }

/* Row-major C = op(A) op(B) + beta C (gemm.h). */
FE_INLINE void fe_nlm_gemm_f32(const fe_nlm_job *job, int ta, int tb, int64_t m, int64_t n,
                               int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb,
                               int beta, float *c, int64_t ldc) {
    job->gemm_f32(ta, tb, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, (float)beta, c,
                  (int)ldc);
}
FE_INLINE void fe_nlm_gemm_f64(const fe_nlm_job *job, int ta, int tb, int64_t m, int64_t n,
                               int64_t k, const double *a, int64_t lda, const double *b,
                               int64_t ldb, int beta, double *c, int64_t ldc) {
    job->gemm_f64(ta, tb, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

#include "real_float.h"
#include "nlm_math_real.h"
#include "nlm_output_real.h"
#include "nlm_run_real.h"
#include "real_double.h"
#include "nlm_math_real.h"
#include "nlm_output_real.h"
#include "nlm_run_real.h"

/* Do unit `unit` of a phase on thread `thread` (which has scratch of its own). */
static void fe_nlm_unit(const fe_nlm_job *job, fe_nlm_state *st, int phase, int64_t unit,
                        int64_t thread) {
    if (job->real64) fe_nlm_unit_f64(job, st, phase, unit, thread);
    else fe_nlm_unit_f32(job, st, phase, unit, thread);
}

#endif
