/* vec_double.h: more operations on the vectors of doubles of vec.h.
 *
 * With vec.h and vec_bytes.h the only files that know about SIMD. Nothing here is fused: a kernel
 * that adds and multiplies lane by lane, each rounded for itself, gives the same bits with every
 * instruction set.
 */
#ifndef FE_VEC_DOUBLE_H
#define FE_VEC_DOUBLE_H

#include "vec.h"

typedef int64_t fe_vecd_int __attribute__((vector_size(FE_VEC_BYTES)));
typedef uint64_t fe_vecd_bits __attribute__((vector_size(FE_VEC_BYTES)));

/* mask (all ones or all zeros in each lane) ? a : b */
FE_INLINE fe_vecd fe_select_d(fe_vecd_int mask, fe_vecd a, fe_vecd b) {
    return (fe_vecd)(((fe_vecd_int)a & mask) | ((fe_vecd_int)b & ~mask));
}

/* The smaller one; no NaN comes in. */
FE_INLINE fe_vecd fe_min_d(fe_vecd a, fe_vecd b) {
#if FE_LANES == 16
    return (fe_vecd)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif FE_LANES == 8
    return (fe_vecd)_mm256_min_pd((__m256d)a, (__m256d)b);
#else
    return fe_select_d(a < b, a, b);
#endif
}

FE_INLINE int fe_all_zero_d(fe_vecd x) {
#if FE_LANES == 16
    return _mm512_cmp_pd_mask((__m512d)x, _mm512_setzero_pd(), _CMP_NEQ_OQ) == 0;
#elif FE_LANES == 8
    return _mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, _mm256_setzero_pd(), _CMP_NEQ_OQ)) == 0;
#else
    return x[0] == 0.0 && x[1] == 0.0;
#endif
}

/* The smallest lane. */
FE_INLINE double fe_min_lane_d(fe_vecd x) {
    double smallest = x[0];
    for (int i = 1; i < FE_LANES_D; i++) smallest = x[i] < smallest ? x[i] : smallest;
    return smallest;
}

/* table[index & 15] in each lane. */
FE_INLINE fe_vecd fe_lookup16_d(const double table[16], fe_vecd_bits index) {
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
