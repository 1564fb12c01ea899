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
#define FE_SPMM_AHEAD 16

/* One row of y, columns k .. k + vectors * FE_LANES - 1: `ways` entries at a time, each with sums
 * of its own, because one chain of additions would wait for itself. vectors and ways are constants
 * where this is called, so the sums are registers. last: the last entry that may be looked at. */
FE_INLINE void fe_spmm_part(const fe_csr *a, int64_t begin, int64_t end, int64_t last,
                            const float *x, size_t stride, float *y, int vectors, int ways) {
    fe_vec sum[8];
    for (int s = 0; s < vectors * ways; s++) sum[s] = (fe_vec){0};
    int64_t p = begin;
    for (; p + ways <= end; p += ways) {
        for (int w = 0; w < ways; w++) {
            int64_t ahead = p + w + FE_SPMM_AHEAD;
            const float *next = x + (size_t)a->indices[ahead < last ? ahead : last] * stride;
            for (int v = 0; v < vectors; v += FE_CACHE_LINE / FE_VEC_BYTES)
                FE_PREFETCH(next + v * FE_LANES);
            const float *row = x + (size_t)a->indices[p + w] * stride;
            const fe_vec value = fe_set1(a->data[p + w]);
            for (int v = 0; v < vectors; v++)
                sum[w * vectors + v] =
                    fe_fma(value, fe_load(row + v * FE_LANES), sum[w * vectors + v]);
        }
    }
    for (; p < end; p++) {
        const float *row = x + (size_t)a->indices[p] * stride;
        const fe_vec value = fe_set1(a->data[p]);
        for (int v = 0; v < vectors; v++)
            sum[v] = fe_fma(value, fe_load(row + v * FE_LANES), sum[v]);
    }
    for (int w = 1; w < ways; w++)
        for (int v = 0; v < vectors; v++) sum[v] += sum[w * vectors + v];
    for (int v = 0; v < vectors; v++) fe_store(y + v * FE_LANES, sum[v]);
}

/* Rows first .. stop - 1 of y = a x. x (a->n_columns, stride) IN, y (a->n_rows, stride) OUT: the
 * first `width` columns of each; width is a multiple of 16. Indices were checked by the caller. */
static inline void fe_spmm(const fe_csr *a, int64_t first, int64_t stop, const float *x, float *y,
                    size_t stride, int64_t width) {
    const int64_t last = a->indptr[stop] - 1;
    for (int64_t i = first; i < stop; i++) {
        const int64_t begin = a->indptr[i], end = a->indptr[i + 1];
        float *row = y + (size_t)i * stride;
        int64_t k = 0;
        for (; k + 8 * FE_LANES <= width; k += 8 * FE_LANES)
            fe_spmm_part(a, begin, end, last, x + k, stride, row + k, 8, 1);
        for (; k + 4 * FE_LANES <= width; k += 4 * FE_LANES)
            fe_spmm_part(a, begin, end, last, x + k, stride, row + k, 4, 2);
        for (; k + 2 * FE_LANES <= width; k += 2 * FE_LANES)
            fe_spmm_part(a, begin, end, last, x + k, stride, row + k, 2, 4);
        for (; k + FE_LANES <= width; k += FE_LANES)
            fe_spmm_part(a, begin, end, last, x + k, stride, row + k, 1, 8);
    }
}

#endif
