/* lmquery_score.h: log10 probabilities of the words of sentences, by the tables of lmquery.h.
 *
 * Tokens are scored in blocks of FE_LM_BATCH, order by order: all look-ups of an order are in
 * flight together, and no token waits for another, so this works on one stream of text. A token
 * goes on to order k only if its n-gram of order k - 1 was found and its history of k - 1 words
 * too; where the history is there and the n-gram is not, its back-off weight is added (Katz 1987).
 */
#ifndef FE_LMQUERY_SCORE_H
#define FE_LMQUERY_SCORE_H

#include "lmquery.h"
#include "lmquery_words.h"

/* The nodes of the last words, to go on from: node[k] and back[k] of the last k words. */
typedef struct fe_lm_state {
    uint32_t length; /* words of history, at most order - 1 */
    uint32_t word[FE_LM_MAX_ORDER]; /* word[0] is the last one */
    uint64_t node[FE_LM_MAX_ORDER];
    float back[FE_LM_MAX_ORDER];
} fe_lm_state;

/* What a range of sentences costs. */
typedef struct fe_lm_sums {
    /* log10: of the tokens that are known, and of the others. Their sum is that of all; an
     * impossible <unk> must not make the first infinite */
    double log_prob_known, log_prob_oov;
    int64_t tokens, oov, sentences;
} fe_lm_sums;

typedef struct {
    uint32_t n;
    uint8_t depth[FE_LM_BATCH]; /* order that the history allows; 0: not scored (<s>) */
    uint32_t word[FE_LM_MAX_ORDER + FE_LM_BATCH]; /* with the words before the block */
    float score[FE_LM_BATCH];
    uint8_t length[FE_LM_BATCH]; /* order of the n-gram that was found */
    fe_lm_state state;           /* before the block */
} fe_lm_block;

/* Begin with nothing, or after a state. */
FE_INLINE void fe_lm_open(fe_lm_block *block, const fe_lm_state *state) {
    block->n = 0;
    if (state != NULL)
        block->state = *state;
    else
        block->state.length = 0;
}

/* Score the tokens of a block; the state moves behind it. */
static FE_UNUSED void fe_lm_run(const fe_lm *lm, fe_lm_block *block) {
    const uint32_t n = block->n, order = lm->order;
    uint64_t nodes[2][FE_LM_BATCH + 1], x[FE_LM_BATCH];
    float backs[2][FE_LM_BATCH + 1];
    uint32_t row[FE_LM_BATCH];
    fe_lm_state *state = &block->state;
    if (n == 0) return;
    uint32_t *word = block->word + FE_LM_MAX_ORDER; /* word[-1] is the one before the block */
    for (uint32_t j = 0; j < state->length; j++)
        block->word[FE_LM_MAX_ORDER - 1 - j] = state->word[j];
    /* [i + 1] belongs to token i, [0] to the one before the block */
    uint64_t *node = nodes[0], *next = nodes[1];
    float *back = backs[0], *next_back = backs[1];
    for (uint32_t i = 0; i < n; i++) {
        node[i + 1] = word[i];
        block->score[i] = lm->prob[word[i]];
        back[i + 1] = lm->back != NULL ? lm->back[word[i]] : 0.0f;
        block->length[i] = 1;
    }
    for (uint32_t k = 2; k <= order; k++) {
        const int there = state->length >= k - 1;
        node[0] = there ? state->node[k - 1] : FE_LM_NONE;
        back[0] = there ? state->back[k - 1] : 0.0f;
        /* the state behind the block, order k - 1; the old entry is not needed any more */
        state->node[k - 1] = node[n];
        state->back[k - 1] = back[n];
        /* what the word costs if its n-gram is not there; back is 0 where the history is not */
        for (uint32_t i = 0; i < n; i++) {
            const int deep = block->depth[i] >= k;
            if (lm->uniform && deep)
                block->score[i] = node[i] != FE_LM_NONE ? back[i] : lm->uniform_prob;
            else
                block->score[i] += deep ? back[i] : 0.0f;
            next[i + 1] = FE_LM_NONE;
            next_back[i + 1] = 0.0f;
        }
        uint32_t c = 0;
        for (uint32_t i = 0; i < n; i++) { /* without a branch: what is there cannot be predicted */
            const int history = node[i] != FE_LM_NONE, suffix = node[i + 1] != FE_LM_NONE;
            x[c] = fe_lm_key(lm->n_words, node[i + 1], word[(int64_t)i - (int64_t)k + 1]);
            row[c] = i;
            c += (uint32_t)((block->depth[i] >= k) & history & suffix);
        }
        fe_lm_find(&lm->level[k], x, row, c,
                   (fe_lm_found){next + 1, block->score, next_back + 1, block->length, (uint8_t)k});
        uint64_t *swap = node;
        node = next;
        next = swap;
        float *swap_back = back;
        back = next_back;
        next_back = swap_back;
    }
    /* history behind the block: as far as its sentence goes back */
    const uint32_t depth = block->depth[n - 1] == 0 ? 1 : block->depth[n - 1];
    state->length = depth < order ? depth : order - 1;
    for (uint32_t j = 0; j < state->length; j++) state->word[j] = word[(int64_t)n - 1 - j];
    block->n = 0;
}

/* Append a token whose history has `history` words; history < 0: <s>, which is not scored. */
FE_INLINE void fe_lm_push(const fe_lm *lm, fe_lm_block *block, uint32_t word, int64_t history) {
    const int64_t depth = history + 1;
    block->word[FE_LM_MAX_ORDER + block->n] = word;
    block->depth[block->n++] = (uint8_t)(depth < (int64_t)lm->order ? depth : (int64_t)lm->order);
}

/* Where the scores of a run of tokens go. */
typedef struct fe_lm_sink {
    float *score;     /* (tokens,) or NULL */
    uint8_t *length;  /* (tokens,) or NULL */
    uint8_t *unknown; /* (tokens,) or NULL */
    uint64_t at;
    fe_lm_sums sums;
} fe_lm_sink;

/* Run a block and hand on what it scored. */
static FE_UNUSED void fe_lm_flush(const fe_lm *lm, fe_lm_block *block, fe_lm_sink *sink) {
    const uint32_t n = block->n;
    /* sinks of other threads lie beside this one: written once a block */
    fe_lm_sums sums = sink->sums;
    uint64_t at = sink->at;
    fe_lm_run(lm, block);
    for (uint32_t i = 0; i < n; i++) {
        if (block->depth[i] == 0) continue;
        const int unknown = block->word[FE_LM_MAX_ORDER + i] == lm->unk;
        sums.tokens++;
        if (unknown) {
            sums.log_prob_oov += block->score[i];
            sums.oov++;
        } else {
            sums.log_prob_known += block->score[i];
        }
        if (sink->score != NULL) sink->score[at] = block->score[i];
        if (sink->length != NULL) sink->length[at] = block->length[i];
        if (sink->unknown != NULL) sink->unknown[at] = (uint8_t)unknown;
        at++;
    }
    sink->sums = sums;
    sink->at = at;
}

FE_INLINE void fe_lm_token(const fe_lm *lm, fe_lm_block *block, fe_lm_sink *sink, uint32_t word,
                           int64_t history) {
    fe_lm_push(lm, block, word, history);
    if (FE_UNLIKELY(block->n == FE_LM_BATCH)) fe_lm_flush(lm, block, sink);
}

/* Sentences first .. last - 1, each between <s> (if bos) and </s> (if eos). Ids that are no word
 * are <unk>. IN ids, of which ids[0] is token number `start`; offsets of sentences;
 * OUT sink: with bos or not, a token or </s> is one score */
static FE_UNUSED void fe_lm_sentences(const fe_lm *lm, const uint32_t *ids, uint64_t start,
                                      const uint64_t *offsets, uint64_t first, uint64_t last,
                                      int bos, int eos, fe_lm_sink *sink) {
    fe_lm_block block;
    fe_lm_open(&block, NULL);
    for (uint64_t s = first; s < last; s++) {
        int64_t history = 0;
        if (bos) {
            fe_lm_token(lm, &block, sink, lm->bos, -1);
            history = 1;
        }
        for (uint64_t t = offsets[s]; t < offsets[s + 1]; t++, history++) {
            const uint32_t id = ids[t - start];
            fe_lm_token(lm, &block, sink, id < lm->n_words ? id : lm->unk, history);
        }
        if (eos) fe_lm_token(lm, &block, sink, lm->eos, history);
    }
    fe_lm_flush(lm, &block, sink);
    sink->sums.sentences += (int64_t)(last - first);
}

/* One sentence as UTF-8 text, words cut at ASCII white space. IN text (n,); OUT sink */
static FE_UNUSED void fe_lm_text(const fe_lm *lm, const uint8_t *text, size_t n, int bos, int eos,
                                 fe_lm_sink *sink) {
    fe_lm_block block;
    uint32_t ids[FE_LM_TEXT_BATCH];
    int64_t history = 0;
    size_t at = 0;
    fe_lm_open(&block, NULL);
    if (bos) {
        fe_lm_token(lm, &block, sink, lm->bos, -1);
        history = 1;
    }
    for (;;) {
        const uint32_t c = fe_lm_words_scan(lm, text, n, &at, ids, FE_LM_TEXT_BATCH);
        for (uint32_t i = 0; i < c; i++, history++)
            fe_lm_token(lm, &block, sink, ids[i] == FE_NO_ID ? lm->unk : ids[i], history);
        if (c < FE_LM_TEXT_BATCH) break;
    }
    if (eos) fe_lm_token(lm, &block, sink, lm->eos, history);
    sink->sums.sentences++;
    fe_lm_flush(lm, &block, sink);
}

/* log10 p(word | state), and the state behind the word. state IN, may be *behind; *behind OUT */
static FE_UNUSED float fe_lm_step(const fe_lm *lm, const fe_lm_state *state, uint32_t word,
                                  fe_lm_state *behind, uint8_t *length) {
    fe_lm_block block;
    fe_lm_open(&block, state);
    fe_lm_push(lm, &block, word, state->length);
    fe_lm_run(lm, &block);
    *behind = block.state;
    *length = block.length[0];
    return block.score[0];
}

/* log10 p(w | history) of the words first .. last - 1 after one state; <s> gets what it has as a
 * unigram or n-gram, as any other word. OUT score (last - first,) */
static FE_UNUSED void fe_lm_next(const fe_lm *lm, const fe_lm_state *state, uint32_t first,
                                 uint32_t last, float *score) {
    uint64_t node[FE_LM_BATCH], x[FE_LM_BATCH];
    float back_of[FE_LM_BATCH];
    uint32_t row[FE_LM_BATCH];
    for (uint32_t from = first; from < last; from += FE_LM_BATCH) {
        const uint32_t n = last - from < FE_LM_BATCH ? last - from : FE_LM_BATCH;
        float *out = score + (from - first);
        for (uint32_t i = 0; i < n; i++) {
            node[i] = from + i;
            out[i] = lm->prob[from + i];
        }
        for (uint32_t k = 2; k <= lm->order && k <= state->length + 1; k++) {
            const int history = state->node[k - 1] != FE_LM_NONE;
            const float back = state->back[k - 1];
            uint32_t c = 0;
            for (uint32_t i = 0; i < n; i++) {
                if (lm->uniform)
                    out[i] = history ? back : lm->uniform_prob;
                else if (history)
                    out[i] += back;
                x[c] = fe_lm_key(lm->n_words, node[i], state->word[k - 2]);
                row[c] = i;
                c += (uint32_t)(history && node[i] != FE_LM_NONE);
                node[i] = FE_LM_NONE;
            }
            fe_lm_find(&lm->level[k], x, row, c,
                       (fe_lm_found){.node = node, .prob = out, .back = back_of});
        }
    }
}

#endif
