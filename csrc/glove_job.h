/* glove_job.h: what a GloVe run is told and what it reports: see glove_tiles.h and glove.h. */
#ifndef FE_GLOVE_JOB_H
#define FE_GLOVE_JOB_H

#include "fe_base.h"

#define FE_GLOVE_BLOCK 256  /* words of a block: a place in it is one byte */
#define FE_GLOVE_BLOCKS 16  /* most blocks of a part */
#define FE_GLOVE_TILE (FE_GLOVE_BLOCK * FE_GLOVE_BLOCK) /* most pairs of a tile */

/* How the words are dealt: word w is number w / parts of part w % parts. Blocks are numbered part
 * by part; S = parts * blocks. */
typedef struct {
    uint32_t n_words;
    uint32_t parts;      /* a power of two, at most n_words */
    uint32_t part_words; /* of the largest part: n_words / parts, rounded up */
    uint32_t blocks;     /* of a part: part_words / FE_GLOVE_BLOCK, rounded up */
} fe_glove_deal;

/* The pairs, tile by tile: the strip of a block of words i holds its tiles with the blocks of words
 * j one after the other. */
typedef struct {
    fe_glove_deal deal;
    int64_t *strips;     /* (S + 1,) where each strip begins */
    uint32_t *tiles;     /* (S, S + 1) where each tile begins and the last ends, in its strip */
    uint8_t (*pairs)[2]; /* (N, 2) places of i and j in their blocks */
    float *logs;         /* (N,) log X_ij */
} fe_glove_tiles;

/* The counts: compressed sparse rows. */
typedef struct {
    const int64_t *indptr;  /* (V + 1,) */
    const int32_t *indices; /* (N,) */
    const float *data;      /* (N,) */
} fe_glove_counts;

/* A table has a row for each word in the order dealt (part, number): `stride` numbers (the vector,
 * two places for biases, zeros), then their sums of squares. */
typedef struct {
    fe_glove_tiles tiles;
    float *words;        /* (parts * part_words, 2 * stride) */
    float *contexts;     /* the same */
    size_t stride;       /* a multiple of 16 */
    const float *starts; /* (stride,) what each sum of squares is taken to begin with */
    float alpha;
    float log_x_max;
    float clip;          /* INFINITY for none */
    uint64_t seed;
} fe_glove_job;

/* The pairs of a part of the words i and a part of the words j. */
typedef struct {
    uint32_t part, other; /* IN */
    uint64_t epoch;       /* IN */
    double loss;          /* OUT sum of 1/2 f(X_ij) d_ij^2 */
    int64_t pairs;        /* OUT */
} fe_glove_unit;

#endif
