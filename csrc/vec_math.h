/* vec_math.h: functions of vectors of floats, made of the operations of vec.h alone, so that the
 * instruction set is no concern here. A NaN that goes in comes out.
 */
#ifndef FE_VEC_MATH_H
#define FE_VEC_MATH_H

#include "vec.h"

/* The sum of the lanes, in double, by halves. */
FE_INLINE double fe_lane_sum(fe_vec x) {
    double lanes[FE_LANES];
    for (int i = 0; i < FE_LANES; i++) lanes[i] = x[i];
    for (int half = FE_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
    return lanes[0];
}

/* y where x is a number, x where it is not. */
FE_INLINE fe_vec fe_unless_nan(fe_vec x, fe_vec y) {
    return fe_select((fe_veci)(x != x), x, y);
}

/* exp(x), relative error about 1e-7; infinity above 88, 1.6e-38 below -87. */
FE_INLINE fe_vec fe_exp(fe_vec x) {
    fe_vec y = fe_exp_nonpositive(fe_min(x, fe_set1(88.0f)));
    y = fe_select((fe_veci)(x > fe_set1(88.0f)), fe_set1(INFINITY), y);
    return fe_unless_nan(x, y);
}

/* exp(x) - 1 for x <= 0, relative error about 3e-7, near 0 by its series to x^7; for x > 0 any. */
FE_INLINE fe_vec fe_expm1_nonpositive(fe_vec x) {
    fe_vec p = fe_set1(1.0f / 5040);
    p = fe_fma(p, x, fe_set1(1.0f / 720));
    p = fe_fma(p, x, fe_set1(1.0f / 120));
    p = fe_fma(p, x, fe_set1(1.0f / 24));
    p = fe_fma(p, x, fe_set1(1.0f / 6));
    p = fe_fma(p, x, fe_set1(0.5f));
    const fe_vec small = fe_fma(p * x, x, x), large = fe_exp_nonpositive(fe_min(x, fe_set1(0))) - 1.0f;
    return fe_unless_nan(x, fe_select((fe_veci)(x > -0.5f), small, large));
}

/* log(1 + x) for 0 <= x <= 1, relative error about 2e-7 also near 0: 2 artanh(x / (2 + x)), whose
 * series ends at the term to the power 13. */
FE_INLINE fe_vec fe_log1p_unit(fe_vec x) {
    const fe_vec r = (x + x) / (x + 2.0f), s = 0.25f * (r * r);
    fe_vec p = fe_set1(1.0f / 13);
    p = fe_fma(p, s, fe_set1(1.0f / 11));
    p = fe_fma(p, s, fe_set1(1.0f / 9));
    p = fe_fma(p, s, fe_set1(1.0f / 7));
    p = fe_fma(p, s, fe_set1(1.0f / 5));
    p = fe_fma(p, s, fe_set1(1.0f / 3));
    return fe_fma(p * s, r, r);
}

/* 1 / (1 + exp(-x)), without loss of accuracy on either side. */
FE_INLINE fe_vec fe_sigmoid(fe_vec x) {
    const fe_vec e = fe_exp_nonpositive(-fe_abs(x)), p = 1.0f / (1.0f + e);
    return fe_unless_nan(x, fe_select((fe_veci)(x >= 0.0f), p, e * p));
}

/* tanh(x): by exp(-2 |x|), near 0 by its series to x^9. */
FE_INLINE fe_vec fe_tanh(fe_vec x) {
    const fe_vec a = fe_abs(x), e = fe_exp_nonpositive(-2.0f * a), s = x * x;
    const fe_vec large = (1.0f - e) / (1.0f + e);
    fe_vec p = fe_set1(2.18694885e-2f);
    p = fe_fma(p, s, fe_set1(-5.39682540e-2f));
    p = fe_fma(p, s, fe_set1(1.33333333e-1f));
    p = fe_fma(p, s, fe_set1(-3.33333333e-1f));
    const fe_vec small = fe_fma(p * s, x, x);
    const fe_vec y = fe_select((fe_veci)(x >= 0.0f), large, -large);
    return fe_unless_nan(x, fe_select((fe_veci)(a < 0.3f), small, y));
}

/* The distribution function of the standard normal, absolute error 1e-7 (Abramowitz and Stegun,
 * 7.1.26, with x / sqrt(2) for x). */
FE_INLINE fe_vec fe_normal_cdf(fe_vec x) {
    const fe_vec a = fe_abs(x) * 0.70710678f, t = 1.0f / fe_fma(a, fe_set1(0.3275911f), fe_set1(1.0f));
    fe_vec p = fe_set1(1.061405429f);
    p = fe_fma(p, t, fe_set1(-1.453152027f));
    p = fe_fma(p, t, fe_set1(1.421413741f));
    p = fe_fma(p, t, fe_set1(-0.284496736f));
    p = fe_fma(p, t, fe_set1(0.254829592f));
    const fe_vec upper = 0.5f * p * t * fe_exp_nonpositive(-a * a); /* 1 - cdf(|x|) */
    return fe_unless_nan(x, fe_select((fe_veci)(x >= 0.0f), 1.0f - upper, upper));
}

/* 1 / (1 + exp(-x)) of one double. */
FE_INLINE double fe_sigmoid_double(double x) {
    const double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

#endif
