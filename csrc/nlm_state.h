/* nlm_state.h: the buffers of a mini-batch of a neural language model, and how its work is cut. */
#ifndef FE_NLM_STATE_H
#define FE_NLM_STATE_H

#include "nlm_prepare.h"

/* Numbers in the widest row that a gradient is made for. */
static inline int64_t fe_nlm_widest(const fe_nlm_job *job) {
    const int64_t nd = job->n * job->dim;
    return nd > job->features ? nd : job->features;
}

/* The next multiple of the lanes of a vector. */
static inline int64_t fe_nlm_padded(int64_t n) {
    return (n + FE_NLM_LANES - 1) / FE_NLM_LANES * FE_NLM_LANES;
}

/* How many words of a class are worked on at a time for m examples: what the products have room for,
 * and at most some blocks; memory does not grow with the class. */
static inline int64_t fe_nlm_class_part_of(const fe_nlm_job *job, const fe_nlm_state *st,
                                           int64_t m) {
    const int64_t room = job->batch * st->ld_block / m, most = FE_NLM_WIDE * st->ld_block;
    return (room < most ? room : most) / FE_NLM_LANES * FE_NLM_LANES;
}

static inline void fe_nlm_state_free(fe_nlm_state *st) {
    if (st == NULL) return;
    void *all[] = {st->loss, st->order, st->target, st->context, st->column, st->group, st->keys,
                   st->spare, st->embed_keys, st->candidate, st->multiplicity, st->mask, st->x,
                   st->f, st->df, st->dx, st->exps, st->block_max, st->block_sum, st->factor,
                   st->target_logit, st->lse, st->gathered};
    /* where the context is part of the features, x and dx lie in f and df */
    const int inside = st->x_inside;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!(inside && (all[i] == st->x || all[i] == st->dx))) free(all[i]);
    for (int64_t i = 0; i < st->workers && st->scratch != NULL; i++) free(st->scratch[i]);
    free(st->scratch);
    free(st);
}

/* Buffers for mini-batches of a job; NULL without memory. */
static inline fe_nlm_state *fe_nlm_state_new(const fe_nlm_job *job, int64_t workers) {
    fe_nlm_state *st = fe_calloc_array(1, sizeof *st);
    if (st == NULL) return NULL;
    const size_t item = job->real64 ? sizeof(double) : sizeof(float), b = (size_t)job->batch;
    const int64_t nd = job->n * job->dim, k = job->features;
    const int64_t sampled = job->noise != NULL ? job->samples + job->batch : 0;
    const int64_t dense = job->output == FE_NLM_CLASSES ? job->cls.rows : job->out.rows;
    const int64_t most = dense > sampled ? dense : sampled;
    const size_t blocks = (size_t)((most + job->block - 1) / job->block);
    const size_t slices = blocks < FE_NLM_SLICES ? blocks : FE_NLM_SLICES;
    int64_t widest = 0;
    for (int64_t c = 0; c < job->cls.rows && job->class_start != NULL; c++) {
        const int64_t size = job->class_start[c + 1] - job->class_start[c];
        widest = size > widest ? size : widest;
    }
    st->ld_block = fe_nlm_padded(job->block);
    const int64_t part = FE_NLM_WIDE * st->ld_block;
    widest = fe_nlm_padded(widest < part ? widest : part);
    st->ld_row = st->ld_block > widest ? st->ld_block : widest;
    const size_t kept = blocks * b * (size_t)st->ld_block * item;
    st->kept = kept <= (size_t)job->kept_bytes;
    const size_t keys = b * (size_t)job->n > (size_t)sampled + b ? b * (size_t)job->n
                                                                 : (size_t)sampled + b;
    st->loss = fe_malloc_array(b, sizeof *st->loss);
    st->order = fe_malloc_array(b, sizeof *st->order);
    st->target = fe_malloc_array(b, sizeof *st->target);
    st->context = fe_malloc_array(b, (size_t)job->n * sizeof *st->context);
    st->column = fe_malloc_array(b, sizeof *st->column);
    st->group = fe_malloc_array(b + 1, sizeof *st->group);
    st->keys = fe_malloc_array(keys, sizeof *st->keys);
    st->spare = fe_malloc_array(2 * keys, sizeof *st->spare);
    st->embed_keys = fe_malloc_array(keys, sizeof *st->embed_keys);
    st->candidate = fe_malloc_array(keys, sizeof *st->candidate);
    st->multiplicity = fe_malloc_array(keys, sizeof *st->multiplicity);
    st->mask = fe_malloc_array(b, (size_t)k);
    st->f = fe_malloc_aligned(b * (size_t)k * item);
    st->df = fe_malloc_aligned(slices * b * (size_t)k * item);
    st->exps = fe_malloc_huge(st->kept ? kept : item);
    st->block_max = fe_malloc_array(blocks * b, item);
    st->block_sum = fe_malloc_array(blocks * b, item);
    st->factor = fe_malloc_array(blocks * b, item);
    st->target_logit = fe_malloc_array(b, item);
    st->lse = fe_malloc_array(b, item);
    st->gathered = fe_malloc_aligned((size_t)(sampled * k) * item);
    st->x_inside = job->hidden == 0 || job->direct;
    if (st->x_inside) {
        st->x = (char *)st->f + (size_t)job->hidden * item;
        st->dx = (char *)st->df + (size_t)job->hidden * item;
        st->ldx = st->lddx = k;
    } else {
        st->x = fe_malloc_aligned(b * (size_t)nd * item);
        st->dx = fe_malloc_aligned(b * (size_t)nd * item);
        st->ldx = st->lddx = nd;
    }
    st->workers = workers;
    st->scratch = fe_calloc_array((size_t)workers, sizeof *st->scratch);
    int whole = st->scratch != NULL;
    const int64_t unit = job->block > FE_NLM_ROWS ? job->block : FE_NLM_ROWS;
    const size_t room =
        (size_t)(3 * st->ld_row + fe_nlm_padded(2 * job->batch) + unit * fe_nlm_widest(job) + 16 +
                 job->batch * st->ld_block + FE_NLM_ROWS);
    for (int64_t i = 0; i < workers && whole; i++)
        whole = (st->scratch[i] = fe_malloc_huge(room * item)) != NULL;
    const void *all[] = {st->loss, st->order, st->target, st->context, st->column, st->group,
                         st->keys, st->spare, st->embed_keys, st->candidate, st->multiplicity,
                         st->mask, st->x, st->f, st->df, st->dx, st->exps, st->block_max,
                         st->block_sum, st->factor, st->target_logit, st->lse, st->gathered};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) whole = whole && all[i] != NULL;
    if (whole && (!st->x_inside || (st->f != NULL && st->df != NULL))) return st;
    fe_nlm_state_free(st);
    return NULL;
}

/* How many units a phase has for this mini-batch; 0: nothing to do. */
static inline int64_t fe_nlm_units(const fe_nlm_job *job, const fe_nlm_state *st, int phase) {
    const int64_t examples = (st->m + FE_NLM_ROWS - 1) / FE_NLM_ROWS;
    const int classes = job->output == FE_NLM_CLASSES;
    if (phase == FE_NLM_SETTLE_ALL) return 2 * FE_NLM_PIECES;
    if (phase != FE_NLM_PREPARE && st->m == 0) return 0;
    switch (phase) {
    case FE_NLM_PREPARE: return 1;
    case FE_NLM_SETTLE: return st->train && job->embed.seen != NULL ? FE_NLM_PIECES : 0;
    case FE_NLM_FORWARD:
    case FE_NLM_NORMALISE: return examples;
    case FE_NLM_LOGITS: return st->n_blocks;
    case FE_NLM_BACKWARD: return st->train ? st->n_slices : 0;
    case FE_NLM_GROUPS: return classes ? st->n_groups : 0;
    case FE_NLM_HIDDEN: return st->train ? examples : 0;
    case FE_NLM_HIDDEN_STEP:
        return st->train ? (job->hidden + FE_NLM_ROWS - 1) / FE_NLM_ROWS : 0;
    case FE_NLM_EMBED_STEP: return !st->train ? 0 : job->tied ? st->n_blocks : FE_NLM_PIECES;
    default: return st->exported == NULL ? 0 : classes ? job->cls.rows : st->n_blocks;
    }
}

#endif
