/* alias.h: THE discrete sampler: O(1) draws from n weights by the alias method (Walker 1977, set
 * up in linear time after Vose 1991).
 */
#ifndef FE_ALIAS_H
#define FE_ALIAS_H

#include "rng.h"

typedef struct {
    uint32_t keep;  /* probability of staying in this slot, times 2^32 (2^32 - 1 stands for 1) */
    uint32_t alias; /* the other outcome of the slot */
} fe_alias;

/* Build the table. weights IN (n,), non-negative with a positive sum; table OUT (n,);
 * 1 <= n < 2^31. FE_ENONFINITE for a weight that is negative or not finite. */
static inline fe_status fe_alias_build(const double *weights, uint32_t n, fe_alias *table) {
    double sum = 0.0;
    for (uint32_t i = 0; i < n; i++) {
        if (!(weights[i] >= 0.0 && weights[i] < 1e300)) return FE_ENONFINITE;
        sum += weights[i];
    }
    if (n == 0 || n >= INT32_MAX || !(sum > 0.0)) return FE_EINVAL;
    double *scaled = fe_malloc_array(n, sizeof *scaled);
    uint32_t *queue = fe_malloc_array(n, sizeof *queue);
    if (scaled == NULL || queue == NULL) {
        free(scaled);
        free(queue);
        return FE_ENOMEM;
    }
    /* slots below the mean from the left of the queue, the others from its right */
    uint32_t small = 0, large = n;
    for (uint32_t i = 0; i < n; i++) {
        scaled[i] = weights[i] / sum * n;
        if (scaled[i] < 1.0)
            queue[small++] = i;
        else
            queue[--large] = i;
    }
    uint32_t next_small = 0;
    while (next_small < small && large < n) {
        uint32_t s = queue[next_small++], l = queue[large];
        double p = scaled[s] * 0x1p32;
        table[s].keep = p >= 0x1p32 ? UINT32_MAX : (uint32_t)p;
        table[s].alias = l;
        scaled[l] = (scaled[l] + scaled[s]) - 1.0;
        if (scaled[l] < 1.0) {
            /* it has become small: it takes a place of a small one already served, or its own */
            large++;
            queue[--next_small] = l;
        }
    }
    /* what is left is 1 up to rounding */
    for (; next_small < small; next_small++) {
        table[queue[next_small]] = (fe_alias){UINT32_MAX, queue[next_small]};
    }
    for (; large < n; large++) table[queue[large]] = (fe_alias){UINT32_MAX, queue[large]};
    free(scaled);
    free(queue);
    return FE_OK;
}

/* One draw. */
FE_INLINE uint32_t fe_alias_draw(const fe_alias *table, uint32_t n, fe_rng *rng) {
    uint64_t bits = fe_rng_next(rng);
    uint32_t slot = fe_rng_bounded(rng, (uint32_t)(bits >> 32), n);
    /* by a mask: the coin is fair to the branch predictor too, which would lose half the time */
    const uint32_t leave = -(uint32_t)((uint32_t)bits >= table[slot].keep);
    return (slot & ~leave) | (table[slot].alias & leave);
}

#endif
