/* window.h: which words of a chunk are kept, and how wide each window is.
 *
 * A chunk is a range of tokens; it owns the pieces of sentences that start in it. A piece is at
 * most max_sentence tokens: longer sentences are cut into pieces, never truncated. Each frequent
 * word is kept with its own probability (Mikolov et al. 2013b, section 2.3); the window of a
 * position reaches b words to each side, b uniform in 1 .. window where windows shrink (Mikolov et
 * al. 2013a) and b = window otherwise.
 */
#ifndef FE_WINDOW_H
#define FE_WINDOW_H

#include "rng.h"

/* The tokens that a round has in memory. */
typedef struct {
    const uint32_t *ids;     /* IN token ids of [first, first + n_ids) */
    uint64_t first, n_ids;
    const uint64_t *offsets; /* IN (n_offsets,) starts of sentences, ascending; the last one is the
                                end of the last sentence */
    uint64_t n_offsets;
    uint64_t max_sentence;
} fe_text;

/* The kept positions of one chunk. */
typedef struct {
    uint32_t *ids;           /* (capacity,) */
    uint16_t *left, *right;  /* (capacity,) words of the window before and after */
    uint32_t n, capacity;
    uint64_t n_tokens;       /* of the pieces, before any was dropped */
    uint64_t noise_at;       /* where the chunk's noise words come from in their pool */
} fe_windows;

static inline void fe_windows_free(fe_windows *w) {
    free(w->ids);
    free(w->left);
    free(w->right);
    memset(w, 0, sizeof *w);
}

static inline fe_status fe_windows_alloc(fe_windows *w, uint64_t capacity) {
    memset(w, 0, sizeof *w);
    if (capacity >= UINT32_MAX) return FE_EOVERFLOW;
    w->capacity = (uint32_t)capacity;
    w->ids = fe_malloc_array(capacity, sizeof *w->ids);
    w->left = fe_malloc_array(capacity, sizeof *w->left);
    w->right = fe_malloc_array(capacity, sizeof *w->right);
    if (w->ids && w->left && w->right) return FE_OK;
    fe_windows_free(w);
    return FE_ENOMEM;
}

/* Index of the first sentence that ends after `token`: offsets[i] <= token < offsets[i + 1]. */
static inline uint64_t fe_text_sentence(const fe_text *text, uint64_t token) {
    uint64_t low = 0, high = text->n_offsets - 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (text->offsets[middle + 1] > token)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Fill w with the pieces that start in [start, stop).
 *   keep IN (V,) probability of keeping a word times 2^32, or NULL; window >= 1 */
static inline fe_status fe_windows_fill(fe_windows *w, const fe_text *text, uint64_t start,
                                        uint64_t stop, const uint32_t *keep, uint32_t window,
                                        int shrink, fe_rng rng) {
    w->n = 0;
    w->n_tokens = 0;
    uint64_t s = fe_text_sentence(text, start);
    for (; s + 1 < text->n_offsets && text->offsets[s] < stop; s++) {
        const uint64_t end = text->offsets[s + 1];
        uint64_t piece = text->offsets[s];
        if (piece < start) {
            /* the sentence began in an earlier chunk: its next piece */
            uint64_t whole = (start - piece + text->max_sentence - 1) / text->max_sentence;
            piece += whole * text->max_sentence;
        }
        for (; piece < end && piece < stop; piece += text->max_sentence) {
            const uint64_t length =
                end - piece < text->max_sentence ? end - piece : text->max_sentence;
            if (piece < text->first || piece + length > text->first + text->n_ids ||
                w->n + length > w->capacity)
                return FE_EINVAL;
            const uint32_t *ids = text->ids + (piece - text->first);
            const uint32_t begin = w->n;
            uint32_t n = begin;
            if (keep != NULL) {
                for (uint64_t i = 0; i < length; i++) {
                    w->ids[n] = ids[i];
                    /* no branch: which words stay is a coin that no processor predicts */
                    n += (uint32_t)(fe_rng_next(&rng) >> 32) <= keep[ids[i]];
                }
            } else {
                memcpy(w->ids + n, ids, length * sizeof *ids);
                n += (uint32_t)length;
            }
            for (uint32_t t = begin; t < n; t++) {
                uint32_t b = window;
                if (shrink)
                    b = 1 + fe_rng_bounded(&rng, (uint32_t)(fe_rng_next(&rng) >> 32), window);
                const uint32_t before = t - begin, after = n - 1 - t;
                w->left[t] = (uint16_t)(before < b ? before : b);
                w->right[t] = (uint16_t)(after < b ? after : b);
            }
            w->n = n;
            w->n_tokens += length;
        }
    }
    w->noise_at = fe_rng_next(&rng);
    return FE_OK;
}

#endif
