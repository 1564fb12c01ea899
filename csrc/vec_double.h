/* vec_double.h: one vector of doubles as wide as the instruction set, and the few operations on it.
 *
 * With vec.h and vec_bytes.h the only files that know about SIMD. Nothing here is fused: additions
 * and multiplications round each for itself, so that a kernel which works lane by lane gives the
 * same bits with every instruction set.
 */
#ifndef FE_VEC_DOUBLE_H
#define FE_VEC_DOUBLE_H

#include "vec.h"

#define FE_DLANES (FE_LANES / 2)

typedef double fe_vecd __attribute__((vector_size(FE_VEC_BYTES)));
typedef int64_t fe_vecdi __attribute__((vector_size(FE_VEC_BYTES)));
typedef uint64_t fe_vecdu __attribute__((vector_size(FE_VEC_BYTES)));
typedef double fe_vecd_mem __attribute__((vector_size(FE_VEC_BYTES), aligned(8), may_alias));

FE_INLINE fe_vecd fe_loadd(const double *p) { return *(const fe_vecd_mem *)p; }
FE_INLINE void fe_stored(double *p, fe_vecd x) { *(fe_vecd_mem *)p = x; }
FE_INLINE fe_vecd fe_set1d(double x) { return x - (fe_vecd){0}; }

/* The smaller one; no NaN comes in. */
FE_INLINE fe_vecd fe_mind(fe_vecd a, fe_vecd b) {
#if FE_LANES == 16
    return (fe_vecd)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif FE_LANES == 8
    return (fe_vecd)_mm256_min_pd((__m256d)a, (__m256d)b);
#else
    fe_vecdi mask = a < b;
    return (fe_vecd)(((fe_vecdi)a & mask) | ((fe_vecdi)b & ~mask));
#endif
}

FE_INLINE int fe_all_zerod(fe_vecd x) {
#if FE_LANES == 16
    return _mm512_cmp_pd_mask((__m512d)x, _mm512_setzero_pd(), _CMP_NEQ_OQ) == 0;
#elif FE_LANES == 8
    return _mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, _mm256_setzero_pd(), _CMP_NEQ_OQ)) == 0;
#else
    return x[0] == 0.0 && x[1] == 0.0;
#endif
}

/* The smallest lane. */
FE_INLINE double fe_min_lane(fe_vecd x) {
    double smallest = x[0];
    for (int i = 1; i < FE_DLANES; i++) smallest = x[i] < smallest ? x[i] : smallest;
    return smallest;
}

/* table[index & 15] in each lane. */
FE_INLINE fe_vecd fe_lookup16(const double table[16], fe_vecdu index) {
#if FE_LANES == 16
    return (fe_vecd)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)index,
                                           _mm512_loadu_pd(table + 8));
#elif FE_LANES == 8
    return (fe_vecd)_mm256_i64gather_pd(table, (__m256i)(index & 15), 8);
#else
    index &= 15;
    return (fe_vecd){table[index[0]], table[index[1]]};
#endif
}

#endif
