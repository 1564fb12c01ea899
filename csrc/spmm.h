/* spmm.h: a sparse matrix in compressed rows (CSR) times a dense block of a few columns.
 *
 *     y[i, :] = sum over the stored (i, j) of a[i, j] * x[j, :]
 *
 * The product of the randomised SVD (docs/svd.md). A row of x is a few vectors wide and its place
 * is random, so what costs is fetching it: rows of x lie on cache lines, those of the next entries
 * are prefetched, and the row of y stays in registers until it is complete. The transposed product
 * takes the transposed matrix, which fe_csr_scatter makes once: no two threads ever write to one
 * row. The order of summation depends on the width of a vector alone, never on threads.
 */
#ifndef FE_SPMM_H
#define FE_SPMM_H

#include "fe_base.h"
#include "sparse.h"
#include "vec.h"

/* Entries between the one that is multiplied and the one whose row of x is fetched. */
#define FE_SPMM_AHEAD 32

/* One row of y, `vectors` vectors of it: `ways` entries at a time, each with sums of its own,
 * because one chain of additions would wait for itself. All of vectors, ways and prefetch are
 * constants where this is called, so the sums are registers. x, y are at their first column. */
FE_INLINE void fe_spmm_part(const int32_t *indices, const float *data, int64_t n, const float *x,
                            float *y, size_t stride, int vectors, int ways, int prefetch) {
    fe_vec sum[8];
    for (int s = 0; s < vectors * ways; s++) sum[s] = (fe_vec){0};
    int64_t p = 0;
    for (; p + ways <= n; p += ways) {
        for (int w = 0; w < ways; w++) {
            if (prefetch) {
                const float *next = x + (size_t)indices[p + w + FE_SPMM_AHEAD] * stride;
                for (int v = 0; v < vectors; v += FE_CACHE_LINE / FE_VEC_BYTES)
                    FE_PREFETCH(next + v * FE_LANES);
            }
            const float *row = x + (size_t)indices[p + w] * stride;
            const fe_vec value = fe_set1(data[p + w]);
            for (int v = 0; v < vectors; v++)
                sum[w * vectors + v] =
                    fe_fma(value, fe_load(row + v * FE_LANES), sum[w * vectors + v]);
        }
    }
    for (; p < n; p++) {
        const float *row = x + (size_t)indices[p] * stride;
        const fe_vec value = fe_set1(data[p]);
        for (int v = 0; v < vectors; v++)
            sum[v] = fe_fma(value, fe_load(row + v * FE_LANES), sum[v]);
    }
    for (int w = 1; w < ways; w++)
        for (int v = 0; v < vectors; v++) sum[v] += sum[w * vectors + v];
    for (int v = 0; v < vectors; v++) fe_store(y + v * FE_LANES, sum[v]);
}

/* All `width` columns of one row of y. */
FE_INLINE void fe_spmm_row(const int32_t *indices, const float *data, int64_t n, const float *x,
                           float *y, size_t stride, int64_t width, int prefetch) {
    int64_t k = 0;
    for (; k + 8 * FE_LANES <= width; k += 8 * FE_LANES)
        fe_spmm_part(indices, data, n, x + k, y + k, stride, 8, 1, prefetch);
    for (; k + 4 * FE_LANES <= width; k += 4 * FE_LANES)
        fe_spmm_part(indices, data, n, x + k, y + k, stride, 4, 2, prefetch);
    for (; k + 2 * FE_LANES <= width; k += 2 * FE_LANES)
        fe_spmm_part(indices, data, n, x + k, y + k, stride, 2, 4, prefetch);
    for (; k + FE_LANES <= width; k += FE_LANES)
        fe_spmm_part(indices, data, n, x + k, y + k, stride, 1, 8, prefetch);
}

/* Rows first .. stop - 1 of y = a x. x (a->n_columns, stride) IN, y (a->n_rows, stride) OUT: the
 * first `width` columns of each, a multiple of 16. The caller has checked a's indices. */
static inline void fe_spmm(const fe_csr *a, int64_t first, int64_t stop, const float *x, float *y,
                           size_t stride, int64_t width) {
    const int64_t readable = a->indptr[stop] - FE_SPMM_AHEAD;
    for (int64_t i = first; i < stop; i++) {
        const int64_t begin = a->indptr[i], end = a->indptr[i + 1];
        const int32_t *indices = a->indices + begin;
        const float *data = a->data + begin;
        float *row = y + (size_t)i * stride;
        if (end <= readable)
            fe_spmm_row(indices, data, end - begin, x, row, stride, width, 1);
        else
            fe_spmm_row(indices, data, end - begin, x, row, stride, width, 0);
    }
}

#endif
