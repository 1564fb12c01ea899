/* sparse.h: sparse matrices in compressed rows (CSR): transposing, sums, and the weights that
 * turn counts into pointwise mutual information. The product with a dense block is in spmm.h.
 */
#ifndef FE_SPARSE_H
#define FE_SPARSE_H

#include <math.h>

#include "fe_base.h"

/* Row i is the entries indptr[i] .. indptr[i + 1] - 1: columns in indices, values in data. */
typedef struct fe_csr {
    const int64_t *indptr;  /* (n_rows + 1) */
    const int32_t *indices; /* (indptr[n_rows]), each in 0 .. n_columns - 1 */
    const float *data;      /* (indptr[n_rows]) */
    int64_t n_rows;
    int64_t n_columns;
} fe_csr;

/* Whether entries first .. stop - 1 all name a column. */
static inline int fe_csr_fits(const int32_t *indices, int64_t first, int64_t stop, int64_t n_columns) {
    int32_t lowest = 0, highest = -1;
    for (int64_t p = first; p < stop; p++) {
        lowest = indices[p] < lowest ? indices[p] : lowest;
        highest = indices[p] > highest ? indices[p] : highest;
    }
    return lowest >= 0 && highest < n_columns;
}

/* counts (n_columns) IN/OUT: += the entries of rows first .. stop - 1 in each column. */
static inline void fe_csr_count_columns(const fe_csr *a, int64_t first, int64_t stop, int64_t *counts) {
    for (int64_t p = a->indptr[first]; p < a->indptr[stop]; p++) counts[a->indices[p]]++;
}

/* Put rows first .. stop - 1 into the transposed matrix. next (n_columns) IN/OUT: the place of the
 * next entry of each column; indices, data (entries) OUT. */
static inline void fe_csr_scatter(const fe_csr *a, int64_t first, int64_t stop, int64_t *next,
                           int32_t *indices, float *data) {
    for (int64_t i = first; i < stop; i++) {
        for (int64_t p = a->indptr[i]; p < a->indptr[i + 1]; p++) {
            int64_t place = next[a->indices[p]]++;
            indices[place] = (int32_t)i;
            data[place] = a->data[p];
        }
    }
}

/* A count is taken as at most this. */
FE_INLINE double fe_capped(float count, float cap) { return count < cap ? count : cap; }

/* sums (n_rows) OUT: the sum of each row first .. stop - 1, counts capped. */
static inline void fe_csr_row_sums(const fe_csr *a, int64_t first, int64_t stop, float cap,
                            double *sums) {
    for (int64_t i = first; i < stop; i++) {
        double sum = 0;
        for (int64_t p = a->indptr[i]; p < a->indptr[i + 1]; p++) sum += fe_capped(a->data[p], cap);
        sums[i] = sum;
    }
}

/* sums (n_columns) IN/OUT: += the sum of each column over all rows, counts capped. */
static inline void fe_csr_column_sums(const fe_csr *a, float cap, double *sums) {
    for (int64_t p = 0; p < a->indptr[a->n_rows]; p++)
        sums[a->indices[p]] += fe_capped(a->data[p], cap);
}

/* Association of rows and columns: log(count * row[i] * column[j]), that is PMI where row is
 * 1 / n(i) and column 1 / P(j) (docs/svd.md); entries whose product is <= least are left out.
 *
 * kept (n_rows) OUT: how many entries of each row first .. stop - 1 stay. */
static inline void fe_pmi_count(const fe_csr *a, int64_t first, int64_t stop, float cap,
                         const double *row, const double *column, double least, int64_t *kept) {
    for (int64_t i = first; i < stop; i++) {
        int64_t n = 0;
        for (int64_t p = a->indptr[i]; p < a->indptr[i + 1]; p++)
            n += fe_capped(a->data[p], cap) * (row[i] * column[a->indices[p]]) > least;
        kept[i] = n;
    }
}

/* The same rows written to indices and data, row i from indptr[i] on (all OUT but indptr). */
static inline void fe_pmi_fill(const fe_csr *a, int64_t first, int64_t stop, float cap,
                        const double *row, const double *column, double least,
                        const int64_t *indptr, int32_t *indices, float *data) {
    for (int64_t i = first; i < stop; i++) {
        int64_t place = indptr[i];
        for (int64_t p = a->indptr[i]; p < a->indptr[i + 1]; p++) {
            double ratio = fe_capped(a->data[p], cap) * (row[i] * column[a->indices[p]]);
            if (ratio > least) {
                indices[place] = a->indices[p];
                data[place++] = (float)log(ratio);
            }
        }
    }
}

#endif
