/* word2vec_parts.h: one chunk on many threads, with the same result for any number of them.
 *
 * Output rows are dealt to `parts` parts (row modulo parts), and a centre draws its noise words
 * from its own part. The chunk is walked in stretches of some hundred positions. In a stretch
 * part p steps the outputs that it owns, in place, and adds the steps of the inputs up aside, in
 * sums of its own (phase "step"); when all have done so, part p adds the sums of all parts, in
 * their order, to the input rows that it owns (phase "apply"). No two parts write the same row at
 * the same time and every sum has a fixed order, so threads decide nothing.
 *
 * Against fe_w2v_chunk an input row is read up to one stretch stale, and noise words share the
 * centre's part; docs/word2vec.md shows that quality is the same.
 *
 * Threads claim the items of a phase (one a part, and one that prepares what comes next: the next
 * chunk's windows, the next stretch's noise words) from a ticket; whoever finishes the last item
 * opens the next phase. So a thread that the system has put aside holds up the others only while
 * it holds an item, which a barrier would not give.
 */
#ifndef FE_WORD2VEC_PARTS_H
#define FE_WORD2VEC_PARTS_H

#include <stdatomic.h>

#include "spin.h"
#include "word2vec.h"

#define FE_W2V_DONE UINT64_MAX

struct fe_w2v_parts {
    const fe_w2v_job *job;
    fe_w2v_state **states;      /* (parts,) */
    fe_w2v_sums *sums;          /* (parts,) */
    fe_windows windows[2];      /* of this chunk and of the next */
    uint32_t *noise[2];         /* (blocks of a stretch, negative) of this one and the next */
    uint32_t from, to;          /* positions of this stretch */
    uint32_t next_to;           /* end of the stretch whose noise words are drawn */
    int windows_now, noise_now; /* which of the two is this one */
    /* of a round: */
    fe_w2v_chunk_t *chunks;
    size_t n_chunks, chunk;     /* the chunk at work */
    int prepared;               /* chunks[chunk + 1] has its windows */
    int applying;               /* phase: step (0) or apply (1) */
    _Atomic uint64_t ticket;    /* phase number << 16 | next item; FE_W2V_DONE at the end */
    _Atomic uint32_t finished;  /* items of the phase */
    _Atomic int status;
};

static inline void fe_w2v_parts_free(fe_w2v_parts *p) {
    if (p == NULL) return;
    for (uint32_t i = 0; i < p->job->parts; i++) {
        if (p->states) fe_w2v_state_free(p->states[i]);
        if (p->sums) {
            free(p->sums[i].rows);
            free(p->sums[i].touched);
        }
    }
    for (int i = 0; i < 2; i++) {
        fe_windows_free(&p->windows[i]);
        free(p->noise[i]);
    }
    free(p->states);
    free(p->sums);
    free(p);
}

static inline fe_w2v_parts *fe_w2v_parts_new(const fe_w2v_job *job, uint64_t chunk_tokens) {
    fe_w2v_parts *p = fe_calloc_array(1, sizeof *p);
    if (p == NULL) return NULL;
    p->job = job;
    p->states = fe_calloc_array(job->parts, sizeof *p->states);
    p->sums = fe_calloc_array(job->parts, sizeof *p->sums);
    int ok = p->states != NULL && p->sums != NULL;
    for (uint32_t i = 0; ok && i < job->parts; i++) {
        fe_w2v_sums *sums = &p->sums[i];
        sums->span = job->stretch + (job->cbow ? 0 : 2 * job->window);
        p->states[i] = fe_w2v_state_new(job, 0);
        sums->rows = fe_malloc_aligned(sums->span * job->stride * sizeof(float));
        sums->touched = fe_calloc_array(sums->span, 1);
        ok = p->states[i] != NULL && sums->rows != NULL && sums->touched != NULL;
    }
    for (int i = 0; ok && i < 2; i++) {
        const size_t blocks = (2 * (size_t)job->window + job->block - 1) / job->block;
        p->noise[i] =
            fe_malloc_array(job->stretch * blocks, ((size_t)job->negative + 1) * sizeof(uint32_t));
        ok = p->noise[i] != NULL && fe_windows_alloc(&p->windows[i],
                                                     chunk_tokens + job->text.max_sentence) == FE_OK;
    }
    if (ok) return p;
    fe_w2v_parts_free(p);
    return NULL;
}

/* Fill the windows that are not in use with a chunk. */
static fe_status fe_w2v_parts_prepare(fe_w2v_parts *p, const fe_w2v_chunk_t *chunk) {
    const fe_w2v_job *job = p->job;
    return fe_windows_fill(&p->windows[!p->windows_now], &job->text, chunk->start, chunk->stop,
                           job->keep, job->window, job->shrink,
                           fe_rng_seed(job->seed, FE_STREAM_TRAIN, chunk->stream));
}

/* Draw the noise words of the stretch that begins at `from` into the buffer not in use. */
static void fe_w2v_parts_draw(fe_w2v_parts *p, uint32_t from) {
    fe_windows *w = &p->windows[p->windows_now];
    p->next_to = w->n - from > p->job->stretch ? from + p->job->stretch : w->n;
    uint32_t *noise = p->noise[!p->noise_now];
    if (p->job->negative == 0) return;
    for (uint32_t t = from; t < p->next_to; t++)
        for (uint32_t b = fe_w2v_blocks(p->job, w, t); b > 0; b--, noise += p->job->negative)
            fe_w2v_draw(p->job, &w->noise_at, w->ids[t], noise);
}

/* Step the outputs of one part (item < parts), or prepare the next chunk (item = parts). */
static fe_status fe_w2v_parts_step(fe_w2v_parts *p, uint32_t item) {
    const fe_w2v_job *job = p->job;
    if (item == job->parts) {
        if (p->prepared || p->chunk + 1 == p->n_chunks) return FE_OK;
        p->prepared = 1;
        return fe_w2v_parts_prepare(p, &p->chunks[p->chunk + 1]);
    }
    const float alpha = p->chunks[p->chunk].alpha;
    const fe_windows *w = &p->windows[p->windows_now];
    const uint32_t *noise = p->noise[p->noise_now];
    fe_w2v_state *s = p->states[item];
    fe_w2v_sums *sums = &p->sums[item];
    sums->first = job->cbow ? p->from : p->from > job->window ? p->from - job->window : 0;
    memset(sums->touched, 0, sums->span);
    /* as in fe_w2v_chunk, with the blocks that have outputs in this part */
    uint32_t head = 0, tail = 0;
    for (uint32_t t = p->from; t < p->to; t++) {
        const uint32_t blocks = fe_w2v_blocks(job, w, t);
        for (uint32_t b = 0; b < blocks; b++, noise += job->negative) {
            fe_w2v_block *o = &s->ring[head % FE_W2V_RING];
            fe_w2v_gather(job, w, t, b, blocks, item, noise, o);
            if (o->n == 0) continue;
            head++;
            if (head - tail > FE_W2V_AHEAD)
                fe_w2v_step(job, s, w, &s->ring[tail++ % FE_W2V_RING], alpha, sums);
        }
    }
    while (tail != head) fe_w2v_step(job, s, w, &s->ring[tail++ % FE_W2V_RING], alpha, sums);
    return FE_OK;
}

/* CBOW: the error of row r of the sums, added up over the parts in their order: a row of theirs, or
 * scratch (stride,); NULL if no part has one. */
static inline const float *fe_w2v_parts_error(const fe_w2v_parts *p, uint32_t r, float *scratch) {
    const size_t stride = p->job->stride;
    const float *sum = NULL;
    for (uint32_t q = 0; q < p->job->parts; q++) {
        if (!p->sums[q].touched[r]) continue;
        const float *row = p->sums[q].rows + (size_t)r * stride;
        if (sum == NULL) {
            sum = row;
            continue;
        }
        if (sum != scratch) memcpy(scratch, sum, stride * sizeof *scratch);
        fe_add_to(scratch, row, (int)stride);
        sum = scratch;
    }
    return sum;
}

/* CBOW: add the errors of the stretch to the input rows of a part. */
static void fe_w2v_parts_apply_cbow(fe_w2v_parts *p, uint32_t part) {
    const fe_w2v_job *job = p->job;
    const fe_windows *w = &p->windows[p->windows_now];
    for (uint32_t t = p->from; t < p->to; t++) {
        const uint32_t from = t - w->left[t], to = t + w->right[t];
        const float *error = NULL; /* added up when the first word of this part asks for it */
        for (uint32_t i = from; i <= to; i++) {
            if (i == t || fe_w2v_part_of(job, w->ids[i]) != part) continue;
            if (error == NULL)
                error = fe_w2v_parts_error(p, t - p->from, p->states[part]->error);
            if (error == NULL) break;
            fe_w2v_add_share(job, w->ids[i], error, to - from);
        }
    }
}

/* Add the sums of the stretch to the input rows of one part (item < parts), or draw the noise
 * words of the stretch after it (item = parts). */
static fe_status fe_w2v_parts_apply(fe_w2v_parts *p, uint32_t item) {
    const fe_w2v_job *job = p->job;
    const fe_windows *w = &p->windows[p->windows_now];
    if (item == job->parts) {
        fe_w2v_parts_draw(p, p->to);
        return FE_OK;
    }
    if (job->cbow) {
        fe_w2v_parts_apply_cbow(p, item);
        return FE_OK;
    }
    const uint32_t first = p->sums[0].first;
    const uint32_t last = w->n - p->to > job->window ? p->to + job->window : w->n;
    for (uint32_t i = first; i < last; i++) {
        if (fe_w2v_part_of(job, w->ids[i]) != item) continue;
        float *row = job->in + (size_t)w->ids[i] * job->stride;
        for (uint32_t q = 0; q < job->parts; q++)
            if (p->sums[q].touched[i - first])
                fe_add_to(row, p->sums[q].rows + (size_t)(i - first) * job->stride,
                          (int)job->stride);
    }
    return FE_OK;
}

/* Begin the chunk whose windows are prepared. */
static void fe_w2v_parts_begin(fe_w2v_parts *p) {
    p->windows_now = !p->windows_now;
    p->prepared = 0;
    for (uint32_t i = 0; i < p->job->parts; i++) {
        fe_loss_reset(p->states[i]->loss);
        p->states[i]->examples = 0;
    }
    p->to = 0;
    fe_w2v_parts_draw(p, 0);
}

/* The figures of the chunk that is done. */
static void fe_w2v_parts_end(fe_w2v_parts *p) {
    fe_w2v_chunk_t *chunk = &p->chunks[p->chunk];
    chunk->loss = 0.0;
    chunk->examples = 0;
    for (uint32_t i = 0; i < p->job->parts; i++) {
        chunk->loss += fe_loss_flush(p->states[i]->loss);
        chunk->examples += p->states[i]->examples;
    }
    chunk->words = (int64_t)p->windows[p->windows_now].n_tokens;
}

/* Go to the next stretch, of the next chunk if need be; 0 when the round is done. */
static int fe_w2v_parts_advance(fe_w2v_parts *p) {
    while (p->to == p->windows[p->windows_now].n) {
        fe_w2v_parts_end(p);
        if (p->chunk + 1 == p->n_chunks) return 0;
        /* a chunk of no positions had no step beside which this could be done */
        if (!p->prepared) {
            fe_status status = fe_w2v_parts_prepare(p, &p->chunks[p->chunk + 1]);
            if (status != FE_OK) p->status = status;
        }
        p->chunk++;
        fe_w2v_parts_begin(p);
    }
    p->noise_now = !p->noise_now;
    p->from = p->to;
    p->to = p->next_to;
    return 1;
}

/* Open a round over chunks INOUT (n,), n >= 1: called once, before fe_w2v_parts_run. */
static fe_status fe_w2v_parts_open(fe_w2v_parts *p, fe_w2v_chunk_t *chunks, size_t n) {
    p->chunks = chunks;
    p->n_chunks = n;
    p->chunk = 0;
    p->applying = 0;
    p->status = FE_OK;
    p->finished = 0;
    fe_status status = fe_w2v_parts_prepare(p, &chunks[0]);
    if (status != FE_OK) return status;
    fe_w2v_parts_begin(p);
    p->ticket = fe_w2v_parts_advance(p) ? 0 : FE_W2V_DONE;
    return p->status;
}

/* Work on the open round until it is done: called by every thread. */
static fe_status fe_w2v_parts_run(fe_w2v_parts *p) {
    const uint32_t items = p->job->parts + 1;
    for (;;) {
        const uint64_t now = p->ticket;
        if (now == FE_W2V_DONE) return p->status;
        if ((now & 0xffff) >= items) {
            /* all items are taken: wait until the phase changes */
            for (int spins = 0; p->ticket >> 16 == now >> 16;) fe_spin(&spins);
            continue;
        }
        uint64_t claim = now;
        if (!atomic_compare_exchange_weak(&p->ticket, &claim, now + 1)) continue;
        const uint32_t item = (uint32_t)(now & 0xffff);
        fe_status status = p->applying ? fe_w2v_parts_apply(p, item) : fe_w2v_parts_step(p, item);
        if (status != FE_OK) p->status = status;
        if (atomic_fetch_add(&p->finished, 1) + 1 < items) continue;
        p->finished = 0;
        int more = 1;
        if (p->applying) more = fe_w2v_parts_advance(p);
        p->applying = !p->applying;
        p->ticket = more && p->status == FE_OK ? ((now >> 16) + 1) << 16 : FE_W2V_DONE;
    }
}

#endif
