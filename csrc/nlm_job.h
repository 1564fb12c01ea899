/* nlm_job.h: what a neural language model and one of its mini-batches are, as the kernels
 * (nlm.h) and the Cython layer both see them. Arrays of `real` are float, or double where
 * real64 is set: the same source is compiled for both (real_float.h).
 */
#ifndef FE_NLM_JOB_H
#define FE_NLM_JOB_H

#include "gemm.h"
#include "optim.h"

enum { FE_NLM_SOFTMAX = 0, FE_NLM_CLASSES = 1, FE_NLM_NCE = 2, FE_NLM_SAMPLED = 3 };

/* A matrix, its bias, and what the optimiser remembers of each number; NULL where there is none. */
typedef struct {
    void *w, *b;          /* INOUT (rows, cols), (rows,) */
    void *w_state, *b_state; /* INOUT (slots, rows, cols), (slots, rows) */
    uint32_t *seen;       /* INOUT (rows,) step of each row's last gradient, 0 for none; NULL for a
                             layer whose rows all have one in every step */
    int64_t rows, cols;
} fe_nlm_layer;

typedef struct fe_nlm_job {
    int real64;
    int output;           /* FE_NLM_... */
    int tanh;             /* hidden units: tanh, else linear */
    int direct;           /* the context goes to the output layer too */
    int tied;             /* out.w is embed.w */
    int64_t n;            /* words of context */
    int64_t window;       /* skip-gram: words to each side, n = 1; else 0 */
    int64_t dim;          /* numbers of a word vector */
    int64_t hidden;       /* hidden units, 0 for none */
    int64_t features;     /* numbers that the output layer sees */
    uint32_t bos, eos;
    fe_nlm_layer embed;   /* (V, dim), no bias */
    fe_nlm_layer hid;     /* (hidden, n dim) */
    fe_nlm_layer out;     /* (V, features) */
    fe_nlm_layer cls;     /* (classes, features), class-factored */
    const uint32_t *row_of;   /* IN (V,) row of out of each word, class by class; or NULL: its id */
    const uint32_t *class_of; /* IN (V,) */
    const uint32_t *class_start; /* IN (classes + 1,) first row of out of each class */
    const uint32_t *word_at;  /* IN (V,) the word of each row of out */
    const void *log_noise;    /* IN (V,) real: log(samples q(w)) */
    const uint32_t *noise;    /* IN (noise_size,) pool of noise.h */
    int64_t noise_size, samples;
    const uint32_t *stream;   /* IN words, with <s> before and </s> behind each sentence */
    int64_t batch;        /* most examples of a mini-batch */
    int64_t block;        /* rows of the output layer that are worked on at a time */
    int64_t kept_bytes;   /* room for the exponentials of a mini-batch; more are computed twice */
    double dropout;
    uint64_t seed;
    fe_optim optim;       /* its rate is that of the mini-batch */
    fe_gemm_f32 gemm_f32;
    fe_gemm_f64 gemm_f64;
} fe_nlm_job;

/* Phases of a mini-batch: the units of one may run at once, each is a fixed piece of the work. */
enum {
    FE_NLM_PREPARE,      /* contexts and targets, sorted lists of rows */
    FE_NLM_SETTLE,       /* pieces of the sorted context words: steps that their rows missed */
    FE_NLM_FORWARD,      /* examples: embedding, hidden layer */
    FE_NLM_LOGITS,       /* blocks: logits, exponentials and their sums */
    FE_NLM_NORMALISE,    /* examples: log-sum-exp, loss */
    FE_NLM_BACKWARD,     /* slices of blocks: gradients, step of the output layer */
    FE_NLM_GROUPS,       /* classes: words of a class, forward and backward */
    FE_NLM_HIDDEN,       /* examples: gradient of the hidden units and of the context */
    FE_NLM_HIDDEN_STEP,  /* blocks of hidden units */
    FE_NLM_EMBED_STEP,   /* pieces of the sorted context words; blocks of out when tied */
    FE_NLM_TRAIN_PHASES,
    FE_NLM_EXPORT = FE_NLM_TRAIN_PHASES, /* blocks, or classes: log10 of every probability */
    FE_NLM_SETTLE_ALL    /* pieces of all rows */
};

enum { FE_NLM_ROWS = 64, FE_NLM_SLICES = 16, FE_NLM_PIECES = 16, FE_NLM_WIDE = 8, FE_NLM_LANES = 16 };

typedef struct fe_nlm_state {
    int train;
    const uint32_t *places; /* IN (n_places,) where in the stream the targets stand */
    int64_t n_places;
    uint64_t index;         /* IN of the mini-batch, for random numbers */
    double rate;            /* IN */
    uint64_t step;          /* IN of the optimiser, from 1 */
    void *exported;         /* OUT (n_places, V) real, or NULL */
    double *loss;           /* OUT (batch,) -ln p of each example, in the order `order` */
    uint32_t *order;        /* OUT (batch,) place of each example among `places` */
    int64_t m;              /* OUT examples */
    /* the rest is the kernels' own */
    fe_optim optim;
    fe_optim_rates at;
    int64_t rows;           /* of the layer that LOGITS works on */
    int64_t n_blocks, n_slices, n_groups, n_embed;
    int64_t ld_block, ld_row; /* padded words of a block, of the widest part of a class */
    int kept, x_inside;
    uint32_t *target, *context, *column, *group;
    uint64_t *keys, *spare, *embed_keys;
    uint32_t *candidate;
    uint32_t *multiplicity;
    uint8_t *mask;
    void *x, *f, *df, *dx, *exps, *block_max, *block_sum, *factor, *target_logit, *lse, *gathered;
    int64_t ldx, lddx;
    void **scratch;         /* one of each thread */
    int64_t workers;
} fe_nlm_state;

#endif
