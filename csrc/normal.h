/* normal.h: draws from the standard normal distribution (Box & Muller 1958). */
#ifndef FE_NORMAL_H
#define FE_NORMAL_H

#include <math.h>

#include "rng.h"

FE_INLINE double fe_rng_normal(fe_rng *rng) {
    const uint64_t bits = fe_rng_next(rng);
    /* (0, 1] and [0, 1), 32 bits each */
    const double u = ((double)(bits >> 32) + 1) * 0x1p-32, v = (double)(uint32_t)bits * 0x1p-32;
    return sqrt(-2 * log(u)) * cos(6.28318530717958647692 * v);
}

#endif
