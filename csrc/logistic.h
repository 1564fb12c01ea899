/* logistic.h: one step of M logistic regressions against N shared outputs, in registers.
 *
 * Inputs v_1..v_M and outputs u_1..u_N are rows of two matrices, y_j in {0, 1} the label of output
 * j. The loss and its gradient (Mikolov et al. 2013b, eq. 4 for negative samples; Morin & Bengio
 * 2005 for the inner nodes of a tree) are
 *
 *     L = sum_ij -log sigma((2 y_j - 1) v_i . u_j),   g_ij = alpha (y_j - sigma(v_i . u_j)),
 *     v_i += sum_j g_ij u_j,   u_j += sum_i g_ij v_i.
 *
 * All dot products are taken before any row changes. Skip-gram calls this once per centre word
 * with the words of its window as inputs: the tiny matrix product that results reads each row
 * twice and writes it once, where the textbook's pair-by-pair form does so for every pair.
 *
 * Rows that stand in the list twice: inputs are updated in order (so the second sees the first's
 * step in u's gradient), outputs are added to at the end; no update is lost, at any vector width.
 */
#ifndef FE_LOGISTIC_H
#define FE_LOGISTIC_H

#include <math.h>

#include "vec.h"

/* The loss so far: log prod (1 + exp(-|x|)) is kept as a product, one logarithm per many terms. */
typedef struct {
    fe_vec product; /* of 1 + exp(-|x|), at most 2^FE_LOSS_TERMS */
    fe_vec hinge;   /* sum of max(x, 0) */
    double total;
    int pending;
} fe_loss;
#define FE_LOSS_TERMS 96

FE_INLINE void fe_loss_reset(fe_loss *loss) {
    loss->product = fe_set1(1.0f);
    loss->hinge = fe_set1(0.0f);
    loss->total = 0.0;
    loss->pending = 0;
}

static FE_NOINLINE double fe_loss_flush(fe_loss *loss) {
    for (int i = 0; i < FE_LANES; i++)
        loss->total += log((double)loss->product[i]) + (double)loss->hinge[i];
    loss->product = fe_set1(1.0f);
    loss->hinge = fe_set1(0.0f);
    loss->pending = 0;
    return loss->total;
}

/* A tile is two inputs by FE_HALF outputs: as many dot products as a vector has lanes. */
#define FE_HALF (FE_LANES / 2)
/* Outputs whose row and gradient stay in registers in the update. */
#define FE_OUTPUTS_HELD (FE_REGISTERS == 32 ? 12 : 6)

/* Floats of scratch for the coefficients g of M inputs and N outputs. */
FE_INLINE size_t fe_logistic_scratch(size_t m, size_t n) {
    return (m + 1) / 2 * ((n + FE_HALF - 1) / FE_HALF) * FE_LANES;
}

/* Dot products of I (1 or 2) inputs with J (1 to FE_HALF) outputs, their loss, and
 * g OUT (FE_LANES,): lane i * FE_HALF + j. I and J are constants after inlining. */
FE_INLINE void fe_tile(const int I, const int J, const float *const *in, float *const *out, int dim,
                       uint32_t labels, float alpha, float *g, fe_loss *loss) {
    fe_vec acc[FE_LANES];
#pragma GCC unroll 16
    for (int k = 0; k < FE_LANES; k++) acc[k] = fe_set1(0.0f);
    for (int k = 0; k < dim; k += FE_LANES) {
        fe_vec v0 = fe_load(in[0] + k);
        fe_vec v1 = I > 1 ? fe_load(in[1] + k) : v0;
#pragma GCC unroll 8
        for (int j = 0; j < J; j++) {
            fe_vec u = fe_load(out[j] + k);
            acc[j] = fe_fma(v0, u, acc[j]);
            if (I > 1) acc[FE_HALF + j] = fe_fma(v1, u, acc[FE_HALF + j]);
        }
    }
    fe_vec s = fe_transpose_sum(acc);
    const fe_veci lane = fe_iota(), column = lane & (FE_HALF - 1);
    const fe_veci used = (column < J) & (I > 1 ? (fe_veci)(lane >= 0) : (fe_veci)(lane < FE_HALF));
    /* label of a lane: is the bit of its column set? */
    fe_veci bit = {0};
#pragma GCC unroll 16
    for (int k = 0; k < FE_LANES; k++) bit[k] = 1 << (k & (FE_HALF - 1));
    const fe_veci is_one = (((fe_veci){0} + (int32_t)labels) & bit) != 0;

    const fe_vec one = fe_set1(1.0f), zero = fe_set1(0.0f);
    fe_vec e = fe_exp_nonpositive(-fe_abs(s));
    fe_vec d = one + e;
    fe_vec sigma = fe_select(s >= 0.0f, one, e) / d;
    fe_vec y = fe_select(is_one, one, zero);
    fe_store(g, fe_select(used, (y - sigma) * alpha, zero));
    /* softplus(x) = max(x, 0) + log(1 + exp(-|x|)) with x = -s for label 1, s for label 0 */
    fe_vec x = fe_select(is_one, -s, s);
    loss->product *= fe_select(used, d, one);
    loss->hinge += fe_select(used & (x > 0.0f), x, zero);
    if (FE_UNLIKELY(++loss->pending == FE_LOSS_TERMS)) fe_loss_flush(loss);
}

#define FE_TILE_CASE(I, J)                                                  \
    case J:                                                                 \
        fe_tile(I, J, in, out, dim, labels, alpha, g, loss);                \
        break;

static FE_NOINLINE void fe_tile_pair(int J, const float *const *in, float *const *out, int dim,
                                     uint32_t labels, float alpha, float *g, fe_loss *loss) {
    switch (J) {
        FE_TILE_CASE(2, 1)
        FE_TILE_CASE(2, 2)
#if FE_HALF >= 4
        FE_TILE_CASE(2, 3)
        FE_TILE_CASE(2, 4)
#endif
#if FE_HALF >= 8
        FE_TILE_CASE(2, 5)
        FE_TILE_CASE(2, 6)
        FE_TILE_CASE(2, 7)
        FE_TILE_CASE(2, 8)
#endif
    }
}
static FE_NOINLINE void fe_tile_single(int J, const float *const *in, float *const *out, int dim,
                                       uint32_t labels, float alpha, float *g, fe_loss *loss) {
    switch (J) {
        FE_TILE_CASE(1, 1)
        FE_TILE_CASE(1, 2)
#if FE_HALF >= 4
        FE_TILE_CASE(1, 3)
        FE_TILE_CASE(1, 4)
#endif
#if FE_HALF >= 8
        FE_TILE_CASE(1, 5)
        FE_TILE_CASE(1, 6)
        FE_TILE_CASE(1, 7)
        FE_TILE_CASE(1, 8)
#endif
    }
}
#undef FE_TILE_CASE

/* The update with J outputs held in registers; J is a constant after inlining. */
FE_INLINE void fe_update_held(const int J, const float *const *in, float *const *grad, int m,
                              float *const *out, int dim, const float *g, size_t g_pair) {
    for (int k = 0; k < dim; k += FE_LANES) {
        fe_vec u[12], du[12];
#pragma GCC unroll 12
        for (int j = 0; j < J; j++) {
            u[j] = fe_load(out[j] + k);
            du[j] = fe_set1(0.0f);
        }
        for (int i = 0; i < m; i++) {
            const float *gi = g + (size_t)(i >> 1) * g_pair + (size_t)(i & 1) * FE_HALF;
            fe_vec v = fe_load(in[i] + k);
            fe_vec dv = fe_set1(0.0f);
#pragma GCC unroll 12
            for (int j = 0; j < J; j++) {
                fe_vec c = fe_set1(gi[j / FE_HALF * FE_LANES + j % FE_HALF]);
                dv = fe_fma(c, u[j], dv);
                du[j] = fe_fma(c, v, du[j]);
            }
            fe_store(grad[i] + k, fe_load(grad[i] + k) + dv);
        }
#pragma GCC unroll 12
        for (int j = 0; j < J; j++) fe_store(out[j] + k, fe_load(out[j] + k) + du[j]);
    }
}

/* The same for any number of outputs, their gradients du in scratch (n * FE_LANES floats). */
static FE_NOINLINE void fe_update_any(const float *const *in, float *const *grad, int m,
                                      float *const *out, int n, int dim, const float *g,
                                      size_t g_pair, float *du) {
    for (int k = 0; k < dim; k += FE_LANES) {
        memset(du, 0, (size_t)n * FE_VEC_BYTES);
        for (int i = 0; i < m; i++) {
            const float *gi = g + (size_t)(i >> 1) * g_pair + (size_t)(i & 1) * FE_HALF;
            fe_vec v = fe_load(in[i] + k);
            fe_vec dv = fe_set1(0.0f);
            for (int j = 0; j < n; j++) {
                fe_vec c = fe_set1(gi[j / FE_HALF * FE_LANES + j % FE_HALF]);
                dv = fe_fma(c, fe_load(out[j] + k), dv);
                fe_store(du + j * FE_LANES, fe_fma(c, v, fe_load(du + j * FE_LANES)));
            }
            fe_store(grad[i] + k, fe_load(grad[i] + k) + dv);
        }
        for (int j = 0; j < n; j++)
            fe_store(out[j] + k, fe_load(out[j] + k) + fe_load(du + j * FE_LANES));
    }
}

/* One step.
 *   in      IN (m,) rows of the inputs; grad OUT (m,) where their steps are added: the same rows,
 *           or buffers of their own where the step is applied later
 *   out     INOUT (n,) rows of the outputs; labels IN: bit j % 64 of word j / 64 is y_j
 *   dim     floats of a row, a multiple of FE_LANES, padding zero
 *   g       scratch, fe_logistic_scratch(m, n) floats, aligned; du scratch, n * FE_LANES floats */
static inline void fe_logistic_step(const float *const *in, float *const *grad, int m,
                                    float *const *out, int n, const uint64_t *labels, int dim,
                                    float alpha, float *g, float *du, fe_loss *loss) {
    const size_t tiles = ((size_t)n + FE_HALF - 1) / FE_HALF, g_pair = tiles * FE_LANES;
    for (int j = 0; j < n; j += FE_HALF) {
        const int width = n - j < FE_HALF ? n - j : FE_HALF;
        const uint32_t bits = (uint32_t)(labels[j >> 6] >> (j & 63)) & ((1u << FE_HALF) - 1);
        float *column = g + (size_t)(j / FE_HALF) * FE_LANES;
        int i = 0;
        for (; i + 1 < m; i += 2, column += g_pair)
            fe_tile_pair(width, in + i, out + j, dim, bits, alpha, column, loss);
        if (i < m) fe_tile_single(width, in + i, out + j, dim, bits, alpha, column, loss);
    }
    switch (n) {
#define FE_UPDATE_CASE(J)                                            \
    case J:                                                          \
        fe_update_held(J, in, grad, m, out, dim, g, g_pair);         \
        break;
        FE_UPDATE_CASE(1)
        FE_UPDATE_CASE(2)
        FE_UPDATE_CASE(3)
        FE_UPDATE_CASE(4)
        FE_UPDATE_CASE(5)
        FE_UPDATE_CASE(6)
#if FE_REGISTERS == 32
        FE_UPDATE_CASE(7)
        FE_UPDATE_CASE(8)
        FE_UPDATE_CASE(9)
        FE_UPDATE_CASE(10)
        FE_UPDATE_CASE(11)
        FE_UPDATE_CASE(12)
#endif
#undef FE_UPDATE_CASE
        default:
            fe_update_any(in, grad, m, out, n, dim, g, g_pair, du);
    }
}

#endif
