/* panel.h: products of tall, narrow matrices ("panels": as many rows as words, a few hundred
 * columns), as orthogonalising a block of the randomised SVD needs them (docs/svd.md).
 *
 * BLAS has them too, but in thread pools of its own: between two products by spmm.h, waiting
 * threads of two pools hold the cores that the next one needs. Here the threads are those of the
 * caller, and the sums are taken in one order whatever their number. Widths are multiples of 16.
 */
#ifndef FE_PANEL_H
#define FE_PANEL_H

#include "fe_base.h"
#include "vec.h"

/* Rows whose sums are kept in registers before they are added to the rest. */
#define FE_PANEL_ROWS 256
/* A tile of sums is so many rows by two vectors. */
#define FE_PANEL_TILE (FE_REGISTERS / 4)

/* out[i, j] += sum over rows r of p[r, i] x[r, j] for one tile: FE_PANEL_TILE columns i of p, and
 * `vectors` (1 or 2, a constant) vectors j of x. */
FE_INLINE void fe_panel_cross_tile(const float *p, size_t p_stride, const float *x,
                                   size_t x_stride, int64_t rows, float *out, size_t out_stride,
                                   int vectors) {
    fe_vec sum[FE_PANEL_TILE][2];
    for (int i = 0; i < FE_PANEL_TILE; i++)
        for (int v = 0; v < vectors; v++) sum[i][v] = (fe_vec){0};
    for (int64_t r = 0; r < rows; r++, p += p_stride, x += x_stride) {
        fe_vec right[2];
        for (int v = 0; v < vectors; v++) right[v] = fe_load(x + v * FE_LANES);
        for (int i = 0; i < FE_PANEL_TILE; i++)
            for (int v = 0; v < vectors; v++)
                sum[i][v] = fe_fma(fe_set1(p[i]), right[v], sum[i][v]);
    }
    for (int i = 0; i < FE_PANEL_TILE; i++)
        for (int v = 0; v < vectors; v++) {
            float *to = out + (size_t)i * out_stride + v * FE_LANES;
            fe_store(to, fe_load(to) + sum[i][v]);
        }
}

/* out (d, b) IN/OUT += p^T x over rows first .. stop - 1 of p (n, d) and x (n, b), both IN. */
static inline void fe_panel_cross(const float *p, size_t p_stride, int64_t d, const float *x,
                                  size_t x_stride, int64_t b, int64_t first, int64_t stop,
                                  float *out) {
    for (int64_t r = first; r < stop; r += FE_PANEL_ROWS) {
        const int64_t rows = stop - r < FE_PANEL_ROWS ? stop - r : FE_PANEL_ROWS;
        const float *left = p + (size_t)r * p_stride, *right = x + (size_t)r * x_stride;
        for (int64_t i = 0; i < d; i += FE_PANEL_TILE) {
            float *to = out + (size_t)i * b;
            int64_t j = 0;
            for (; j + 2 * FE_LANES <= b; j += 2 * FE_LANES)
                fe_panel_cross_tile(left + i, p_stride, right + j, x_stride, rows, to + j, b, 2);
            for (; j < b; j += FE_LANES)
                fe_panel_cross_tile(left + i, p_stride, right + j, x_stride, rows, to + j, b, 1);
        }
    }
}

/* One tile of x = base * x + p c: `rows` rows of p and x by `vectors` vectors; both constants. */
FE_INLINE void fe_panel_apply_tile(const float *p, size_t p_stride, int64_t d, const float *c,
                                   size_t c_stride, float *x, size_t x_stride, float base,
                                   int rows, int vectors) {
    fe_vec sum[FE_PANEL_TILE][2];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            const float *from = x + (size_t)r * x_stride + v * FE_LANES;
            sum[r][v] = base == 0.0f ? (fe_vec){0} : fe_load(from) * base;
        }
    for (int64_t i = 0; i < d; i++, c += c_stride) {
        fe_vec right[2];
        for (int v = 0; v < vectors; v++) right[v] = fe_load(c + v * FE_LANES);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++)
                sum[r][v] = fe_fma(fe_set1(p[(size_t)r * p_stride + i]), right[v], sum[r][v]);
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            fe_store(x + (size_t)r * x_stride + v * FE_LANES, sum[r][v]);
}

/* Rows first .. stop - 1 of x (n, b) OUT = base * x + p c; p (n, d) and c (d, b) IN. Where base is
 * 0 x is not read. */
static inline void fe_panel_apply(const float *p, size_t p_stride, int64_t d, const float *c,
                                  float *x, size_t x_stride, int64_t b, float base, int64_t first,
                                  int64_t stop) {
    for (int64_t r = first; r < stop;) {
        const int64_t rows = stop - r < FE_PANEL_TILE ? 1 : FE_PANEL_TILE;
        const float *left = p + (size_t)r * p_stride;
        float *to = x + (size_t)r * x_stride;
        for (int64_t j = 0; j < b;) {
            const int two = j + 2 * FE_LANES <= b;
            if (rows > 1 && two)
                fe_panel_apply_tile(left, p_stride, d, c + j, b, to + j, x_stride, base,
                                    FE_PANEL_TILE, 2);
            else if (rows > 1)
                fe_panel_apply_tile(left, p_stride, d, c + j, b, to + j, x_stride, base,
                                    FE_PANEL_TILE, 1);
            else if (two)
                fe_panel_apply_tile(left, p_stride, d, c + j, b, to + j, x_stride, base, 1, 2);
            else
                fe_panel_apply_tile(left, p_stride, d, c + j, b, to + j, x_stride, base, 1, 1);
            j += two ? 2 * FE_LANES : FE_LANES;
        }
        r += rows;
    }
}

enum { FE_GRAM_ROWS = 128, FE_GRAM_COLUMNS = 64 };

/* Columns of some rows of x, widened to double and side by side: wide (rows, columns) OUT. */
FE_INLINE void fe_panel_widen(const float *x, size_t stride, int64_t rows, int64_t columns,
                              double *wide) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < columns; k += FE_LANES_D)
            fe_store_d(wide + r * columns + k, fe_load_widen(x + (size_t)r * stride + k));
}

/* out (d, d) IN/OUT += x^T x in columns i .. i_stop - 1 by j .. j_stop - 1, in double, over all
 * n rows of x (n, d) IN. Both ranges are multiples of 16, FE_GRAM_COLUMNS at most. */
static inline void fe_panel_gram(const float *x, size_t stride, int64_t n, int64_t i,
                                 int64_t i_stop, int64_t j, int64_t j_stop, double *out,
                                 size_t out_stride) {
    double left[FE_GRAM_ROWS * FE_GRAM_COLUMNS], right[FE_GRAM_ROWS * FE_GRAM_COLUMNS];
    const int64_t height = i_stop - i, width = j_stop - j;
    for (int64_t first = 0; first < n; first += FE_GRAM_ROWS) {
        const int64_t rows = n - first < FE_GRAM_ROWS ? n - first : FE_GRAM_ROWS;
        fe_panel_widen(x + (size_t)first * stride + i, stride, rows, height, left);
        fe_panel_widen(x + (size_t)first * stride + j, stride, rows, width, right);
        for (int64_t a = 0; a < height; a += FE_PANEL_TILE)
            for (int64_t b = 0; b < width; b += 2 * FE_LANES_D) {
                fe_vecd sum[FE_PANEL_TILE][2];
                for (int s = 0; s < FE_PANEL_TILE; s++)
                    sum[s][0] = sum[s][1] = (fe_vecd){0};
                for (int64_t r = 0; r < rows; r++) {
                    const fe_vecd low = fe_load_d(right + r * width + b);
                    const fe_vecd high = fe_load_d(right + r * width + b + FE_LANES_D);
                    for (int s = 0; s < FE_PANEL_TILE; s++) {
                        const fe_vecd factor = fe_set1_d(left[r * height + a + s]);
                        sum[s][0] = fe_fma_d(factor, low, sum[s][0]);
                        sum[s][1] = fe_fma_d(factor, high, sum[s][1]);
                    }
                }
                double *to = out + (size_t)(i + a) * out_stride + j + b;
                for (int s = 0; s < FE_PANEL_TILE; s++, to += out_stride) {
                    fe_store_d(to, fe_load_d(to) + sum[s][0]);
                    fe_store_d(to + FE_LANES_D, fe_load_d(to + FE_LANES_D) + sum[s][1]);
                }
            }
    }
}

#endif
