/* word2vec_job.h: what a word2vec run is, as the kernels and the Cython layer both see it. */
#ifndef FE_WORD2VEC_JOB_H
#define FE_WORD2VEC_JOB_H

#include "window.h"

typedef struct {
    float *in;             /* INOUT (V, stride) word vectors */
    float *out;            /* INOUT (rows, stride) outputs: words first, then inner nodes */
    size_t stride;         /* floats of a row: a multiple of 16, padding zero */
    uint32_t n_words;      /* V */
    const uint32_t *keep;  /* IN (V,) see fe_windows_fill, or NULL */
    const uint32_t *noise; /* IN (parts, noise_size) pools of noise.h; part p has the words
                              p, p + parts, ...; NULL without negative sampling */
    uint32_t noise_size;   /* places of a pool, a power of two */
    const uint32_t *up;    /* IN (2V - 1,) Huffman tree, NULL without hierarchical softmax */
    uint32_t root;         /* its root, an inner node */
    uint32_t max_path;     /* inner nodes on the longest way from a leaf to the root */
    size_t node_row;       /* row of inner node 0 in out */
    uint32_t window;
    uint32_t negative;     /* noise words a block */
    uint32_t block;        /* inputs that are stepped together against the same noise words */
    uint32_t stretch;      /* positions of a stretch in word2vec_parts.h, <= FE_W2V_STRETCH */
    uint32_t parts;        /* see word2vec_parts.h: a power of two, 1 for fe_w2v_chunk */
    int shrink;            /* random reduced windows */
    int cbow;              /* 0 skip-gram, 1 CBOW */
    int cbow_mean;         /* mean of the window rather than its sum */
    uint64_t seed;
    fe_text text;
} fe_w2v_job;

typedef struct {
    uint64_t start, stop;   /* IN tokens */
    uint64_t stream;        /* IN index of the random stream: unique for epoch and chunk */
    float alpha;            /* IN learning rate */
    double loss;            /* OUT sum over examples */
    int64_t examples;       /* OUT (input, centre) pairs */
    int64_t words;          /* OUT tokens of the chunk's pieces */
} fe_w2v_chunk_t;

/* Most positions of a stretch. */
#define FE_W2V_STRETCH 256

typedef struct fe_w2v_state fe_w2v_state; /* scratch of one thread: word2vec.h */
typedef struct fe_w2v_parts fe_w2v_parts; /* scratch of a run in parts: word2vec_parts.h */

#endif
