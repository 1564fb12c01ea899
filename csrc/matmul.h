/* matmul.h: products of float matrices of the size of a mini-batch.
 *
 * BLAS packs both operands before it multiplies, which for a mini-batch of a hundred rows is a
 * sixth of its time. Here only B is packed, a block that stays in the first-level cache, and a tile
 * of C, FE_MM_ROWS rows of FE_MM_VECTORS vectors, is summed in registers while A is read where it
 * lies (the scheme of Goto & van de Geijn 2008 without the packing of A).
 */
#ifndef FE_MATMUL_H
#define FE_MATMUL_H

#include "vec.h"

/* A tile, a row of it in B and one number of A fill the registers. */
#define FE_MM_ROWS (FE_REGISTERS / 4)
#define FE_MM_VECTORS 3
#define FE_MM_WIDTH (FE_MM_VECTORS * FE_LANES)
#define FE_MM_DEPTH 196 /* rows of B in a block, of 37 KB at most */

/* One operand: number (i, j) is at from[i * row + j * column]; one of the steps is 1. */
typedef struct {
    const float *from;
    size_t row, column;
} fe_mm_matrix;
FE_INLINE fe_mm_matrix fe_mm_operand(const float *from, int transpose, size_t ld) {
    return transpose ? (fe_mm_matrix){from, 1, ld} : (fe_mm_matrix){from, ld, 1};
}
FE_INLINE fe_mm_matrix fe_mm_at(fe_mm_matrix x, size_t i, size_t j) {
    return (fe_mm_matrix){x.from + i * x.row + j * x.column, x.row, x.column};
}

/* OUT packed (k, vectors): the first n columns of B, zeros behind them. */
FE_INLINE void fe_mm_pack(const int vectors, size_t n, size_t k, fe_mm_matrix b, float *packed) {
    const size_t width = (size_t)vectors * FE_LANES, last = n + FE_LANES - width;
    if (b.column == 1) {
        for (size_t p = 0; p < k; p++)
            for (int v = 0; v < vectors; v++) {
                const float *from = b.from + p * b.row + v * FE_LANES;
                fe_store(packed + p * width + v * FE_LANES,
                         v + 1 < vectors ? fe_load(from) : fe_load_part(from, last));
            }
    } else {
        for (size_t j = 0; j < width; j++)
            for (size_t p = 0; p < k; p++)
                packed[p * width + j] = j < n ? b.from[p + j * b.column] : 0;
    }
}

/* OUT c (rows, n): A times the packed B, or added to; rows is FE_MM_ROWS if `full`. */
FE_INLINE void fe_mm_tile(const int vectors, const int full, size_t rows, size_t n, size_t k,
                          fe_mm_matrix a, const float *packed, int add, float *c, size_t ldc) {
    fe_vec sum[FE_MM_ROWS][FE_MM_VECTORS];
    size_t row[FE_MM_ROWS]; /* rows that are not there repeat the last one */
    for (int i = 0; i < FE_MM_ROWS; i++) {
        row[i] = (full || (size_t)i < rows ? (size_t)i : rows - 1) * a.row;
        for (int v = 0; v < vectors; v++) sum[i][v] = fe_set1(0);
    }
    for (size_t p = 0; p < k; p++, a.from += a.column, packed += vectors * FE_LANES) {
        fe_vec b[FE_MM_VECTORS];
        for (int v = 0; v < vectors; v++) b[v] = fe_load(packed + v * FE_LANES);
        for (int i = 0; i < FE_MM_ROWS; i++) {
            const fe_vec x = fe_set1(a.from[full ? i * a.row : row[i]]);
            for (int v = 0; v < vectors; v++) sum[i][v] = fe_fma(x, b[v], sum[i][v]);
        }
    }
    const size_t last = n - (size_t)(vectors - 1) * FE_LANES; /* numbers in the last vector */
#pragma GCC unroll 8
    for (int i = 0; i < FE_MM_ROWS; i++) {
        if (!full && (size_t)i >= rows) break;
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++) {
            float *to = c + (size_t)i * ldc + v * FE_LANES;
            if (v + 1 < vectors)
                fe_store(to, add ? fe_load(to) + sum[i][v] : sum[i][v]);
            else
                fe_store_part(to, add ? fe_load_part(to, last) + sum[i][v] : sum[i][v], last);
        }
    }
}

/* OUT c (m, n), at most `vectors` vectors wide: A B, or added to, for k of at most FE_MM_DEPTH. */
FE_INLINE void fe_mm_panel(const int vectors, size_t m, size_t n, size_t k, fe_mm_matrix a,
                           fe_mm_matrix b, int add, float *c, size_t ldc) {
    float packed[FE_MM_DEPTH * FE_MM_WIDTH] __attribute__((aligned(FE_CACHE_LINE)));
    size_t i = 0;
    fe_mm_pack(vectors, n, k, b, packed);
    for (; i + FE_MM_ROWS <= m; i += FE_MM_ROWS)
        fe_mm_tile(vectors, 1, FE_MM_ROWS, n, k, fe_mm_at(a, i, 0), packed, add, c + i * ldc, ldc);
    if (i < m)
        fe_mm_tile(vectors, 0, m - i, n, k, fe_mm_at(a, i, 0), packed, add, c + i * ldc, ldc);
}
/* Each width is a function of its own: the compiler then keeps the sums in registers. */
#define FE_MM_PANEL(vectors)                                                                    \
    static FE_NOINLINE void fe_mm_panel_##vectors(size_t m, size_t n, size_t k, fe_mm_matrix a, \
                                                  fe_mm_matrix b, int add, float *c,            \
                                                  size_t ldc) {                                 \
        fe_mm_panel(vectors, m, n, k, a, b, add, c, ldc);                                       \
    }
FE_MM_PANEL(1)
FE_MM_PANEL(2)
FE_MM_PANEL(3)
#undef FE_MM_PANEL

/* Row-major C = op(A) op(B), or C += with `add`; the other arguments are those of fe_gemm_f32.
 * Returns 0, with nothing done, where this is no better than a plain loop or BLAS. */
static FE_UNUSED int fe_matmul_f32(int transpose_a, int transpose_b, int64_t m, int64_t n,
                                   int64_t k, const float *a, int64_t lda, const float *b,
                                   int64_t ldb, int add, float *c, int64_t ldc) {
    if (FE_LANES < 8 || m < FE_MM_ROWS / 2 || k < 1) return 0;
    const fe_mm_matrix left = fe_mm_operand(a, transpose_a, (size_t)lda);
    const fe_mm_matrix right = fe_mm_operand(b, transpose_b, (size_t)ldb);
    const size_t depth = (size_t)k, blocks = (depth + FE_MM_DEPTH - 1) / FE_MM_DEPTH;
    for (size_t j = 0; j < (size_t)n; j += FE_MM_WIDTH) {
        const size_t left_over = (size_t)n - j;
        const size_t width = left_over < FE_MM_WIDTH ? left_over : FE_MM_WIDTH;
        for (size_t block = 0; block < blocks; block++) {
            const size_t p = depth * block / blocks, q = depth * (block + 1) / blocks;
            const fe_mm_matrix from = fe_mm_at(left, 0, p), of = fe_mm_at(right, p, j);
            const int more = add || block > 0;
            if (width > 2 * FE_LANES)
                fe_mm_panel_3((size_t)m, width, q - p, from, of, more, c + j, (size_t)ldc);
            else if (width > FE_LANES)
                fe_mm_panel_2((size_t)m, width, q - p, from, of, more, c + j, (size_t)ldc);
            else
                fe_mm_panel_1((size_t)m, width, q - p, from, of, more, c + j, (size_t)ldc);
        }
    }
    return 1;
}
/* A vector of doubles is none: see real_float.h. */
static FE_UNUSED int fe_matmul_f64(int transpose_a, int transpose_b, int64_t m, int64_t n,
                                   int64_t k, const double *a, int64_t lda, const double *b,
                                   int64_t ldb, int add, double *c, int64_t ldc) {
    (void)transpose_a, (void)transpose_b, (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b;
    (void)ldb, (void)add, (void)c, (void)ldc;
    return 0;
}

#endif
