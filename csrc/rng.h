/* rng.h: THE random generator: a 64-bit Weyl sequence hashed by one wide multiplication (the
 * public-domain "wyrand" construction), seeded by (seed, stream, index), so that every chunk of
 * work has a stream of its own whatever thread runs it.
 */
#ifndef FE_RNG_H
#define FE_RNG_H

#include "fe_base.h"

typedef struct {
    uint64_t state;
} fe_rng;

/* Names of streams; a stream is never used for two purposes. */
enum {
    FE_STREAM_INIT = 1,
    FE_STREAM_TRAIN = 2,
    FE_STREAM_NOISE = 3,
    FE_STREAM_GLOVE_INIT = 10,
    FE_STREAM_GLOVE_TILE = 11,
    FE_STREAM_GLOVE_STRATA = 12,
    FE_STREAM_GLOVE_TURN = 13,
    FE_STREAM_GENERATE = 20,
    FE_STREAM_NLM_INIT = 24,
    FE_STREAM_NLM_ORDER = 25,
    FE_STREAM_NLM_NOISE = 26,
    FE_STREAM_NLM_DROPOUT = 27,
    FE_STREAM_NN_ORDER = 30,
    FE_STREAM_NN_INIT = 31,
    FE_STREAM_NN = 32       /* and 64 more for each further operation */
};

/* A bijective scrambler of 64 bits (splitmix64's finaliser). */
FE_INLINE uint64_t fe_mix64(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

FE_INLINE fe_rng fe_rng_seed(uint64_t seed, uint64_t stream, uint64_t index) {
    uint64_t s = fe_mix64(seed + UINT64_C(0x9e3779b97f4a7c15));
    s = fe_mix64(s ^ (stream * UINT64_C(0xd1342543de82ef95)));
    s = fe_mix64(s ^ (index * UINT64_C(0x2545f4914f6cdd1d) + 1));
    return (fe_rng){s};
}

FE_INLINE uint64_t fe_rng_next(fe_rng *rng) {
    rng->state += UINT64_C(0xa0761d6478bd642f);
    __uint128_t wide = (__uint128_t)rng->state * (rng->state ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)(wide >> 64) ^ (uint64_t)wide;
}

/* Uniform in 0 .. n - 1 without bias (Lemire 2019); `bits` holds 32 fresh random bits, more are
 * drawn in the rare case that they are rejected. n >= 1. */
FE_INLINE uint32_t fe_rng_bounded(fe_rng *rng, uint32_t bits, uint32_t n) {
    uint64_t product = (uint64_t)bits * n;
    if (FE_UNLIKELY((uint32_t)product < n)) {
        uint32_t threshold = (uint32_t)(-n) % n;
        while ((uint32_t)product < threshold)
            product = (fe_rng_next(rng) >> 32) * (uint64_t)n;
    }
    return (uint32_t)(product >> 32);
}

/* Uniform in [0, 1), 24 bits. */
FE_INLINE float fe_rng_float(fe_rng *rng) {
    return (float)(fe_rng_next(rng) >> 40) * 0x1p-24f;
}

#endif
