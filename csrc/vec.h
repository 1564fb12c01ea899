/* vec.h: one vector of floats as wide as the instruction set, and the few operations on it.
 *
 * With vec_bytes.h and vec_double.h the only file that knows about SIMD. The type is a GNU vector
 * extension whose width follows the flags of the translation unit (a wider type than the hardware
 * has would be split by the compiler and run ten times slower). Nothing here is contracted or
 * reassociated behind our back: a fused multiply-add happens only in fe_fma.
 */
#ifndef FE_VEC_H
#define FE_VEC_H

#include <math.h>

#include "fe_base.h"

#if !defined(__GNUC__) && !defined(__clang__)
#error "fastembed's kernels need GNU vector extensions: build with GCC or Clang"
#endif

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#include <immintrin.h>
#define FE_LANES 16
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define FE_LANES 8
#else
#if defined(__aarch64__)
#include <arm_neon.h>
#endif
#define FE_LANES 4
#endif
#define FE_VEC_BYTES (FE_LANES * 4)

/* Registers that a kernel may hope to keep values in. */
#if FE_LANES == 16 || defined(__aarch64__)
#define FE_REGISTERS 32
#else
#define FE_REGISTERS 16
#endif

typedef float fe_vec __attribute__((vector_size(FE_VEC_BYTES)));
typedef int32_t fe_veci __attribute__((vector_size(FE_VEC_BYTES)));
typedef float fe_vec_mem __attribute__((vector_size(FE_VEC_BYTES), aligned(4), may_alias));

FE_INLINE fe_vec fe_load(const float *p) { return *(const fe_vec_mem *)p; }
FE_INLINE void fe_store(float *p, fe_vec x) { *(fe_vec_mem *)p = x; }
/* The lower half of the lanes to one place, the upper half to another. */
typedef float fe_vec_half __attribute__((vector_size(FE_VEC_BYTES / 2)));
FE_INLINE void fe_store_halves(float *lower, float *upper, fe_vec x) {
    union {
        fe_vec whole;
        fe_vec_half half[2];
    } parts = {x};
    memcpy(lower, &parts.half[0], sizeof parts.half[0]);
    memcpy(upper, &parts.half[1], sizeof parts.half[1]);
}
FE_INLINE void fe_store_half(float *lower, fe_vec x) {
    float unused[FE_LANES / 2];
    fe_store_halves(lower, unused, x);
}
/* 0, 1, ..., FE_LANES - 1 */
FE_INLINE fe_veci fe_iota(void) {
#if FE_LANES == 16
    return (fe_veci){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif FE_LANES == 8
    return (fe_veci){0, 1, 2, 3, 4, 5, 6, 7};
#else
    return (fe_veci){0, 1, 2, 3};
#endif
}

/* The first n lanes, 0 <= n <= FE_LANES, of memory, of which no more is touched; the others are 0. */
FE_INLINE fe_vec fe_load_part(const float *p, size_t n) {
#if FE_LANES == 16
    return (fe_vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif FE_LANES == 8
    return (fe_vec)_mm256_maskload_ps(p, (__m256i)(fe_iota() < (int32_t)n));
#else
    float lanes[FE_LANES] = {0};
    memcpy(lanes, p, n * sizeof(float));
    return fe_load(lanes);
#endif
}
FE_INLINE void fe_store_part(float *p, fe_vec x, size_t n) {
#if FE_LANES == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
#elif FE_LANES == 8
    _mm256_maskstore_ps(p, (__m256i)(fe_iota() < (int32_t)n), (__m256)x);
#else
    memcpy(p, &x, n * sizeof(float));
#endif
}
FE_INLINE fe_vec fe_set1(float x) { return x - (fe_vec){0}; }

/* a * b + c, rounded once where the hardware can. */
FE_INLINE fe_vec fe_fma(fe_vec a, fe_vec b, fe_vec c) {
#if FE_LANES == 16
    return (fe_vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif FE_LANES == 8
    return (fe_vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    return (fe_vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

/* Half as many doubles, for sums that float is too coarse for. */
typedef double fe_vecd __attribute__((vector_size(FE_VEC_BYTES)));
typedef double fe_vecd_mem __attribute__((vector_size(FE_VEC_BYTES), aligned(8), may_alias));
#define FE_LANES_D (FE_LANES / 2)

FE_INLINE fe_vecd fe_load_d(const double *p) { return *(const fe_vecd_mem *)p; }
FE_INLINE void fe_store_d(double *p, fe_vecd x) { *(fe_vecd_mem *)p = x; }
FE_INLINE fe_vecd fe_set1_d(double x) { return x - (fe_vecd){0}; }
/* FE_LANES_D floats, widened. */
FE_INLINE fe_vecd fe_load_widen(const float *p) {
    fe_vec_half half;
    memcpy(&half, p, sizeof half);
    return __builtin_convertvector(half, fe_vecd);
}

FE_INLINE fe_vecd fe_fma_d(fe_vecd a, fe_vecd b, fe_vecd c) {
#if FE_LANES == 16
    return (fe_vecd)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif FE_LANES == 8
    return (fe_vecd)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__aarch64__)
    return (fe_vecd)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#else
    return a * b + c;
#endif
}

/* mask (all ones or all zeros in each lane) ? a : b */
FE_INLINE fe_vec fe_select(fe_veci mask, fe_vec a, fe_vec b) {
    return (fe_vec)(((fe_veci)a & mask) | ((fe_veci)b & ~mask));
}
FE_INLINE fe_vec fe_abs(fe_vec x) { return (fe_vec)((fe_veci)x & 0x7fffffff); }

FE_INLINE fe_vec fe_min(fe_vec a, fe_vec b) {
#if FE_LANES == 16
    return (fe_vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif FE_LANES == 8
    return (fe_vec)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return fe_select(a < b, a, b);
#endif
}

/* 1 / sqrt(x) for normal x > 0, relative error below 2.5e-5: halving the exponent of x leaves an
 * estimate y with x y^2 in [0.929, 1.063], where a parabola of least relative error is 1 / sqrt.
 * The same bits everywhere, unlike the estimates that processors offer. */
FE_INLINE fe_vec fe_rsqrt(fe_vec x) {
    const fe_vec y = (fe_vec)(0x5f36e000 - ((fe_veci)x >> 1)), t = x * y * y;
    fe_vec p = fe_fma(t, fe_set1(0.38016918f), fe_set1(-1.26138565f));
    p = fe_fma(p, t, fe_set1(1.88121141f));
    return y * p;
}

FE_INLINE fe_vec fe_max(fe_vec a, fe_vec b) {
#if FE_LANES == 16
    return (fe_vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif FE_LANES == 8
    return (fe_vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return fe_select(a > b, a, b);
#endif
}

/* The sign bit of lane k is bit k of bits, all other bits are zero. */
FE_INLINE fe_veci fe_sign_bits(uint32_t bits) {
    const fe_veci all = (fe_veci){0} + (int32_t)bits;
#if FE_LANES > 4
    return (all << (31 - fe_iota())) & INT32_MIN;
#else
    /* SSE2 cannot shift lanes by different amounts */
    return ((all & (fe_veci){1, 2, 4, 8}) != 0) & INT32_MIN;
#endif
}

/* exp(x) for x <= 0, relative error about 1e-7; exp of less than -87 is exp(-87).
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial for exp(r) (coefficients of Cephes' expf) and
 * n added to the exponent. Rounding to n is the addition of 1.5 * 2^23. */
FE_INLINE fe_vec fe_exp_nonpositive(fe_vec x) {
    const fe_vec magic = fe_set1(12582912.0f);
    x = fe_max(x, fe_set1(-87.0f));
    fe_vec shifted = fe_fma(x, fe_set1(1.44269504088896341f), magic);
    fe_vec n = shifted - magic;
    fe_vec r = fe_fma(n, fe_set1(-0.693359375f), x);
    r = fe_fma(n, fe_set1(2.12194440e-4f), r);
    fe_vec p = fe_set1(1.9875691500e-4f);
    p = fe_fma(p, r, fe_set1(1.3981999507e-3f));
    p = fe_fma(p, r, fe_set1(8.3334519073e-3f));
    p = fe_fma(p, r, fe_set1(4.1665795894e-2f));
    p = fe_fma(p, r, fe_set1(1.6666665459e-1f));
    p = fe_fma(p, r, fe_set1(5.0000001201e-1f));
    p = fe_fma(p, r * r, r) + 1.0f;
    fe_veci exponent = ((fe_veci)shifted - (fe_veci)magic) << 23;
    return (fe_vec)((fe_veci)p + exponent);
}

/* x = 2^e (1 + r) with 1 + r in [sqrt(1/2), sqrt(2)), and log(1 + r) = r - r^2 / 2 + rest by a
 * polynomial (coefficients of Cephes' logf), for normal x > 0. */
typedef struct {
    fe_vec e, r, rest;
} fe_log_parts;
FE_INLINE fe_log_parts fe_log_split(fe_vec x) {
    const fe_veci bits = (fe_veci)x, n = (bits - 0x3f3504f3) >> 23; /* 0x3f3504f3: sqrt(1/2) */
    const fe_vec e = __builtin_convertvector(n, fe_vec);
    const fe_vec r = (fe_vec)(bits - (n << 23)) - 1.0f;
    fe_vec p = fe_set1(7.0376836292e-2f);
    p = fe_fma(p, r, fe_set1(-1.1514610310e-1f));
    p = fe_fma(p, r, fe_set1(1.1676998740e-1f));
    p = fe_fma(p, r, fe_set1(-1.2420140846e-1f));
    p = fe_fma(p, r, fe_set1(1.4249322787e-1f));
    p = fe_fma(p, r, fe_set1(-1.6668057665e-1f));
    p = fe_fma(p, r, fe_set1(2.0000714765e-1f));
    p = fe_fma(p, r, fe_set1(-2.4999993993e-1f));
    p = fe_fma(p, r, fe_set1(3.3333331174e-1f));
    return (fe_log_parts){e, r, p * r * (r * r)};
}

/* log(x) for normal x > 0, relative error about 1e-7 (absolute near 1). */
FE_INLINE fe_vec fe_log(fe_vec x) {
    const fe_log_parts l = fe_log_split(x);
    fe_vec y = fe_fma(l.e, fe_set1(-2.12194440e-4f), l.rest);
    y = fe_fma(l.r * l.r, fe_set1(-0.5f), y) + l.r;
    return fe_fma(l.e, fe_set1(0.693359375f), y);
}

/* log10(x) for normal x > 0, within 2 units in the last place; -infinity for 0 and for what is
 * not normal. log10(e) and log10(2) are each the sum of a short constant and a small one. */
FE_INLINE fe_vec fe_log10(fe_vec x) {
    const fe_log_parts l = fe_log_split(x);
    const fe_vec y = l.rest - 0.5f * (l.r * l.r);
    fe_vec z = (l.r + y) * 7.00731903251827651129e-4f;
    z = z + y * 4.3359375e-1f + l.r * 4.3359375e-1f;
    z = z + l.e * 2.48745663981195213739e-4f + l.e * 3.0078125e-1f;
    return fe_select((fe_veci)(x >= 1.17549435e-38f), z, fe_set1(-INFINITY));
}

#if defined(__clang__) || __GNUC__ >= 12
#define FE_SHUFFLE(a, b, ...) __builtin_shufflevector((a), (b), __VA_ARGS__)
#else
#define FE_SHUFFLE(a, b, ...) __builtin_shuffle((a), (b), (fe_veci){__VA_ARGS__})
#endif

/* In each quarter (four lanes) of the result, lane i is the sum of that quarter of the i-th vector. */
FE_INLINE fe_vec fe_quad_sum(fe_vec x, fe_vec y, fe_vec z, fe_vec w) {
#if FE_LANES == 4
    fe_vec p = FE_SHUFFLE(x, y, 0, 4, 1, 5) + FE_SHUFFLE(x, y, 2, 6, 3, 7);
    fe_vec q = FE_SHUFFLE(z, w, 0, 4, 1, 5) + FE_SHUFFLE(z, w, 2, 6, 3, 7);
    return FE_SHUFFLE(p, q, 0, 1, 4, 5) + FE_SHUFFLE(p, q, 2, 3, 6, 7);
#elif FE_LANES == 8
    fe_vec p = FE_SHUFFLE(x, y, 0, 8, 1, 9, 4, 12, 5, 13) +
               FE_SHUFFLE(x, y, 2, 10, 3, 11, 6, 14, 7, 15);
    fe_vec q = FE_SHUFFLE(z, w, 0, 8, 1, 9, 4, 12, 5, 13) +
               FE_SHUFFLE(z, w, 2, 10, 3, 11, 6, 14, 7, 15);
    return FE_SHUFFLE(p, q, 0, 1, 8, 9, 4, 5, 12, 13) +
           FE_SHUFFLE(p, q, 2, 3, 10, 11, 6, 7, 14, 15);
#else
    fe_vec p = FE_SHUFFLE(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
               FE_SHUFFLE(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    fe_vec q = FE_SHUFFLE(z, w, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
               FE_SHUFFLE(z, w, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    return FE_SHUFFLE(p, q, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
           FE_SHUFFLE(p, q, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
#endif
}

/* Lane i of the result is the sum of the lanes of a[i]: FE_LANES horizontal sums at once, by
 * adding halves while transposing, first within groups of four lanes, then across groups. */
FE_INLINE fe_vec fe_transpose_sum(const fe_vec a[FE_LANES]) {
#if FE_LANES == 4
    return fe_quad_sum(a[0], a[1], a[2], a[3]);
#elif FE_LANES == 8
    fe_vec r = fe_quad_sum(a[0], a[1], a[2], a[3]), s = fe_quad_sum(a[4], a[5], a[6], a[7]);
    return FE_SHUFFLE(r, s, 0, 1, 2, 3, 8, 9, 10, 11) +
           FE_SHUFFLE(r, s, 4, 5, 6, 7, 12, 13, 14, 15);
#else
    fe_vec r0 = fe_quad_sum(a[0], a[1], a[2], a[3]), r1 = fe_quad_sum(a[4], a[5], a[6], a[7]);
    fe_vec r2 = fe_quad_sum(a[8], a[9], a[10], a[11]);
    fe_vec r3 = fe_quad_sum(a[12], a[13], a[14], a[15]);
    fe_vec s = FE_SHUFFLE(r0, r1, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +
               FE_SHUFFLE(r0, r1, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    fe_vec t = FE_SHUFFLE(r2, r3, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +
               FE_SHUFFLE(r2, r3, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    return FE_SHUFFLE(s, t, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           FE_SHUFFLE(s, t, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
#endif
}

/* OUT sums (4,): the sums of the lanes of four vectors. */
FE_INLINE void fe_sum_four(const fe_vec a[4], float *sums) {
    fe_vec r = fe_quad_sum(a[0], a[1], a[2], a[3]);
#if FE_LANES == 8
    r += FE_SHUFFLE(r, r, 4, 5, 6, 7, 0, 1, 2, 3);
#elif FE_LANES == 16
    r += FE_SHUFFLE(r, r, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    r += FE_SHUFFLE(r, r, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
#endif
    memcpy(sums, &r, 4 * sizeof(float));
}

/* y += x, n a multiple of FE_LANES */
FE_INLINE void fe_add_to(float *y, const float *x, int n) {
    for (int k = 0; k < n; k += FE_LANES) fe_store(y + k, fe_load(y + k) + fe_load(x + k));
}

#endif
