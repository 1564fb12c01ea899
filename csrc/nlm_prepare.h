/* nlm_prepare.h: which words a mini-batch is about: contexts, targets, and the rows of tables that
 * its gradients touch, sorted so that sums are in one order whatever the number of threads.
 */
#ifndef FE_NLM_PREPARE_H
#define FE_NLM_PREPARE_H

#include "nlm_job.h"
#include "rng.h"

/* The layer whose rows the softmax is over. */
static inline const fe_nlm_layer *fe_nlm_dense(const fe_nlm_job *job) {
    return job->output == FE_NLM_CLASSES ? &job->cls : &job->out;
}

/* Whether noise words stand for all words. */
static inline int fe_nlm_is_sampled(const fe_nlm_job *job, const fe_nlm_state *st) {
    return st->train && (job->output == FE_NLM_NCE || job->output == FE_NLM_SAMPLED);
}

/* Sort keys (n,) INOUT by their upper 32 bits, which are below 2^bits; spare (n,) scratch. */
static inline void fe_nlm_sort(uint64_t *keys, uint64_t *spare, int64_t n, int bits) {
    uint64_t *from = keys, *to = spare;
    for (int shift = 32; shift < 32 + bits; shift += 11) {
        uint32_t start[2049] = {0};
        for (int64_t i = 0; i < n; i++) start[((from[i] >> shift) & 2047) + 1]++;
        for (int d = 0; d < 2048; d++) start[d + 1] += start[d];
        for (int64_t i = 0; i < n; i++) to[start[(from[i] >> shift) & 2047]++] = from[i];
        uint64_t *other = from;
        from = to;
        to = other;
    }
    if (from != keys) memcpy(keys, from, (size_t)n * sizeof *keys);
}

/* items (n,) INOUT in a random order (Fisher and Yates). */
static inline void fe_nlm_shuffle(uint32_t *items, int64_t n, uint64_t seed, uint64_t index) {
    fe_rng rng = fe_rng_seed(seed, FE_STREAM_NLM_ORDER, index);
    for (int64_t i = n - 1; i > 0; i--) {
        const uint32_t bits = (uint32_t)(fe_rng_next(&rng) >> 32);
        const uint32_t j = fe_rng_bounded(&rng, bits, (uint32_t)(i + 1)), other = items[i];
        items[i] = items[j];
        items[j] = other;
    }
}

/* x (n,) OUT uniform in [-scale, scale). */
static inline void fe_nlm_uniform(float *x, int64_t n, float scale, uint64_t seed,
                                  uint64_t index) {
    fe_rng rng = fe_rng_seed(seed, FE_STREAM_NLM_INIT, index);
    for (int64_t i = 0; i < n; i++) x[i] = (2 * fe_rng_float(&rng) - 1) * scale;
}

static inline int fe_nlm_bits(uint64_t below) {
    int bits = 1;
    while (bits < 32 && (UINT64_C(1) << bits) < below) bits++;
    return bits;
}

/* The n words before a place, nearest first; <s> for what is before the sentence. */
FE_INLINE void fe_nlm_context(const fe_nlm_job *job, uint32_t place, uint32_t *context) {
    int begun = 0;
    for (int64_t j = 0; j < job->n; j++) {
        context[j] = begun ? job->bos : job->stream[place - 1 - j];
        begun |= context[j] == job->bos;
    }
}

/* Skip-gram: the pairs (word nearby, word at place); at most 2 window of them. */
static inline void fe_nlm_pairs(const fe_nlm_job *job, fe_nlm_state *st, uint32_t place, uint32_t number) {
    for (int back = 1; back >= 0; back--)
        for (int64_t j = 1; j <= job->window; j++) {
            if (!back && job->stream[place + j - 1] == job->eos) break;
            const uint32_t word = job->stream[back ? place - j : place + j];
            st->context[st->m] = word;
            st->target[st->m] = job->stream[place];
            st->order[st->m++] = number;
            if (back && word == job->bos) break;
        }
}

/* Class-factored: examples in the order of their classes, so that each class has a range of them;
 * group OUT (n_groups + 1,) where each begins. */
static inline void fe_nlm_by_class(const fe_nlm_job *job, fe_nlm_state *st) {
    for (int64_t i = 0; i < st->m; i++)
        st->keys[i] = (uint64_t)job->class_of[st->target[i]] << 32 | (uint64_t)i;
    fe_nlm_sort(st->keys, st->spare, st->m, fe_nlm_bits((uint64_t)job->cls.rows));
    uint32_t *targets = (uint32_t *)st->spare, *order = targets + st->m, *words = order + st->m;
    const int pairs = job->window && st->train; /* else there are no contexts yet */
    memcpy(targets, st->target, (size_t)st->m * sizeof *targets);
    memcpy(order, st->order, (size_t)st->m * sizeof *order);
    if (pairs) memcpy(words, st->context, (size_t)st->m * sizeof *words);
    st->n_groups = 0;
    for (int64_t i = 0; i < st->m; i++) {
        const uint32_t at = (uint32_t)st->keys[i], class_ = (uint32_t)(st->keys[i] >> 32);
        st->target[i] = targets[at];
        st->order[i] = order[at];
        if (pairs) st->context[i] = words[at];
        st->column[i] = class_;
        if (i == 0 || class_ != st->column[i - 1]) st->group[st->n_groups++] = (uint32_t)i;
    }
    st->group[st->n_groups] = (uint32_t)st->m;
}

/* NCE and sampled softmax: the distinct words among the noise words and the targets, in order,
 * how often the noise has each, and where each target stands in the list. */
static inline void fe_nlm_candidates(const fe_nlm_job *job, fe_nlm_state *st) {
    fe_rng rng = fe_rng_seed(job->seed, FE_STREAM_NLM_NOISE, st->index);
    uint64_t at = fe_rng_next(&rng) % (uint64_t)job->noise_size; /* any place will do */
    const int64_t k = job->samples, n = k + st->m;
    for (int64_t i = 0; i < k; i++) {
        st->keys[i] = (uint64_t)job->noise[at] << 32 | (uint64_t)i;
        if (++at == (uint64_t)job->noise_size) at = 0;
    }
    for (int64_t i = 0; i < st->m; i++)
        st->keys[k + i] = (uint64_t)st->target[i] << 32 | (uint64_t)(k + i);
    fe_nlm_sort(st->keys, st->spare, n, fe_nlm_bits((uint64_t)job->out.rows));
    st->rows = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t word = (uint32_t)(st->keys[i] >> 32), from = (uint32_t)st->keys[i];
        if (i == 0 || word != st->candidate[st->rows - 1]) {
            st->candidate[st->rows] = word;
            st->multiplicity[st->rows++] = 0;
        }
        if (from < k)
            st->multiplicity[st->rows - 1]++;
        else
            st->column[from - k] = (uint32_t)(st->rows - 1);
    }
}

static inline void fe_nlm_prepare(const fe_nlm_job *job, fe_nlm_state *st) {
    st->optim = job->optim;
    st->optim.rate = st->rate;
    st->at = fe_optim_at(&st->optim, st->step);
    st->m = 0;
    for (int64_t i = 0; i < st->n_places; i++) {
        if (job->window && st->train) {
            fe_nlm_pairs(job, st, st->places[i], (uint32_t)i);
            continue;
        }
        st->target[st->m] = job->stream[st->places[i]];
        st->order[st->m++] = (uint32_t)i;
    }
    st->n_groups = 0;
    if (job->output == FE_NLM_CLASSES) fe_nlm_by_class(job, st);
    if (!(job->window && st->train))
        for (int64_t i = 0; i < st->m; i++)
            fe_nlm_context(job, st->places[st->order[i]], st->context + i * job->n);
    if (fe_nlm_is_sampled(job, st)) {
        fe_nlm_candidates(job, st);
    } else {
        st->rows = fe_nlm_dense(job)->rows;
        if (job->output != FE_NLM_CLASSES)
            memcpy(st->column, st->target, (size_t)st->m * sizeof *st->column);
    }
    st->n_blocks = (st->rows + job->block - 1) / job->block;
    st->n_slices = st->n_blocks < FE_NLM_SLICES ? st->n_blocks : FE_NLM_SLICES;
    if (!st->train) return;
    st->n_embed = st->m * job->n;
    for (int64_t i = 0; i < st->n_embed; i++)
        st->embed_keys[i] = (uint64_t)st->context[i] << 32 | (uint64_t)i;
    fe_nlm_sort(st->embed_keys, st->spare, st->n_embed, fe_nlm_bits((uint64_t)job->embed.rows));
}

/* First entry of a piece of the sorted list of context words: rows are not cut in two. */
FE_INLINE int64_t fe_nlm_piece(const fe_nlm_state *st, int64_t piece) {
    int64_t at = st->n_embed * piece / FE_NLM_PIECES;
    while (at > 0 && at < st->n_embed &&
           (st->embed_keys[at] >> 32) == (st->embed_keys[at - 1] >> 32))
        at--;
    return at;
}

#endif
