/* glove_tiles.h: the order in which GloVe visits the pairs of words (docs/glove.md, "The order").
 *
 * A strip (a block of words i) is made from its rows of the counts by a counting sort by block of
 * words j; then, in each tile, the pairs of a row are shuffled and cut into groups, and the groups
 * are shuffled.
 */
#ifndef FE_GLOVE_TILES_H
#define FE_GLOVE_TILES_H

#include <float.h>
#include <math.h>

#include "glove_job.h"
#include "rng.h"
#include "vec.h"

#define FE_GLOVE_GROUP 4 /* pairs of one row that are stepped together */

FE_INLINE uint32_t fe_glove_strips(const fe_glove_deal *deal) {
    return deal->parts * deal->blocks;
}
/* Block of a word, among all; its place there is number % FE_GLOVE_BLOCK. */
FE_INLINE uint32_t fe_glove_block(const fe_glove_deal *deal, uint32_t part, uint32_t number) {
    return part * deal->blocks + number / FE_GLOVE_BLOCK;
}

/* OUT order (n,): 0 .. n - 1 shuffled. */
FE_INLINE void fe_glove_permute(fe_rng *rng, uint32_t *order, uint32_t n) {
    for (uint32_t u = 0; u < n; u++) {
        const uint32_t v = fe_rng_bounded(rng, (uint32_t)(fe_rng_next(rng) >> 32), u + 1);
        order[u] = order[v];
        order[v] = u;
    }
}

/* The strata of an epoch in the order of their turn: OUT order (parts,). */
static inline void fe_glove_strata(uint64_t seed, uint64_t epoch, uint32_t parts,
                                   uint32_t *order) {
    fe_rng rng = fe_rng_seed(seed, FE_STREAM_GLOVE_STRATA, epoch);
    fe_glove_permute(&rng, order, parts);
}

/* The tiles of a unit in the order of their turn, as block * blocks + other block: block after
 * block of words i, so that its rows stay in the cache; OUT order (blocks * blocks,). */
static inline void fe_glove_turn(const fe_glove_deal *deal, uint64_t seed,
                                 const fe_glove_unit *unit, uint32_t *order) {
    const uint64_t parts = deal->parts;
    const uint64_t index = (unit->epoch * parts + unit->part) * parts + unit->other;
    fe_rng rng = fe_rng_seed(seed, FE_STREAM_GLOVE_TURN, index);
    uint32_t blocks[FE_GLOVE_BLOCKS];
    fe_glove_permute(&rng, blocks, deal->blocks);
    for (uint32_t b = 0; b < deal->blocks; b++, order += deal->blocks) {
        fe_glove_permute(&rng, order, deal->blocks);
        for (uint32_t other = 0; other < deal->blocks; other++)
            order[other] += blocks[b] * deal->blocks;
    }
}

typedef struct {
    uint32_t *groups;    /* (FE_GLOVE_TILE,) where each begins */
    uint8_t (*pairs)[2]; /* (FE_GLOVE_TILE, 2) */
    float *values;       /* (FE_GLOVE_TILE,) */
} fe_glove_scratch;

/* Shuffle a tile of n pairs that are sorted by i. */
static void fe_glove_shuffle(fe_rng *rng, uint8_t (*pairs)[2], float *values, uint32_t n,
                             fe_glove_scratch *s) {
    uint32_t n_groups = 0;
    for (uint32_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && pairs[end][0] == pairs[begin][0];) end++;
        for (uint32_t u = end - 1; u > begin; u--) {
            const uint32_t bits = (uint32_t)(fe_rng_next(rng) >> 32);
            const uint32_t v = begin + fe_rng_bounded(rng, bits, u - begin + 1);
            const uint8_t j = pairs[u][1];
            const float value = values[u];
            pairs[u][1] = pairs[v][1];
            values[u] = values[v];
            pairs[v][1] = j;
            values[v] = value;
        }
        for (uint32_t u = begin; u < end; u += FE_GLOVE_GROUP) s->groups[n_groups++] = u;
    }
    for (uint32_t g = n_groups; g > 1; g--) {
        const uint32_t h = fe_rng_bounded(rng, (uint32_t)(fe_rng_next(rng) >> 32), g);
        const uint32_t begin = s->groups[g - 1];
        s->groups[g - 1] = s->groups[h];
        s->groups[h] = begin;
    }
    uint32_t to = 0;
    for (uint32_t g = 0; g < n_groups; g++) {
        const uint32_t begin = s->groups[g];
        for (uint32_t u = begin; u < n && u < begin + FE_GLOVE_GROUP; u++) {
            if (pairs[u][0] != pairs[begin][0]) break;
            memcpy(s->pairs[to], pairs[u], sizeof pairs[u]);
            s->values[to++] = values[u];
        }
    }
    memcpy(pairs, s->pairs, n * sizeof pairs[0]);
    memcpy(values, s->values, n * sizeof values[0]);
}

/* values = log(values), n of them. */
static void fe_glove_logs(float *values, uint32_t n) {
    uint32_t k = 0;
    for (; k + FE_LANES <= n; k += FE_LANES) fe_store(values + k, fe_log(fe_load(values + k)));
    if (k == n) return;
    float rest[FE_LANES];
    for (uint32_t l = 0; l < FE_LANES; l++) rest[l] = k + l < n ? values[k + l] : 1.0f;
    fe_store(rest, fe_log(fe_load(rest)));
    memcpy(values + k, rest, (n - k) * sizeof rest[0]);
}

/* Sort the rows of a strip into tiles: OUT its row of tiles->tiles. tiles->strips says where the
 * strip lies. FE_EINVAL: a column number is out of range; FE_ENONFINITE: a count is not a positive
 * (normal) number. */
static fe_status fe_glove_sort_strip(const fe_glove_tiles *tiles, const fe_glove_counts *counts,
                                     uint32_t strip, uint32_t *cursor) {
    const fe_glove_deal *deal = &tiles->deal;
    const uint32_t n_strips = fe_glove_strips(deal);
    const uint32_t part = strip / deal->blocks, block = strip % deal->blocks;
    const uint32_t mask = deal->parts - 1, shift = (uint32_t)__builtin_ctz(deal->parts);
    const uint64_t first = (uint64_t)block * FE_GLOVE_BLOCK * deal->parts + part;
    memset(cursor, 0, ((size_t)n_strips + 1) * sizeof *cursor);
    for (uint32_t row = 0; row < FE_GLOVE_BLOCK; row++) {
        const uint64_t i = first + (uint64_t)row * deal->parts;
        if (i >= deal->n_words) break;
        for (int64_t k = counts->indptr[i]; k < counts->indptr[i + 1]; k++) {
            const uint32_t j = (uint32_t)counts->indices[k];
            if (FE_UNLIKELY(j >= deal->n_words)) return FE_EINVAL;
            cursor[fe_glove_block(deal, j & mask, j >> shift) + 1]++;
        }
    }
    for (uint32_t t = 0; t < n_strips; t++) cursor[t + 1] += cursor[t];
    memcpy(tiles->tiles + (size_t)strip * (n_strips + 1), cursor,
           ((size_t)n_strips + 1) * sizeof *cursor);
    uint8_t (*pairs)[2] = tiles->pairs + tiles->strips[strip];
    float *values = tiles->logs + tiles->strips[strip];
    for (uint32_t row = 0; row < FE_GLOVE_BLOCK; row++) {
        const uint64_t i = first + (uint64_t)row * deal->parts;
        if (i >= deal->n_words) break;
        for (int64_t k = counts->indptr[i]; k < counts->indptr[i + 1]; k++) {
            const uint32_t j = (uint32_t)counts->indices[k], number = j >> shift;
            const uint32_t to = cursor[fe_glove_block(deal, j & mask, number)]++;
            if (FE_UNLIKELY(!(counts->data[k] >= FLT_MIN && counts->data[k] <= FLT_MAX)))
                return FE_ENONFINITE;
            pairs[to][0] = (uint8_t)row;
            pairs[to][1] = (uint8_t)(number % FE_GLOVE_BLOCK);
            values[to] = counts->data[k];
        }
    }
    return FE_OK;
}

/* Make the tiles of one strip; see fe_glove_sort_strip. */
static inline fe_status fe_glove_strip(const fe_glove_tiles *tiles, const fe_glove_counts *counts,
                                uint64_t seed, uint32_t strip) {
    const uint32_t n_strips = fe_glove_strips(&tiles->deal);
    uint32_t *cursor = fe_malloc_array((size_t)n_strips + 1, sizeof *cursor);
    fe_glove_scratch s = {
        .groups = fe_malloc_array(FE_GLOVE_TILE, sizeof *s.groups),
        .pairs = fe_malloc_array(FE_GLOVE_TILE, sizeof *s.pairs),
        .values = fe_malloc_array(FE_GLOVE_TILE, sizeof *s.values),
    };
    fe_status status = FE_ENOMEM;
    if (cursor != NULL && s.groups != NULL && s.pairs != NULL && s.values != NULL)
        status = fe_glove_sort_strip(tiles, counts, strip, cursor);
    for (uint32_t other = 0; status == FE_OK && other < n_strips; other++) {
        const uint32_t *begin = tiles->tiles + (size_t)strip * (n_strips + 1) + other;
        const int64_t at = tiles->strips[strip] + begin[0];
        const uint32_t n = begin[1] - begin[0];
        if (n == 0) continue;
        fe_rng rng = fe_rng_seed(seed, FE_STREAM_GLOVE_TILE, (uint64_t)strip * n_strips + other);
        fe_glove_shuffle(&rng, tiles->pairs + at, tiles->logs + at, n, &s);
        fe_glove_logs(tiles->logs + at, n);
    }
    free(cursor);
    free(s.groups);
    free(s.pairs);
    free(s.values);
    return status;
}

#endif
