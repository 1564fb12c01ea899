/* lmquery_draw.h: draw a word from log10 probabilities. */
#ifndef FE_LMQUERY_DRAW_H
#define FE_LMQUERY_DRAW_H

#include <math.h>

#include "rng.h"

#define FE_LM_NO_WORD UINT32_MAX

/* A word with probability in proportion to p(w) ** (1 / temperature), never the banned ones;
 * temperature 0: the most probable word, the first of equal ones. FE_LM_NO_WORD if no word has a
 * probability. IN score (n,) log10 p; banned (n_banned,); weight (n,) scratch */
static inline uint32_t fe_lm_draw(const float *score, uint32_t n, const uint32_t *banned,
                                  uint32_t n_banned, double temperature, fe_rng *rng,
                                  double *weight) {
    uint32_t best = FE_LM_NO_WORD;
    for (uint32_t i = 0; i < n; i++) {
        weight[i] = score[i];
        for (uint32_t j = 0; j < n_banned; j++)
            if (banned[j] == i) weight[i] = -INFINITY;
        if (weight[i] > -INFINITY && (best == FE_LM_NO_WORD || weight[i] > weight[best])) best = i;
    }
    if (best == FE_LM_NO_WORD || temperature == 0.0) return best;
    const double top = weight[best], scale = 2.302585092994046 / temperature;
    double sum = 0.0;
    for (uint32_t i = 0; i < n; i++) sum += weight[i] = exp((weight[i] - top) * scale);
    /* 53 random bits */
    double left = (double)(fe_rng_next(rng) >> 11) * 0x1p-53 * sum;
    uint32_t last = best;
    for (uint32_t i = 0; i < n; i++) {
        if (weight[i] == 0.0) continue;
        last = i;
        if (left < weight[i]) break;
        left -= weight[i];
    }
    return last;
}

#endif
