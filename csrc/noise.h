/* noise.h: THE discrete sampler: a pool of outcomes in proportion to their weights, shuffled once
 * and read in sequence from places chosen at random.
 *
 * A draw is a load from the next place of a stream, which the processor fetches ahead by itself:
 * a table that is looked up at random (Walker's alias method, word2vec's table of 1e8 words) takes
 * its room in the cache from the rows that are trained. Outcome i has size * w_i / sum(w) places,
 * rounded up or down at random so that the expectation is exact (systematic sampling).
 */
#ifndef FE_NOISE_H
#define FE_NOISE_H

#include "rng.h"

/* Fill a pool. weights IN (n,), non-negative with a positive finite sum; pool OUT (size,), the
 * outcomes being first, first + step, ...; FE_ENONFINITE for a weight that is not a number >= 0. */
static inline fe_status fe_noise_fill(const double *weights, uint32_t n, uint32_t first,
                                      uint32_t step, uint32_t *pool, uint32_t size, fe_rng *rng) {
    double sum = 0.0;
    for (uint32_t i = 0; i < n; i++) {
        if (!(weights[i] >= 0.0 && weights[i] < 1e300)) return FE_ENONFINITE;
        sum += weights[i];
    }
    if (n == 0 || size == 0 || !(sum > 0.0)) return FE_EINVAL;
    const double offset = (double)(fe_rng_next(rng) >> 11) * 0x1p-53;
    double before = 0.0;
    uint32_t at = 0, last = 0;
    for (uint32_t i = 0; i < n; i++) {
        before += weights[i];
        const double end = before / sum * size + offset;
        const uint32_t stop = end >= size ? size : (uint32_t)end;
        if (weights[i] > 0.0) last = i;
        while (at < stop) pool[at++] = first + i * step;
    }
    while (at < size) pool[at++] = first + last * step; /* the sum may round to less than 1 */
    for (uint32_t i = size - 1; i > 0; i--) { /* Fisher and Yates */
        const uint32_t j = fe_rng_bounded(rng, (uint32_t)(fe_rng_next(rng) >> 32), i + 1);
        const uint32_t swap = pool[i];
        pool[i] = pool[j];
        pool[j] = swap;
    }
    return FE_OK;
}

#endif
