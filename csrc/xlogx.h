/* xlogx.h: x log2 y for counts, rounded to a grid, the same bits with every instruction set.
 *
 * Sums of n log n decide which clusters are merged, and they are kept up to date over millions of
 * additions and subtractions. So that rounding errors neither pile up nor depend on the order, each
 * term is rounded to a multiple of 2^-s, where s is chosen so that every sum that can occur has less
 * than 53 bits: then additions are exact, a sum has one value however it came about, and equal
 * losses are equal. With 10^6 pairs the grid is 2^-24 bits, with 10^9 it is 2^-14.
 *
 * The logarithm: x = 2^e m; 16 intervals of m with tabulated reciprocals, then a polynomial of
 * degree 7 (tools/make_log2_table.py prints the numbers). Its error is some 4e-15.
 */
#ifndef FE_XLOGX_H
#define FE_XLOGX_H

#include "vec_double.h"

/* Most counts that a corpus may have: the grid is then still finer than one bit. */
#define FE_XLOGX_MOST 1e13

static const double fe_log2_inverse[16] = {
    0x1.f07c1f07c1f08p-1, 0x1.d41d41d41d41dp-1, 0x1.bacf914c1bad0p-1, 0x1.a41a41a41a41ap-1,
    0x1.8f9c18f9c18fap-1, 0x1.7d05f417d05f4p-1, 0x1.6c16c16c16c17p-1, 0x1.5c9882b931057p-1,
    0x1.4e5e0a72f0539p-1, 0x1.4141414141414p-1, 0x1.3521cfb2b78c1p-1, 0x1.29e4129e4129ep-1,
    0x1.1f7047dc11f70p-1, 0x1.15b1e5f75270dp-1, 0x1.0c9714fbcda3bp-1, 0x1.0410410410410p-1,
};
static const double fe_log2_middle[16] = {
    0x1.6bad3758efd81p-5, 0x1.08c588cda79e5p-3, 0x1.acf5e2db4ec91p-3, 0x1.24407ab0e073ap-2,
    0x1.6e221cd9d0cddp-2, 0x1.b47ebf73882a1p-2, 0x1.f7a8568cb06cep-2, 0x1.1bf311e95d00ep-1,
    0x1.3abb3faa02168p-1, 0x1.5848226989d34p-1, 0x1.74b1fd64e0754p-1, 0x1.900e6160002cep-1,
    0x1.aa708f58014d4p-1, 0x1.c3e9ca2e1a055p-1, 0x1.dc899ab3ff56cp-1, 0x1.f45e08bcf0656p-1,
};

/* log2 of x > 0, normal; of 0 a finite number. */
FE_INLINE fe_vecd fe_log2_d(fe_vecd x) {
    const fe_vecd_bits bits = (fe_vecd_bits)x;
    const fe_vecd_bits index = bits >> 48;
    const fe_vecd m = (fe_vecd)((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
    /* the exponent as the low bits of 2^52 + exponent */
    const fe_vecd e = (fe_vecd)((bits >> 52) | 0x4330000000000000) - 4503599627371519.0;
    const fe_vecd r = m * fe_lookup16_d(fe_log2_inverse, index) - 1.0;
    const fe_vecd s = r * r;
    const fe_vecd low = 0x1.71547652b82fep+0 + r * -0x1.71547652d9d0cp-1;
    const fe_vecd middle = 0x1.ec709dc3dc090p-2 + r * -0x1.71546d6217476p-2;
    const fe_vecd high = 0x1.2776bd1c95797p-2 + r * -0x1.ed08b17b2cefap-3;
    const fe_vecd p = low + s * (middle + s * (high + s * 0x1.a69e91592678bp-3));
    return e + (fe_lookup16_d(fe_log2_middle, index) + r * p);
}

/* A lower bound of it, by at most 0.08608: for x = 2^e m the line e + m - 1. */
FE_INLINE fe_vecd fe_log2_below_d(fe_vecd x) {
    const fe_vecd_bits bits = (fe_vecd_bits)x;
    const fe_vecd m = (fe_vecd)((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
    return (fe_vecd)((bits >> 52) | 0x4330000000000000) - 4503599627371520.0 + m;
}

/* To the grid: adding and taking away 1.5 * 2^(52 - s) leaves a multiple of 2^-s. */
FE_INLINE fe_vecd fe_to_grid(fe_vecd x, double magic) { return (x + magic) - magic; }

FE_INLINE fe_vecd fe_xlogy(fe_vecd x, fe_vecd y, double magic) {
    return fe_to_grid(x * fe_log2_d(y), magic);
}
/* n log2 n, 0 for 0 */
FE_INLINE fe_vecd fe_xlogx(fe_vecd x, double magic) { return fe_xlogy(x, x, magic); }

/* The same for one number: by the same operations, so with the same bits. */
FE_INLINE double fe_xlogy1(double x, double y, double magic) {
    return fe_xlogy(fe_set1_d(x), fe_set1_d(y), magic)[0];
}
FE_INLINE double fe_xlogx1(double x, double magic) { return fe_xlogy1(x, x, magic); }

/* out[i] = x[i] log2 y[i]; n of any size. */
static inline void fe_xlogy_list(const double *x /* IN (n,) */, const double *y /* IN (n,) */,
                                 size_t n, double magic, double *out /* OUT (n,) */) {
    size_t i = 0;
    for (; i + FE_LANES_D <= n; i += FE_LANES_D)
        fe_store_d(out + i, fe_xlogy(fe_load_d(x + i), fe_load_d(y + i), magic));
    for (; i < n; i++) out[i] = fe_xlogy1(x[i], y[i], magic);
}

/* The addend of fe_to_grid for sums of a corpus of ``total`` counts, 0 < total <= FE_XLOGX_MOST.
 *
 * Each term is at most b = total log2 total, and sums are kept below 4 b: with 2^p >= 8 b, a grid
 * of 2^(p - 52) leaves every one of them exact. It is no finer than 2^-24, so that errors of the
 * logarithm hardly ever decide to which side a small count's term is rounded. */
static inline double fe_grid_magic(double total) {
    double log = 1.0;
    for (double power = 2.0; power < total; power *= 2.0) log += 1.0;
    double bound = 0x1p28;
    while (bound < 8.0 * total * log) bound *= 2.0;
    return 1.5 * bound; /* 1.5 * 2^(52 - s) with s = 52 - p */
}

#endif
