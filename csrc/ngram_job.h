/* ngram_job.h: what counting n-grams works on, as the kernels and the Cython layer both see it. */
#ifndef FE_NGRAM_JOB_H
#define FE_NGRAM_JOB_H

#include "fe_base.h"

#define FE_NGRAM_MAX 7 /* the highest order */
#define FE_NGRAM_BLOCK 32 /* places of an entry of the directory */

/* Sentences end to end: bos, words, eos. At least FE_NGRAM_MAX times bos stand before stream[0],
 * and nothing is read past the last place. */
typedef struct {
    const uint32_t *stream; /* IN */
    uint32_t bos;
    uint32_t order; /* 2 to FE_NGRAM_MAX */
    uint32_t bits;  /* every id < 2^bits, bits <= 32 */
} fe_ngram_text;

/* Buffers of one thread; all zero at first, fe_ngram_scratch_free at the end. */
typedef struct {
    uint64_t *records[2];
    uint32_t *places;
    size_t words; /* of each buffer of records */
    size_t n;     /* of places */
} fe_ngram_scratch;

/* How places are dealt to parts: place i goes to part[w] + (class_[v] >> shift[w]) for its word w
 * and the word v before it. */
typedef struct {
    const uint32_t *part;  /* IN (V,) */
    const uint8_t *shift;  /* IN (V,) 8: not divided */
    const uint8_t *class_; /* IN (V,) ascending with the id */
} fe_ngram_dealing;

/* One pointer for each order, [k] for order k; 2 to order are used. */
typedef struct {
    uint32_t *word[FE_NGRAM_MAX + 1];    /* OUT (rows,) the oldest word */
    uint32_t *parent[FE_NGRAM_MAX + 1];  /* OUT (rows,) */
    uint32_t *count[FE_NGRAM_MAX + 1];   /* OUT (rows,) */
    uint32_t *context[FE_NGRAM_MAX + 1]; /* OUT (rows,) from 3 on */
} fe_ngram_levels;

/* What finds the row of a place: entry b has, for each order k from 2 to order - 1, the rows that
 * began before the places 32 b, ... and a bit for each of these at which one begins. */
typedef struct {
    uint32_t *rank;      /* INOUT (stream,) number of a place in the order, parts aligned to 32 */
    uint32_t *directory; /* INOUT (blocks, order - 2, 2) zero at first */
} fe_ngram_index;

#endif
