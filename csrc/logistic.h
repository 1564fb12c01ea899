/* logistic.h: one step of M logistic regressions against N shared outputs, in registers.
 *
 * Inputs v_1..v_M and outputs u_1..u_N are rows of two matrices, y_j in {0, 1} the label of output
 * j. The loss and its gradient (Mikolov et al. 2013b, eq. 4 for negative samples; Morin & Bengio
 * 2005 for the inner nodes of a tree) are
 *
 *     L = sum_ij -log sigma((2 y_j - 1) v_i . u_j),   g_ij = alpha (y_j - sigma(v_i . u_j)),
 *     v_i += sum_j g_ij u_j,   u_j += sum_i g_ij v_i.
 *
 * All coefficients g are taken before any row changes. Skip-gram calls this once per centre word
 * with the words of its window as inputs: the tiny matrix product that results reads each row
 * twice and writes it once, where the textbook's pair-by-pair form does so for every pair.
 *
 * A row may stand twice among the inputs or the outputs: it gets both steps. The second occurrence
 * of an input enters the gradient of u with the first step made; where there are more outputs than
 * registers hold, they are updated in groups, one after the other, and inputs with the last group.
 */
#ifndef FE_LOGISTIC_H
#define FE_LOGISTIC_H

#include <math.h>

#include "vec.h"

/* The loss so far: log prod (1 + exp(-|x|)) is kept as a product, one logarithm per many terms. */
typedef struct {
    fe_vec product;     /* of 1 + exp(-|x|), at most 2^FE_LOSS_TERMS */
    fe_vec twice_hinge; /* sum of x + |x| = 2 max(x, 0) */
    double total;
    int pending;        /* tiles in the product */
    int unused;         /* their lanes that were no dot product, each a factor 2 */
} fe_loss;
#define FE_LOSS_TERMS 96

FE_INLINE void fe_loss_reset(fe_loss *loss) {
    loss->product = fe_set1(1.0f);
    loss->twice_hinge = fe_set1(0.0f);
    loss->total = 0.0;
    loss->pending = loss->unused = 0;
}

static FE_NOINLINE double fe_loss_flush(fe_loss *loss) {
    for (int i = 0; i < FE_LANES; i++)
        loss->total += log((double)loss->product[i]) + 0.5 * (double)loss->twice_hinge[i];
    loss->total -= 0.693147180559945309417 * loss->unused;
    loss->product = fe_set1(1.0f);
    loss->twice_hinge = fe_set1(0.0f);
    loss->pending = loss->unused = 0;
    return loss->total;
}

/* A tile is two inputs by FE_HALF outputs: as many dot products as a vector has lanes. */
#define FE_HALF (FE_LANES / 2)
/* Outputs whose row and gradient stay in registers in the update. */
#if FE_REGISTERS == 32
#define FE_OUTPUTS_HELD 12
#else
#define FE_OUTPUTS_HELD 6
#endif

/* Row length of the coefficients g, and floats of scratch, for m inputs and at most n outputs.
 * Few outputs are packed: a tile's rows are then one vector, whose unused lanes the next tile
 * overwrites. */
FE_INLINE size_t fe_logistic_row(size_t n) {
    return n <= FE_HALF ? n : (n + FE_HALF - 1) / FE_HALF * FE_HALF;
}
FE_INLINE size_t fe_logistic_scratch(size_t m, size_t n, size_t dim) {
    return m * (dim + (n + FE_HALF - 1) / FE_HALF * FE_HALF) + FE_LANES;
}

/* Dot products of I (1 or 2) inputs with J (1 to FE_HALF) outputs, their loss, and
 * coefficients g OUT (I rows, g_row apart; g_row = J where they are packed). I, J and PACKED are
 * constants after inlining, so that unused lanes cost nothing in the sum. */
FE_INLINE void fe_tile(const int I, const int J, const int PACKED, const float *const *in,
                       float *const *out, int dim, uint32_t labels, float alpha, float *g,
                       size_t g_row, fe_loss *loss) {
    const int S = PACKED ? J : FE_HALF; /* the lane of the second input's first dot product */
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
            if (I > 1) acc[S + j] = fe_fma(v1, u, acc[S + j]);
        }
    }
    /* x = -s for label 1 and s for label 0, so that the loss is log(1 + exp(x)) and
     * g = +- alpha sigma(x) with the sign of the label */
    const fe_vec one = fe_set1(1.0f);
    const fe_veci flip = fe_sign_bits(labels | labels << S);
    fe_vec x = (fe_vec)((fe_veci)fe_transpose_sum(acc) ^ flip), size = fe_abs(x);
    fe_vec e = fe_exp_nonpositive(-size), d = one + e;
    fe_vec rate = (fe_vec)((fe_veci)fe_set1(-alpha) ^ flip);
    fe_vec coefficients = fe_select(x >= 0.0f, one, e) * rate / d;
    if (PACKED)
        fe_store(g, coefficients);
    else if (I > 1)
        fe_store_halves(g, g + g_row, coefficients);
    else
        fe_store_half(g, coefficients);
    /* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)); a lane that is not used has x = 0, a known
     * log 2 that the flush takes off */
    loss->product *= d;
    loss->twice_hinge += x + size;
    loss->unused += FE_LANES - I * J;
    if (FE_UNLIKELY(++loss->pending == FE_LOSS_TERMS)) fe_loss_flush(loss);
}

#define FE_TILE_CASE(I, J, PACKED)                                          \
    case J:                                                                 \
        fe_tile(I, J, PACKED, in, out, dim, labels, alpha, g, g_row, loss); \
        break;
#if FE_HALF == 2
#define FE_TILE_CASES(I, CASE) CASE(I, 1) CASE(I, 2)
#elif FE_HALF == 4
#define FE_TILE_CASES(I, CASE) CASE(I, 1) CASE(I, 2) CASE(I, 3) CASE(I, 4)
#else
#define FE_TILE_CASES(I, CASE) \
    CASE(I, 1) CASE(I, 2) CASE(I, 3) CASE(I, 4) CASE(I, 5) CASE(I, 6) CASE(I, 7) CASE(I, 8)
#endif
#define FE_PACKED(I, J) FE_TILE_CASE(I, J, 1)
#define FE_SPACED(I, J) FE_TILE_CASE(I, J, 0)
#define FE_TILES(NAME, I, CASE)                                                                  \
    static FE_NOINLINE void NAME(int J, const float *const *in, float *const *out, int dim,      \
                                 uint32_t labels, float alpha, float *g, size_t g_row,           \
                                 fe_loss *loss) {                                                \
        switch (J) { FE_TILE_CASES(I, CASE) }                                                    \
    }
FE_TILES(fe_pair_packed, 2, FE_PACKED)
FE_TILES(fe_single_packed, 1, FE_PACKED)
FE_TILES(fe_pair_spaced, 2, FE_SPACED)
FE_TILES(fe_single_spaced, 1, FE_SPACED)
#undef FE_TILES
#undef FE_PACKED
#undef FE_SPACED
#undef FE_TILE_CASES
#undef FE_TILE_CASE

/* The update of a group of J outputs, whose rows and gradients stay in registers. Where there are
 * several groups, the steps of the inputs add up in dv (m, dim) and are made with the last one.
 * J, FIRST and LAST are constants after inlining. */
FE_INLINE void fe_update_group(const int J, const int FIRST, const int LAST,
                               const float *const *in, float *const *grad, int m,
                               float *const *out, int dim, const float *g, size_t g_row,
                               float *dv) {
    for (int k = 0; k < dim; k += FE_LANES) {
        fe_vec u[FE_OUTPUTS_HELD], du[FE_OUTPUTS_HELD];
#pragma GCC unroll 12
        for (int j = 0; j < J; j++) {
            u[j] = fe_load(out[j] + k);
            du[j] = fe_set1(0.0f);
        }
        for (int i = 0; i < m; i++) {
            const float *gi = g + (size_t)i * g_row;
            const fe_vec v = fe_load(in[i] + k);
            /* two sums halve the chain of dependent additions */
            fe_vec even = fe_set1(0.0f), odd = fe_set1(0.0f);
#pragma GCC unroll 12
            for (int j = 0; j < J; j++) {
                const fe_vec c = fe_set1(gi[j]);
                if (j % 2 == 0)
                    even = j == 0 ? c * u[j] : fe_fma(c, u[j], even);
                else
                    odd = j == 1 ? c * u[j] : fe_fma(c, u[j], odd);
                du[j] = fe_fma(c, v, du[j]);
            }
            if (J > 1) even += odd;
            if (!FIRST) even += fe_load(dv + (size_t)i * dim + k);
            if (LAST)
                fe_store(grad[i] + k, (grad[i] == in[i] ? v : fe_load(grad[i] + k)) + even);
            else
                fe_store(dv + (size_t)i * dim + k, even);
        }
        /* read again: a row that stands twice gets both steps */
#pragma GCC unroll 12
        for (int j = 0; j < J; j++) fe_store(out[j] + k, fe_load(out[j] + k) + du[j]);
    }
}

#if FE_OUTPUTS_HELD == 12
#define FE_CASES_LOW(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5)
#define FE_CASES_HIGH(CASE) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#else
#define FE_CASES_LOW(CASE) CASE(1) CASE(2)
#define FE_CASES_HIGH(CASE) CASE(3) CASE(4) CASE(5) CASE(6)
#endif

/* More outputs than registers hold, in groups of about equal size, half of what they hold or more.
 * dv: scratch, (m, dim) floats. */
static FE_NOINLINE void fe_update_groups(const float *const *in, float *const *grad, int m,
                                         float *const *out, int n, int dim, const float *g,
                                         size_t g_row, float *dv) {
    const int groups = (n + FE_OUTPUTS_HELD - 1) / FE_OUTPUTS_HELD;
    for (int q = 0; q < groups; q++) {
        const int from = n * q / groups, size = n * (q + 1) / groups - from;
        float *const *rows = out + from;
        const float *own = g + from;
        switch (size) {
#define FE_GROUP_CASE(J)                                                             \
    case J:                                                                          \
        if (q == 0)                                                                  \
            fe_update_group(J, 1, 0, in, grad, m, rows, dim, own, g_row, dv);        \
        else if (q + 1 < groups)                                                     \
            fe_update_group(J, 0, 0, in, grad, m, rows, dim, own, g_row, dv);        \
        else                                                                         \
            fe_update_group(J, 0, 1, in, grad, m, rows, dim, own, g_row, dv);        \
        break;
            FE_CASES_HIGH(FE_GROUP_CASE)
#undef FE_GROUP_CASE
        }
    }
}

/* One step.
 *   in      IN (m,) rows of the inputs; grad OUT (m,) where their steps are added: the same rows,
 *           or buffers of their own where the step is applied later
 *   out     INOUT (n,) rows of the outputs; labels IN: bit j % 64 of word j / 64 is y_j
 *   dim     floats of a row, a multiple of FE_LANES, padding zero
 *   scratch fe_logistic_scratch(m, n, dim) floats, aligned */
static inline void fe_logistic_step(const float *const *in, float *const *grad, int m,
                                    float *const *out, int n, const uint64_t *labels, int dim,
                                    float alpha, float *scratch, fe_loss *loss) {
    const size_t g_row = fe_logistic_row((size_t)n);
    float *dv = scratch, *g = scratch + (size_t)m * (size_t)dim;
    for (int j = 0; j < n; j += FE_HALF) {
        const int width = n - j < FE_HALF ? n - j : FE_HALF;
        const uint32_t bits = (uint32_t)(labels[j >> 6] >> (j & 63)) & ((1u << FE_HALF) - 1);
        float *column = g + j;
        int i = 0;
        for (; i + 1 < m; i += 2, column += 2 * g_row)
            if (n <= FE_HALF)
                fe_pair_packed(width, in + i, out + j, dim, bits, alpha, column, g_row, loss);
            else
                fe_pair_spaced(width, in + i, out + j, dim, bits, alpha, column, g_row, loss);
        if (i < m && n <= FE_HALF)
            fe_single_packed(width, in + i, out + j, dim, bits, alpha, column, g_row, loss);
        else if (i < m)
            fe_single_spaced(width, in + i, out + j, dim, bits, alpha, column, g_row, loss);
    }
    switch (n) {
#define FE_UPDATE_CASE(J)                                                 \
    case J:                                                               \
        fe_update_group(J, 1, 1, in, grad, m, out, dim, g, g_row, dv);    \
        break;
        FE_CASES_LOW(FE_UPDATE_CASE)
        FE_CASES_HIGH(FE_UPDATE_CASE)
#undef FE_UPDATE_CASE
        default:
            fe_update_groups(in, grad, m, out, n, dim, g, g_row, dv);
    }
}

#endif
