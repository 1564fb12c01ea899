/* arpa_link.h: what the n-grams of an ARPA file hang on: the nodes of their suffixes and contexts.
 *
 * In the files of KenLM and of this library n-grams stand in the order of their words read
 * backwards. Then the suffixes of order k come in the order in which order k - 1 stood in the file,
 * and are found by going on from the one before; and the context of w_1 ... w_k is w_1 before the
 * context of w_2 ... w_k, which was noted then: one look-up instead of k - 2. In other files both
 * are looked up word by word.
 */
#ifndef FE_ARPA_LINK_H
#define FE_ARPA_LINK_H

#include "lmquery.h"

/* The n-grams of order k - 1 as they stood in the file, ascending. */
typedef struct fe_arpa_lower {
    const uint32_t *ids;     /* (n, k - 1) */
    const uint32_t *node;    /* (n,) */
    const uint32_t *context; /* (n,) node of each without its newest word */
    uint64_t n;
} fe_arpa_lower;

/* < 0, 0, > 0: where a (k,) stands to b (k,), the newest word first. */
FE_INLINE int fe_arpa_compare(const uint32_t *a, const uint32_t *b, uint32_t k) {
    for (uint32_t j = k; j-- > 0;)
        if (a[j] != b[j]) return a[j] < b[j] ? -1 : 1;
    return 0;
}

/* The first row that does not stand before `wanted`, from where p stands. */
FE_INLINE uint64_t fe_arpa_seek(const fe_arpa_lower *lower, uint32_t m, const uint32_t *wanted,
                                uint64_t p) {
    uint64_t low = 0, high = p, step = 1;
    if (p == 0 || fe_arpa_compare(lower->ids + (p - 1) * m, wanted, m) < 0) {
        for (low = p; p < lower->n && fe_arpa_compare(lower->ids + p * m, wanted, m) < 0;) {
            low = p + 1;
            p += step;
            step *= 2;
        }
        high = p < lower->n ? p : lower->n;
    }
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (fe_arpa_compare(lower->ids + middle * m, wanted, m) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Nodes of order k - 1 of the suffix and the context of n n-grams, FE_LM_NONE where one is not
 * there. Returns whether they ascend, with the row before them if `follows`.
 * IN lower: NULL: not in order, or not kept; ids (n, k); OUT suffix (n,), context (n,) */
static FE_UNUSED int fe_arpa_link(const fe_lm *lm, const fe_arpa_lower *lower, const uint32_t *ids,
                                  uint64_t n, uint32_t k, int follows, uint64_t *suffix,
                                  uint64_t *context) {
    uint64_t x[FE_LM_BATCH], p = 0;
    uint32_t row[FE_LM_BATCH];
    int ascending = 1;
    for (uint64_t i = follows ? 0 : 1; i < n; i++)
        ascending &= fe_arpa_compare(ids + (ptrdiff_t)i * k - k, ids + i * k, k) < 0;
    if (lower == NULL) {
        fe_lm_walk(lm, ids + 1, n, k, k - 1, suffix);
        fe_lm_walk(lm, ids, n, k, k - 1, context);
        return ascending;
    }
    for (uint64_t from = 0; from < n; from += FE_LM_BATCH) {
        const uint32_t m = n - from < FE_LM_BATCH ? (uint32_t)(n - from) : FE_LM_BATCH;
        uint32_t c = 0;
        for (uint32_t i = 0; i < m; i++) {
            const uint32_t *wanted = ids + (from + i) * k + 1;
            p = fe_arpa_seek(lower, k - 1, wanted, p);
            if (p < lower->n && fe_arpa_compare(lower->ids + p * (k - 1), wanted, k - 1) == 0) {
                suffix[from + i] = lower->node[p];
                context[from + i] = FE_LM_NONE;
                x[c] = fe_lm_key(lm->n_words, lower->context[p], wanted[-1]);
                row[c++] = i;
            } else {
                suffix[from + i] = FE_LM_NONE;
                fe_lm_walk(lm, wanted - 1, 1, k, k - 1, &context[from + i]);
            }
        }
        fe_lm_find(&lm->level[k - 1], x, row, c, (fe_lm_found){.node = context + from});
    }
    return ascending;
}

#endif
