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
#define FE_MM_DEPTH 196          /* rows of B in a block, of 37 KB at most */
#define FE_MM_CACHED (1 << 18) /* numbers of A that every panel reads from the cache again */

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

/* A block of B: rows x n numbers. */
typedef struct {
    fe_mm_matrix at;
    size_t rows, n;
} fe_mm_block;
/* Part t of `parts` of a block comes nearer. */
FE_INLINE void fe_mm_fetch(const fe_mm_block *block, size_t t, size_t parts) {
    const int whole = block->at.column == 1; /* rows lie in one piece, else columns do */
    const size_t lines = whole ? block->rows : block->n, length = whole ? block->n : block->rows;
    const size_t step = whole ? block->at.row : block->at.column, stop = lines * (t + 1) / parts;
    for (size_t i = lines * t / parts; i < stop; i++)
        for (size_t j = 0; j < length; j += FE_CACHE_LINE / sizeof(float))
            FE_PREFETCH(block->at.from + i * step + j);
}

/* OUT c (m, n), at most `vectors` vectors wide: A B, or added to; B of at most FE_MM_DEPTH rows. */
FE_INLINE void fe_mm_panel(const int vectors, size_t m, fe_mm_matrix a, const fe_mm_block *b,
                           const fe_mm_block *next, int add, float *c, size_t ldc) {
    const size_t n = b->n, k = b->rows, tiles = (m + FE_MM_ROWS - 1) / FE_MM_ROWS;
    float packed[FE_MM_DEPTH * FE_MM_WIDTH] __attribute__((aligned(FE_CACHE_LINE)));
    fe_mm_pack(vectors, n, k, b->at, packed);
    for (size_t t = 0; t < tiles; t++) {
        const size_t i = t * FE_MM_ROWS, rows = m - i;
        const fe_mm_matrix from = fe_mm_at(a, i, 0);
        fe_mm_fetch(next, t, tiles);
        if (rows >= FE_MM_ROWS)
            fe_mm_tile(vectors, 1, FE_MM_ROWS, n, k, from, packed, add, c + i * ldc, ldc);
        else
            fe_mm_tile(vectors, 0, rows, n, k, from, packed, add, c + i * ldc, ldc);
    }
}
/* Each width is a function of its own: the compiler then keeps the sums in registers. */
#define FE_MM_PANEL(vectors)                                                                     \
    static FE_NOINLINE void fe_mm_panel_##vectors(size_t m, fe_mm_matrix a, const fe_mm_block *b, \
                                                  const fe_mm_block *next, int add, float *c,     \
                                                  size_t ldc) {                                   \
        fe_mm_panel(vectors, m, a, b, next, add, c, ldc);                                         \
    }
FE_MM_PANEL(1)
FE_MM_PANEL(2)
FE_MM_PANEL(3)
#undef FE_MM_PANEL

/* Block i of B (k, n): from top to bottom, `blocks` a panel, then from left to right. */
static inline fe_mm_block fe_mm_block_at(fe_mm_matrix b, int64_t n, int64_t k, int64_t blocks,
                                         int64_t i) {
    const int64_t p = k * (i % blocks) / blocks, q = k * (i % blocks + 1) / blocks;
    const int64_t j = i / blocks * FE_MM_WIDTH, width = n - j < FE_MM_WIDTH ? n - j : FE_MM_WIDTH;
    return (fe_mm_block){fe_mm_at(b, (size_t)p, (size_t)j), (size_t)(q - p), (size_t)width};
}

/* C (m, n) = A (m, k) B (k, n), or added to. */
static inline void fe_mm_rows(int64_t m, int64_t n, int64_t k, fe_mm_matrix a, fe_mm_matrix b,
                              int add, float *c, size_t ldc) {
    const int64_t blocks = (k + FE_MM_DEPTH - 1) / FE_MM_DEPTH;
    const int64_t all = blocks * ((n + FE_MM_WIDTH - 1) / FE_MM_WIDTH);
    fe_mm_block next = fe_mm_block_at(b, n, k, blocks, 0);
    for (int64_t i = 0; i < all; i++) {
        const fe_mm_block now = next;
        const size_t p = (size_t)(k * (i % blocks) / blocks);
        const fe_mm_matrix from = fe_mm_at(a, 0, p);
        float *to = c + i / blocks * FE_MM_WIDTH;
        const int more = add || p > 0;
        if (i + 1 < all)
            next = fe_mm_block_at(b, n, k, blocks, i + 1);
        else
            next.rows = next.n = 0;
        if (now.n > 2 * FE_LANES)
            fe_mm_panel_3((size_t)m, from, &now, &next, more, to, ldc);
        else if (now.n > FE_LANES)
            fe_mm_panel_2((size_t)m, from, &now, &next, more, to, ldc);
        else
            fe_mm_panel_1((size_t)m, from, &now, &next, more, to, ldc);
    }
}

/* Row-major C = op(A) op(B), or C += with `add`; the other arguments are those of fe_gemm_f32.
 * Returns 0, with nothing done, where this is no better than a plain loop or BLAS. */
static FE_UNUSED int fe_matmul_f32(int transpose_a, int transpose_b, int64_t m, int64_t n,
                                   int64_t k, const float *a, int64_t lda, const float *b,
                                   int64_t ldb, int add, float *c, int64_t ldc) {
    if (FE_LANES < 8 || m < FE_MM_ROWS / 2 || k < 1) return 0;
    const fe_mm_matrix left = fe_mm_operand(a, transpose_a, (size_t)lda);
    const fe_mm_matrix right = fe_mm_operand(b, transpose_b, (size_t)ldb);
    const int64_t fitting = FE_MM_CACHED / k / FE_MM_ROWS * FE_MM_ROWS;
    const int64_t step = fitting < 8 * FE_MM_ROWS ? 8 * FE_MM_ROWS : fitting;
    for (int64_t i = 0; i < m; i += step)
        fe_mm_rows(m - i < step ? m - i : step, n, k, fe_mm_at(left, (size_t)i, 0), right, add,
                   c + i * ldc, (size_t)ldc);
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
