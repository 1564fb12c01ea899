/* cooc_row.h: one row of a count matrix: a dense sum for each column, and a list of those that have
 * one. Sums are integers, so they do not depend on the order in which they are added; the row
 * comes out with its columns in order, as counts or as their quotients by a scale, rounded once.
 *
 * No hash and no sort: a column enters the list when its sum leaves zero, the list is put into a
 * bitmap of two levels, and the bitmap is read in order. All three are clean again afterwards.
 */
#ifndef FE_COOC_ROW_H
#define FE_COOC_ROW_H

#include <float.h>

#include "fe_base.h"

typedef struct {
    uint64_t *sums;    /* (n_columns,) zero between rows */
    uint32_t *touched; /* (n_columns + 1,) columns whose sum is not zero; one more may be written */
    uint64_t *bits;    /* one bit a column, zero between rows */
    uint64_t *summary; /* one bit a word of `bits`, zero between rows */
    uint32_t n_touched, n_columns;
} fe_cooc_row;

/* Where rows go, one after the other. */
typedef struct {
    uint64_t first, last; /* IN rows of the matrix: [first, last) */
    uint64_t capacity;    /* IN entries that there is room for */
    uint64_t n;           /* OUT entries written */
    uint32_t *columns;    /* OUT (capacity,) rising in each row */
    uint64_t *counts;     /* OUT (capacity,) or NULL */
    float *data;          /* OUT (capacity,) counts divided by `scale`, or NULL */
    uint64_t *sizes;      /* OUT (last - first,) entries of each row */
    uint64_t scale;       /* IN below 2^28, or a power of two up to 2^32 */
} fe_cooc_out;

/* Bytes of a row's arrays: what fe_cooc_row_alloc takes. */
static inline uint64_t fe_cooc_row_bytes(uint64_t n_columns) {
    const uint64_t words = n_columns / 64 + 1;
    return n_columns * 8 + (n_columns + 1) * 4 + words * 8 + (words / 64 + 1) * 8;
}

static inline void fe_cooc_row_free(fe_cooc_row *row) {
    free(row->sums);
    free(row->touched);
    free(row->bits);
    free(row->summary);
    memset(row, 0, sizeof *row);
}

static inline fe_status fe_cooc_row_alloc(fe_cooc_row *row, uint32_t n_columns) {
    const size_t words = (size_t)n_columns / 64 + 1;
    memset(row, 0, sizeof *row);
    row->n_columns = n_columns;
    row->sums = fe_calloc_array(n_columns, sizeof *row->sums);
    row->touched = fe_malloc_array((size_t)n_columns + 1, sizeof *row->touched);
    row->bits = fe_calloc_array(words, sizeof *row->bits);
    row->summary = fe_calloc_array(words / 64 + 1, sizeof *row->summary);
    if (row->sums && row->touched && row->bits && row->summary) return FE_OK;
    fe_cooc_row_free(row);
    return FE_ENOMEM;
}

/* sums[column] += count > 0; the caller knows that it does not overflow. No branch: whether a
 * column is new is a coin that no processor predicts. `n` is row->n_touched in a register. */
FE_INLINE uint32_t fe_cooc_add(fe_cooc_row *row, uint32_t n, uint32_t column, uint64_t count) {
    const uint64_t before = row->sums[column];
    row->sums[column] = before + count;
    row->touched[n] = column;
    return n + (before == 0);
}

/* Add a piece of a row: columns IN (n,), counts IN (n,), or NULL where each is one. */
static inline fe_status fe_cooc_add_all(fe_cooc_row *row, const uint32_t *columns,
                                        const uint64_t *counts, uint64_t n) {
    uint32_t touched = row->n_touched;
    uint64_t carry = 0;
    for (uint64_t k = 0; k < n; k++) {
        const uint32_t column = columns[k];
        const uint64_t count = counts != NULL ? counts[k] : 1;
        if (FE_UNLIKELY(column >= row->n_columns || count == 0)) return FE_EINVAL;
        carry |= row->sums[column] + count < count;
        touched = fe_cooc_add(row, touched, column, count);
    }
    row->n_touched = touched;
    return carry ? FE_EOVERFLOW : FE_OK;
}

/* v / scale as the nearest float, ties to even. */
static inline float fe_cooc_quotient(uint64_t v, uint64_t scale) {
    if (v < (uint64_t)1 << 52) {
        /* With scale < 2^28 no quotient is so near to the middle of two floats that rounding it to
         * a double first takes it there: a middle m has 25 bits, so v / scale is m, or differs
         * from it by more than m / (2^25 scale) > 2^-53 m, or than m / v. */
        return (float)((double)(int64_t)v / (double)scale);
    }
    if ((scale & (scale - 1)) == 0) return (float)v / (float)scale;
    /* an integer quotient of 26 bits or more, its last bit set where there is a remainder */
    const uint64_t times = v < (uint64_t)1 << 62 ? 4 : 1;
    const uint64_t q = v * times / scale, rest = v * times % scale;
    return (float)(q | (rest != 0)) / (float)times;
}

static inline void fe_cooc_quotients(const uint64_t *counts, size_t n, uint64_t scale,
                                     float *data) {
    uint64_t any = 0;
    for (size_t k = 0; k < n; k++) any |= counts[k];
    if (FE_UNLIKELY(any >> 52)) {
        for (size_t k = 0; k < n; k++) data[k] = fe_cooc_quotient(counts[k], scale);
        return;
    }
    const double divisor = (double)scale;
    for (size_t k = 0; k < n; k++) data[k] = (float)((double)(int64_t)counts[k] / divisor);
}

/* Write the row behind what `out` holds, and begin a new one. */
static inline fe_status fe_cooc_emit(fe_cooc_row *row, fe_cooc_out *out, uint64_t row_number) {
    const uint32_t n = row->n_touched;
    const uint64_t at = out->n;
    if (n > out->capacity - at) return FE_EINVAL;
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t column = row->touched[k];
        row->bits[column >> 6] |= (uint64_t)1 << (column & 63);
        row->summary[column >> 12] |= (uint64_t)1 << (column >> 6 & 63);
    }
    uint32_t *columns = out->columns + at;
    uint32_t written = 0;
    const uint32_t n_summary = row->n_columns / 4096 + 1;
    for (uint32_t s = 0; written < n && s < n_summary; s++) {
        uint64_t words = row->summary[s];
        row->summary[s] = 0;
        for (; words; words &= words - 1) {
            const uint32_t w = s * 64 + (uint32_t)__builtin_ctzll(words);
            uint64_t bits = row->bits[w];
            row->bits[w] = 0;
            for (; bits; bits &= bits - 1)
                columns[written++] = w * 64 + (uint32_t)__builtin_ctzll(bits);
        }
    }
    uint64_t block[256];
    for (uint32_t k = 0; k < n; k += 256) {
        const uint32_t m = n - k < 256 ? n - k : 256;
        uint64_t *counts = out->counts != NULL ? out->counts + at + k : block;
        for (uint32_t i = 0; i < m; i++) {
            counts[i] = row->sums[columns[k + i]];
            row->sums[columns[k + i]] = 0;
        }
        if (out->data != NULL) fe_cooc_quotients(counts, m, out->scale, out->data + at + k);
    }
    out->sizes[row_number - out->first] = n;
    out->n = at + n;
    row->n_touched = 0;
    return FE_OK;
}

/* The first entry of rows that is not as these rows are written: columns rising and below
 * n_columns, counts positive and finite; the number of entries if there is none.
 *   indptr IN (n_rows + 1,) that fits indices and data, IN (indptr[n_rows],) */
static inline int64_t fe_counts_check(const int64_t *indptr, int64_t n_rows,
                                      const int32_t *indices, const float *data,
                                      int64_t n_columns) {
    for (int64_t i = 0; i < n_rows; i++) {
        int64_t before = -1;
        for (int64_t k = indptr[i]; k < indptr[i + 1]; k++) {
            /* not (a and b): a NaN is neither */
            const int positive = data[k] > 0 && data[k] <= FLT_MAX;
            if (FE_UNLIKELY(indices[k] <= before || indices[k] >= n_columns || !positive)) return k;
            before = indices[k];
        }
    }
    return indptr[n_rows];
}

#endif
