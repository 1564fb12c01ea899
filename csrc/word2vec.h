/* word2vec.h: skip-gram and CBOW with negative sampling and/or hierarchical softmax.
 *
 * Mikolov et al. 2013a, 2013b. One code path: a position of the text gives inputs (skip-gram: the
 * words of its window; CBOW: their mean) and outputs (the centre word against noise words, and/or
 * the inner nodes on its path in the Huffman tree), and logistic.h makes the step.
 *
 * Noise words are drawn once a position and serve its whole window, or a block of it if it is wide.
 *
 * fe_w2v_chunk runs a chunk and updates rows in place ("Hogwild", Recht et al. 2011, when several
 * threads do so at once); word2vec_parts.h runs one on many threads with a result that does not
 * depend on their number.
 */
#ifndef FE_WORD2VEC_H
#define FE_WORD2VEC_H

#include "huffman.h"
#include "logistic.h"
#include "word2vec_job.h"

/* The rows of this many blocks ahead are prefetched. */
#define FE_W2V_AHEAD 2
#define FE_W2V_RING 4 /* a power of two > FE_W2V_AHEAD */

/* One block of the window of a position, and its outputs. */
typedef struct {
    uint32_t position;  /* of the centre */
    uint32_t from, to;  /* words of the window, numbered from 0 without the centre */
    float **rows;       /* (capacity,) */
    uint64_t *labels;   /* (capacity / 64 + 1,) */
    int n;
    int counted;        /* 1 in the part that counts this position's examples */
} fe_w2v_block;

/* All that one thread needs; made before the parallel region. */
struct fe_w2v_state {
    fe_windows windows;
    uint32_t *noise;    /* (negative,) */
    fe_w2v_block ring[FE_W2V_RING];
    float **inputs, **grads; /* (2 window,) */
    float *scratch;     /* of logistic.h */
    float *hidden, *error; /* (stride,) CBOW's input and its step */
    fe_loss *loss;
    int64_t examples;
};

/* Steps of inputs that are added up aside, to be applied later: row r belongs to position
 * first + r. */
typedef struct {
    float *rows;        /* (span, stride) */
    uint8_t *touched;   /* (span,) the row holds something */
    uint32_t first, span;
} fe_w2v_sums;

static inline void fe_w2v_state_free(fe_w2v_state *s) {
    if (s == NULL) return;
    fe_windows_free(&s->windows);
    for (int i = 0; i < FE_W2V_RING; i++) {
        free(s->ring[i].rows);
        free(s->ring[i].labels);
    }
    free(s->noise);
    free(s->inputs);
    free(s->grads);
    free(s->scratch);
    free(s->hidden);
    free(s->error);
    free(s->loss);
    free(s);
}

/* Scratch for chunks of at most chunk_tokens tokens; NULL if there is no memory. */
static inline fe_w2v_state *fe_w2v_state_new(const fe_w2v_job *job, uint64_t chunk_tokens) {
    fe_w2v_state *s = fe_calloc_array(1, sizeof *s);
    if (s == NULL) return NULL;
    const size_t outputs = (size_t)job->negative + 1 + job->max_path;
    const size_t inputs = job->block;
    int ok = fe_windows_alloc(&s->windows, chunk_tokens + job->text.max_sentence) == FE_OK;
    s->noise = fe_malloc_array((size_t)job->negative + 1, sizeof *s->noise);
    s->inputs = fe_malloc_array(inputs, sizeof *s->inputs);
    s->grads = fe_malloc_array(inputs, sizeof *s->grads);
    s->scratch = fe_malloc_aligned(fe_logistic_scratch(inputs, outputs, job->stride) *
                                   sizeof *s->scratch);
    s->hidden = fe_malloc_aligned(job->stride * sizeof *s->hidden);
    s->error = fe_malloc_aligned(job->stride * sizeof *s->error);
    s->loss = fe_malloc_aligned(sizeof *s->loss);
    ok = ok && s->noise && s->inputs && s->grads && s->scratch && s->hidden && s->error &&
         s->loss;
    for (int i = 0; i < FE_W2V_RING; i++) {
        s->ring[i].rows = fe_malloc_array(outputs, sizeof *s->ring[i].rows);
        s->ring[i].labels = fe_calloc_array(outputs / 64 + 1, sizeof *s->ring[i].labels);
        ok = ok && s->ring[i].rows && s->ring[i].labels;
    }
    if (ok) return s;
    fe_w2v_state_free(s);
    return NULL;
}

FE_INLINE void fe_prefetch_row(const float *row, size_t stride) {
    for (size_t k = 0; k < stride; k += FE_CACHE_LINE / sizeof(float)) FE_PREFETCH(row + k);
}

/* The part that a word or inner node belongs to; parts is a power of two. */
FE_INLINE uint32_t fe_w2v_part_of(const fe_w2v_job *job, uint32_t index) {
    return index & (job->parts - 1);
}

/* Blocks of the window of position t. */
FE_INLINE uint32_t fe_w2v_blocks(const fe_w2v_job *job, const fe_windows *w, uint32_t t) {
    const uint32_t m = (uint32_t)w->left[t] + w->right[t];
    if (m <= job->block || job->cbow) return m > 0;
    return (m + job->block - 1) / job->block;
}

/* Noise words for a centre, the next ones of its part's pool; OUT noise (negative,). */
FE_INLINE void fe_w2v_draw(const fe_w2v_job *job, uint64_t *at, uint32_t centre,
                           uint32_t *noise) {
    const uint32_t *pool = job->noise + (size_t)fe_w2v_part_of(job, centre) * job->noise_size;
    for (uint32_t k = 0; k < job->negative; k++)
        noise[k] = pool[(*at)++ & (job->noise_size - 1)];
}

/* Collect (and prefetch) block b of `blocks` of the window of position t: its outputs in `part`.
 * noise IN (negative,). */
static inline void fe_w2v_gather(const fe_w2v_job *job, const fe_windows *w, uint32_t t,
                                 uint32_t b, uint32_t blocks, uint32_t part,
                                 const uint32_t *noise, fe_w2v_block *o) {
    const uint32_t centre = w->ids[t];
    const uint64_t m = (uint64_t)w->left[t] + w->right[t];
    int n = 0;
    uint64_t *labels = o->labels;
    labels[0] = 0;
    o->position = t;
    o->from = (uint32_t)(m * b / blocks);
    o->to = (uint32_t)(m * (b + 1) / blocks);
    o->counted = fe_w2v_part_of(job, job->negative > 0 ? centre : job->root) == part;
    if (job->negative > 0 && fe_w2v_part_of(job, centre) == part) {
        o->rows[n++] = job->out + (size_t)centre * job->stride;
        labels[0] = 1;
        for (uint32_t k = 0; k < job->negative; k++) {
            /* a noise word that is the centre itself would undo the positive step: left out */
            if (noise[k] == centre) continue;
            if ((n & 63) == 0) labels[n >> 6] = 0;
            o->rows[n++] = job->out + (size_t)noise[k] * job->stride;
        }
    }
    if (job->up != NULL) {
        const uint32_t *up = job->up;
        for (uint32_t node = up[centre]; node != FE_HUFFMAN_ROOT;
             node = up[job->n_words + (node >> 1)]) {
            const uint32_t parent = node >> 1;
            if (fe_w2v_part_of(job, parent) != part) continue;
            if ((n & 63) == 0) labels[n >> 6] = 0;
            labels[n >> 6] |= (uint64_t)(node & 1) << (n & 63);
            o->rows[n++] = job->out + (job->node_row + parent) * job->stride;
        }
    }
    o->n = n;
    if (n == 0) return;
    for (int j = 0; j < n; j++) fe_prefetch_row(o->rows[j], job->stride);
    /* the row that enters the window */
    fe_prefetch_row(job->in + (size_t)w->ids[t + w->right[t]] * job->stride, job->stride);
}

/* CBOW: hidden OUT (stride,), the mean (or sum) of the rows of t's window. */
static inline void fe_w2v_hidden(const fe_w2v_job *job, const fe_windows *w, uint32_t t,
                                 float *hidden) {
    const uint32_t from = t - w->left[t], to = t + w->right[t];
    const fe_vec scale = fe_set1(job->cbow_mean ? 1.0f / (float)(to - from) : 1.0f);
    for (size_t k = 0; k < job->stride; k += FE_LANES) {
        fe_vec sum = fe_set1(0.0f);
        for (uint32_t i = from; i <= to; i++)
            if (i != t) sum += fe_load(job->in + (size_t)w->ids[i] * job->stride + k);
        fe_store(hidden + k, sum * scale);
    }
}

/* CBOW: give a word of a window of n its share of the error. word2vec and gensim give the whole
 * error to each word under the mean (the exact gradient is 1/n of it) and 1/n of it under the sum;
 * the learning rates in use everywhere are made for that. */
FE_INLINE void fe_w2v_add_share(const fe_w2v_job *job, uint32_t word, const float *error,
                                uint32_t n) {
    const fe_vec share = fe_set1(job->cbow_mean ? 1.0f : 1.0f / (float)n);
    float *row = job->in + (size_t)word * job->stride;
    for (size_t k = 0; k < job->stride; k += FE_LANES)
        fe_store(row + k, fe_fma(fe_load(error + k), share, fe_load(row + k)));
}

/* CBOW: add the error to the words of the window. */
static inline void fe_w2v_spread(const fe_w2v_job *job, const fe_windows *w, uint32_t t,
                                 const float *error) {
    const uint32_t from = t - w->left[t], to = t + w->right[t];
    for (uint32_t i = from; i <= to; i++)
        if (i != t) fe_w2v_add_share(job, w->ids[i], error, to - from);
}

/* Step one block. Where sums is NULL inputs are stepped in place, else into sums (skip-gram: a row
 * a word of the window; CBOW: one row, of the centre). */
static inline void fe_w2v_step(const fe_w2v_job *job, fe_w2v_state *s, const fe_windows *w,
                               const fe_w2v_block *o, float alpha, fe_w2v_sums *sums) {
    const uint32_t t = o->position;
    int m = 0;
    if (job->cbow) {
        fe_w2v_hidden(job, w, t, s->hidden);
        s->inputs[0] = s->hidden;
        s->grads[0] = s->error;
        if (sums != NULL) {
            s->grads[0] = sums->rows + (size_t)(t - sums->first) * job->stride;
            sums->touched[t - sums->first] = 1;
        }
        memset(s->grads[0], 0, job->stride * sizeof(float));
        m = 1;
    } else {
        for (uint32_t c = o->from; c < o->to; c++) {
            const uint32_t i = t - w->left[t] + c + (c >= w->left[t]);
            s->inputs[m] = job->in + (size_t)w->ids[i] * job->stride;
            s->grads[m] = s->inputs[m];
            if (sums != NULL) {
                const uint32_t r = i - sums->first;
                s->grads[m] = sums->rows + (size_t)r * job->stride;
                if (!sums->touched[r]) {
                    sums->touched[r] = 1;
                    memset(s->grads[m], 0, job->stride * sizeof(float));
                }
            }
            m++;
        }
    }
    fe_logistic_step((const float *const *)s->inputs, s->grads, m, o->rows, o->n, o->labels,
                     (int)job->stride, alpha, s->scratch, s->loss);
    s->examples += o->counted ? m : 0;
    if (job->cbow && sums == NULL) fe_w2v_spread(job, w, t, s->error);
}

/* Train on one chunk. */
static fe_status fe_w2v_chunk(const fe_w2v_job *job, fe_w2v_state *s, fe_w2v_chunk_t *chunk) {
    fe_windows *w = &s->windows;
    fe_status status =
        fe_windows_fill(w, &job->text, chunk->start, chunk->stop, job->keep, job->window,
                        job->shrink, fe_rng_seed(job->seed, FE_STREAM_TRAIN, chunk->stream));
    if (status != FE_OK) return status;
    fe_loss_reset(s->loss);
    s->examples = 0;
    /* a block is gathered FE_W2V_AHEAD blocks before it is stepped */
    uint32_t head = 0, tail = 0;
    for (uint32_t t = 0; t < w->n; t++) {
        const uint32_t blocks = fe_w2v_blocks(job, w, t);
        for (uint32_t b = 0; b < blocks; b++) {
            if (job->negative > 0) fe_w2v_draw(job, &w->noise_at, w->ids[t], s->noise);
            fe_w2v_gather(job, w, t, b, blocks, 0, s->noise, &s->ring[head++ % FE_W2V_RING]);
            if (head - tail > FE_W2V_AHEAD)
                fe_w2v_step(job, s, w, &s->ring[tail++ % FE_W2V_RING], chunk->alpha, NULL);
        }
    }
    while (tail != head)
        fe_w2v_step(job, s, w, &s->ring[tail++ % FE_W2V_RING], chunk->alpha, NULL);
    chunk->loss = fe_loss_flush(s->loss);
    chunk->examples = s->examples;
    chunk->words = (int64_t)w->n_tokens;
    return FE_OK;
}

#endif
