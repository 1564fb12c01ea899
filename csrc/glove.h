/* glove.h: GloVe, Pennington, Socher & Manning 2014, eq. 8, by AdaGrad (Duchi, Hazan & Singer 2011).
 *
 * With d = w_i . c_j + b_i + b~_j - log X_ij and f(x) = min(1, (x / x_max)^alpha) the loss of a pair
 * is 1/2 f(X_ij) d^2. Biases are coordinates: a word's row is (w, b, 1, 0...), a context's is
 * (c, 1, b~, 0...), so that rows r and q of the two tables have d = r . q - log X, and with
 * F = f(X_ij) d the gradients are F q and F r. Beside each number p lies the sum S of its squared
 * gradients, and its step is
 *
 *     S += g^2,   p -= g / sqrt(s + S),
 *
 * with s = 1 / eta^2 for vectors and 1 for biases. s (400 by default) is not in the sum, where small
 * g^2 would be lost to rounding. The S of the ones is so large that they stay. Up to four pairs of one word i are a group: all d are taken
 * before any row changes, and i's row gets one step by the sum of its gradients, with all their
 * squares in S: no step is longer than the root of their number, however large the gradients are.
 *
 * fe_glove_run does the pairs of one part of the words i and one part of the words j: no two units
 * of a stratum share a row, so they may run on several threads with one result (glove_round.h).
 */
#ifndef FE_GLOVE_H
#define FE_GLOVE_H

#include "glove_tiles.h"

#define FE_GLOVE_PINNED 0x1p126f /* the S of a number that stays as it is */
#define FE_GLOVE_SPARSE 2048     /* tiles of less pairs are prefetched, */
#define FE_GLOVE_AHEAD 8         /* this many pairs ahead */
#define FE_GLOVE_SLICE 512       /* pairs whose weights are computed together */

/* First values of a row: vector and bias uniform in [-1/2, 1/2) / dim.
 * side: 0 for a word's row, 1 for a context's; OUT row (2 * stride,), of zeros. */
static inline void fe_glove_first_row(float *row, uint32_t dim, size_t stride, int side,
                                      uint64_t seed, uint64_t word) {
    fe_rng rng = fe_rng_seed(seed, FE_STREAM_GLOVE_INIT, 2 * word + (uint64_t)side);
    for (uint32_t k = 0; k < dim; k++) row[k] = (fe_rng_float(&rng) - 0.5f) / (float)dim;
    row[dim + side] = (fe_rng_float(&rng) - 0.5f) / (float)dim;
    row[dim + 1 - side] = 1.0f;
    row[stride + dim + 1 - side] = FE_GLOVE_PINNED;
}

FE_INLINE fe_vec fe_glove_clip(fe_vec g, float limit) {
    return fe_min(fe_max(g, fe_set1(-limit)), fe_set1(limit));
}

/* Step B (1 to 4) pairs of one row; returns their loss, times 2. B and CLIP are constants after
 * inlining. row (2 * stride,), others B such rows, logs and weights (B,). */
FE_INLINE double fe_glove_group(const int B, const int CLIP, float *row, float *const *others,
                                const float *logs, const float *weights,
                                const fe_glove_job *job) {
    const size_t stride = job->stride;
    fe_vec dots[FE_GLOVE_GROUP];
    for (int b = 0; b < FE_GLOVE_GROUP; b++) dots[b] = fe_set1(0.0f);
    for (size_t k = 0; k < stride; k += FE_LANES) {
        const fe_vec r = fe_load(row + k);
#pragma GCC unroll 4
        for (int b = 0; b < B; b++) dots[b] = fe_fma(r, fe_load(others[b] + k), dots[b]);
    }
    float errors[FE_GLOVE_GROUP]; /* F */
    double loss = 0.0;
    fe_sum_four(dots, errors);
    for (int b = 0; b < B; b++) {
        const float d = errors[b] - logs[b];
        errors[b] = weights[b] * d;
        loss += (double)errors[b] * (double)d;
    }
    for (size_t k = 0; k < stride; k += FE_LANES) {
        const fe_vec start = fe_load(job->starts + k);
        const fe_vec r = fe_load(row + k);
        fe_vec sum = fe_set1(0.0f), squares = fe_load(row + stride + k);
#pragma GCC unroll 4
        for (int b = 0; b < B; b++) {
            const fe_vec error = fe_set1(errors[b]);
            const fe_vec q = fe_load(others[b] + k), t = fe_load(others[b] + stride + k);
            fe_vec dr = error * q, dq = error * r;
            if (CLIP) {
                dr = fe_glove_clip(dr, job->clip);
                dq = fe_glove_clip(dq, job->clip);
            }
            sum += dr;
            squares = fe_fma(dr, dr, squares);
            const fe_vec grown = fe_fma(dq, dq, t);
            fe_store(others[b] + k, fe_fma(-dq, fe_rsqrt(start + grown), q));
            fe_store(others[b] + stride + k, grown);
        }
        fe_store(row + k, fe_fma(-sum, fe_rsqrt(start + squares), r));
        fe_store(row + stride + k, squares);
    }
    return loss;
}

/* f(x) = exp(min(0, alpha (log x - log x_max))) of n <= FE_GLOVE_SLICE pairs. */
FE_INLINE void fe_glove_weights(const fe_glove_job *job, const float *logs, uint32_t n,
                                float *weights) {
    const fe_vec alpha = fe_set1(job->alpha), top = fe_set1(job->log_x_max);
    float rest[FE_LANES];
    for (uint32_t k = 0; k < n; k += FE_LANES) {
        const float *from = logs + k;
        if (FE_UNLIKELY(k + FE_LANES > n)) {
            for (uint32_t l = 0; l < FE_LANES; l++) rest[l] = k + l < n ? from[l] : 0.0f;
            from = rest;
        }
        const fe_vec e = alpha * (fe_load(from) - top);
        fe_store(weights + k, fe_select(e >= 0.0f, fe_set1(1.0f), fe_exp_nonpositive(e)));
    }
}

FE_INLINE void fe_glove_prefetch(const float *row, size_t stride) {
    for (size_t k = 0; k < 2 * stride; k += FE_CACHE_LINE / sizeof(float))
        FE_PREFETCH_WRITE(row + k);
}

/* Step the n pairs of a tile; words and contexts are the first rows of its blocks. Returns the
 * loss, times 2. */
FE_INLINE double fe_glove_tile(const int CLIP, const fe_glove_job *job, float *words,
                               float *contexts, const uint8_t (*pairs)[2], const float *logs,
                               uint32_t n) {
    const size_t stride = job->stride, row = 2 * stride;
    float weights[FE_GLOVE_SLICE];
    uint32_t first = 0, end = 0; /* the pairs that have weights */
    double loss = 0.0;
    for (uint32_t t = 0; t < n;) {
        /* a group never reaches over a slice: the next one begins with it */
        if (t + FE_GLOVE_GROUP > end && end < n) {
            first = t;
            end = n - t < FE_GLOVE_SLICE ? n : t + FE_GLOVE_SLICE;
            fe_glove_weights(job, logs + t, end - first, weights);
        }
        float *others[FE_GLOVE_GROUP];
        const uint8_t i = pairs[t][0];
        uint32_t m = 0;
        for (; m < FE_GLOVE_GROUP && t + m < n && pairs[t + m][0] == i; m++) {
            others[m] = contexts + pairs[t + m][1] * row;
            if (n < FE_GLOVE_SPARSE && t + m + FE_GLOVE_AHEAD < n)
                fe_glove_prefetch(contexts + pairs[t + m + FE_GLOVE_AHEAD][1] * row, stride);
        }
        if (n < FE_GLOVE_SPARSE && t + FE_GLOVE_AHEAD < n)
            fe_glove_prefetch(words + pairs[t + FE_GLOVE_AHEAD][0] * row, stride);
        const float *w = weights + (t - first);
#define FE_GLOVE_CASE(B)                                                                         \
    case B:                                                                                      \
        loss += fe_glove_group(B, CLIP, words + i * row, others, logs + t, w, job);              \
        break;
        switch (m) {
            FE_GLOVE_CASE(1)
            FE_GLOVE_CASE(2)
            FE_GLOVE_CASE(3)
            FE_GLOVE_CASE(4)
        }
#undef FE_GLOVE_CASE
        t += m;
    }
    return loss;
}

static FE_NOINLINE double fe_glove_tile_plain(const fe_glove_job *job, float *words,
                                              float *contexts, const uint8_t (*pairs)[2],
                                              const float *logs, uint32_t n) {
    return fe_glove_tile(0, job, words, contexts, pairs, logs, n);
}
static FE_NOINLINE double fe_glove_tile_clipped(const fe_glove_job *job, float *words,
                                                float *contexts, const uint8_t (*pairs)[2],
                                                const float *logs, uint32_t n) {
    return fe_glove_tile(1, job, words, contexts, pairs, logs, n);
}

/* Step all pairs of a unit, tile by tile in the epoch's order. */
static inline void fe_glove_run(const fe_glove_job *job, fe_glove_unit *unit) {
    const fe_glove_tiles *tiles = &job->tiles;
    const fe_glove_deal *deal = &tiles->deal;
    const size_t n_strips = fe_glove_strips(deal), block_row = FE_GLOVE_BLOCK * 2 * job->stride;
    float *words = job->words + (size_t)unit->part * deal->part_words * 2 * job->stride;
    float *contexts = job->contexts + (size_t)unit->other * deal->part_words * 2 * job->stride;
    uint32_t order[FE_GLOVE_BLOCKS * FE_GLOVE_BLOCKS];
    fe_glove_turn(deal, job->seed, unit, order);
    double loss = 0.0;
    unit->pairs = 0;
    for (uint32_t u = 0; u < deal->blocks * deal->blocks; u++) {
        const uint32_t block = order[u] / deal->blocks, other = order[u] % deal->blocks;
        const size_t strip = (size_t)unit->part * deal->blocks + block;
        const uint32_t *begin =
            tiles->tiles + strip * (n_strips + 1) + (size_t)unit->other * deal->blocks + other;
        const int64_t at = tiles->strips[strip] + begin[0];
        const uint32_t n = begin[1] - begin[0];
        if (n == 0) continue;
        loss += (isinf(job->clip) ? fe_glove_tile_plain : fe_glove_tile_clipped)(
            job, words + block * block_row, contexts + other * block_row,
            (const uint8_t(*)[2])(tiles->pairs + at), tiles->logs + at, n);
        unit->pairs += n;
    }
    unit->loss = 0.5 * loss;
}

#endif
