/* topk.h: the k largest of long rows of scores, without sorting them.
 *
 * A row keeps its k best in a heap whose root is the worst of them. A block of scores is computed
 * in vectors and compared with the root in one go; only a block with a better one is looked at
 * score by score. After the first few thousand scores that is rare, so the scan costs as much as
 * reading the scores once. Equal scores: the lower index wins. NaN never gets in.
 */
#ifndef FE_TOPK_H
#define FE_TOPK_H

#include <math.h>

#include "fe_base.h"

#define FE_TOPK_BLOCK 64

/* Is (s, i) a worse entry than (t, j)? */
FE_INLINE int fe_topk_worse(float s, int64_t i, float t, int64_t j) {
    return s < t || (s == t && i > j);
}

/* Put (s, i) at or below the root, where there is a hole, of a heap of n. */
FE_INLINE void fe_topk_sift(float *score, int64_t *index, int64_t n, float s, int64_t i) {
    int64_t hole = 0;
    for (;;) {
        int64_t child = 2 * hole + 1;
        if (child >= n) break;
        if (child + 1 < n &&
            fe_topk_worse(score[child + 1], index[child + 1], score[child], index[child]))
            child++;
        if (!fe_topk_worse(score[child], index[child], s, i)) break;
        score[hole] = score[child];
        index[hole] = index[child];
        hole = child;
    }
    score[hole] = s;
    index[hole] = i;
}

FE_INLINE void fe_topk_offer(float *score, int64_t *index, int64_t k, int64_t *size, float s,
                             int64_t i) {
    if (*size == k) {
        if (fe_topk_worse(score[0], index[0], s, i)) fe_topk_sift(score, index, k, s, i);
        return;
    }
    if (!(s > -INFINITY)) return;
    int64_t hole = (*size)++;
    while (hole > 0) {
        int64_t parent = (hole - 1) / 2;
        if (!fe_topk_worse(s, i, score[parent], index[parent])) break;
        score[hole] = score[parent];
        index[hole] = index[parent];
        hole = parent;
    }
    score[hole] = s;
    index[hole] = i;
}

/* Offer the block of n <= FE_TOPK_BLOCK scores of indices first, first + 1, ... */
FE_INLINE void fe_topk_block(const float *block, int64_t n, int64_t first, int64_t k, float *score,
                             int64_t *index, int64_t *size) {
    float worst = *size == k ? score[0] : -INFINITY;
    int better = 0;
#pragma omp simd reduction(| : better)
    for (int64_t j = 0; j < n; j++) better |= block[j] > worst;
    if (FE_LIKELY(!better)) return;
    for (int64_t j = 0; j < n; j++)
        if (block[j] > worst) {
            fe_topk_offer(score, index, k, size, block[j], first + j);
            if (*size == k) worst = score[0];
        }
}

/* Offer n scores dots[j] * scale[j] (scale NULL: as they are) of indices first + j to the heap of
 * one row. */
static inline void fe_topk_scan(const float *dots /* IN (n) */, const float *scale /* IN (n) */,
                                int64_t n, int64_t first, int64_t k,
                                float *score /* INOUT (k) */, int64_t *index /* INOUT (k) */,
                                int64_t *size /* INOUT */) {
    float block[FE_TOPK_BLOCK];
    for (int64_t start = 0; start < n; start += FE_TOPK_BLOCK) {
        int64_t m = n - start < FE_TOPK_BLOCK ? n - start : FE_TOPK_BLOCK;
        const float *source = dots + start;
        if (scale != NULL) {
#pragma omp simd
            for (int64_t j = 0; j < m; j++) block[j] = source[j] * scale[start + j];
            source = block;
        }
        fe_topk_block(source, m, first + start, k, score, index, size);
    }
}

/* 3CosMul, equation (4) of Levy and Goldberg (2014): cosines shifted to [0, 1],
 * b' * c' / (a' + 1e-6). a, b, c are rows of cosines. */
static inline void fe_topk_cosmul(const float *a /* IN (n) */, const float *b /* IN (n) */,
                                  const float *c /* IN (n) */, int64_t n, int64_t first, int64_t k,
                                  float *score /* INOUT (k) */, int64_t *index /* INOUT (k) */,
                                  int64_t *size /* INOUT */) {
    float block[FE_TOPK_BLOCK];
    for (int64_t start = 0; start < n; start += FE_TOPK_BLOCK) {
        int64_t m = n - start < FE_TOPK_BLOCK ? n - start : FE_TOPK_BLOCK;
#pragma omp simd
        for (int64_t j = 0; j < m; j++) {
            float top = (1.0f + b[start + j]) * 0.5f * ((1.0f + c[start + j]) * 0.5f);
            block[j] = top / ((1.0f + a[start + j]) * 0.5f + 0.000001f);
        }
        fe_topk_block(block, m, first + start, k, score, index, size);
    }
}

/* Turn the heap into a list, best first. */
static inline void fe_topk_sort(float *score /* INOUT (size) */, int64_t *index /* INOUT (size) */,
                                int64_t size) {
    for (int64_t n = size - 1; n > 0; n--) {
        float s = score[n];
        int64_t i = index[n];
        score[n] = score[0];
        index[n] = index[0];
        fe_topk_sift(score, index, n, s, i);
    }
}

#endif
