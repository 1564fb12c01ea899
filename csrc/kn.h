/* kn.h: absolute discounting with lower orders, the loops over n-grams.
 *
 * Kneser & Ney (1995), Chen & Goodman (1998). For an n-gram h w with the value a(h w), a count or
 * the number of different words before it,
 *
 *     p(w | h) = (a(h w) - D(a(h w)) + g(h) p(w | h')) / t(h)
 *     t(h) = sum over w of a(h w)         h' = h without its oldest word
 *     g(h) = sum over w of D(a(h w))      back-off weight = g(h) / t(h)
 *
 * with D(a) = D1, D2 or D3 for a = 1, 2 or more. A pruned n-gram counts in t(h), and all of its
 * value in g(h). Rows and levels: ngram.h. Sums are of integers, so threads may add in any order.
 */
#ifndef FE_KN_H
#define FE_KN_H

#include "kn_job.h"
#include "vec.h"

/* Values of the rows first to last - 1 of an order that is not the highest: how many rows of the
 * next order are theirs, but counts where the n-gram begins with bos, since nothing stands before.
 *
 * begin: IN (n + 1,) fe_ngram_begins of the next order. cells: INOUT counts, then values. */
FE_UNUSED static void fe_kn_adjust(const uint32_t *begin, const uint32_t *word, uint32_t bos,
                                   uint64_t first, uint64_t last, fe_kn_cell *cells) {
    for (uint64_t r = first; r < last; r++) {
        uint32_t children = begin[r + 1] - begin[r];
        cells[r].value = word[r] == bos ? cells[r].value : children;
    }
}

/* How many rows have the values 0, 1, 2, 3, 4 or more. often: INOUT (6,) */
FE_UNUSED static void fe_kn_often(const fe_kn_cell *cells, uint64_t first, uint64_t last,
                                  uint64_t *often) {
    uint64_t found[8] = {0};
    for (uint64_t r = first; r < last; r++) found[cells[r].value < 5 ? cells[r].value : 5]++;
    for (int a = 0; a < 6; a++) often[a] += found[a];
}

/* Both halves at once: total and n1, or n2 and n3. */
FE_INLINE void fe_kn_add(uint32_t *pair, uint64_t low, uint64_t high, int shared) {
#if defined(__GNUC__) || defined(__clang__)
    if (shared) {
        if (low) __atomic_fetch_add(pair, (uint32_t)low, __ATOMIC_RELAXED);
        if (high) __atomic_fetch_add(pair + 1, (uint32_t)high, __ATOMIC_RELAXED);
        return;
    }
#else
    (void)shared;
#endif
    pair[0] += (uint32_t)low;
    pair[1] += (uint32_t)high;
}

/* Add the rows first to last - 1 to the sums of their contexts.
 *
 * context: IN (n,) or NULL for one context. raw: IN (n,) counts, or NULL: rows with
 * raw[r] <= threshold are pruned, and their values added to pruned[context], INOUT. shared: other
 * threads add to the same sums. */
FE_INLINE void fe_kn_sums_of(const fe_kn_cell *cells, const uint32_t *context, const uint32_t *raw,
                             uint32_t threshold, uint64_t first, uint64_t last, fe_kn_sum *sums,
                             uint32_t *pruned, int shared) {
    for (uint64_t r = first; r < last; r++) {
        if (context && r + 32 < last) FE_PREFETCH_WRITE(sums + context[r + 32]);
        uint32_t a = cells[r].value, c = context ? context[r] : 0;
        if (raw && raw[r] <= threshold) {
            fe_kn_add(&sums[c].total, a, 0, shared);
            fe_kn_add(&pruned[c], a, 0, shared);
            continue;
        }
        fe_kn_add(&sums[c].total, a, a == 1, shared);
        if (a > 1) fe_kn_add(&sums[c].n2, a == 2, a > 2, shared);
    }
}

FE_UNUSED static void fe_kn_sums(const fe_kn_cell *cells, const uint32_t *context,
                                 const uint32_t *raw, uint32_t threshold, uint64_t first,
                                 uint64_t last, fe_kn_sum *sums, uint32_t *pruned, int shared) {
    if (shared)
        fe_kn_sums_of(cells, context, raw, threshold, first, last, sums, pruned, 1);
    else
        fe_kn_sums_of(cells, context, raw, threshold, first, last, sums, pruned, 0);
}

FE_INLINE double fe_kn_mass(const fe_kn_sum *sum, const double *discounts, uint32_t pruned) {
    return discounts[1] * sum->n1 + discounts[2] * sum->n2 + discounts[3] * sum->n3 + pruned;
}

/* Probabilities of the rows first to last - 1 of order k >= 2, in the place of their values.
 *
 * parent, context: IN (n,). lower: IN probabilities of order k - 1. pruned: IN of the contexts, or
 * NULL. discounts: IN (4,), [0] not used. */
FE_UNUSED static void fe_kn_probs(fe_kn_cell *cells, const uint32_t *parent,
                                  const uint32_t *context, uint64_t first, uint64_t last,
                                  const fe_kn_sum *sums, const uint32_t *pruned,
                                  const double *discounts, const float *lower) {
    for (uint64_t r = first; r < last; r++) {
        if (r + 32 < last) FE_PREFETCH(sums + context[r + 32]);
        const fe_kn_sum *sum = sums + context[r];
        uint32_t a = cells[r].value;
        double mass = fe_kn_mass(sum, discounts, pruned ? pruned[context[r]] : 0);
        double below = lower[parent[r]];
        double p = a - discounts[a < 3 ? a : 3] + mass * below;
        cells[r].prob = (float)(sum->total ? p / sum->total : below);
    }
}

/* log10 of the back-off weights of the rows first to last - 1 of a level of contexts; 0 where no
 * n-gram goes on from a row. */
FE_UNUSED static void fe_kn_backoffs(const fe_kn_sum *sums, const uint32_t *pruned, uint64_t first,
                                     uint64_t last, const double *discounts, float *backoff) {
    for (uint64_t r = first; r < last; r++) {
        double mass = fe_kn_mass(sums + r, discounts, pruned ? pruned[r] : 0);
        backoff[r] = sums[r].total ? (float)(mass / sums[r].total) : 1.0f;
    }
}

/* log10 in place. */
FE_UNUSED static void fe_log10_all(float *x, uint64_t first, uint64_t last) {
    uint64_t i = first;
    for (; i + FE_LANES <= last; i += FE_LANES) fe_store(x + i, fe_log10(fe_load(x + i)));
    if (i < last) {
        float rest[FE_LANES];
        for (int j = 0; j < FE_LANES; j++) rest[j] = i + (uint64_t)j < last ? x[i + (uint64_t)j] : 1;
        fe_store(rest, fe_log10(fe_load(rest)));
        for (int j = 0; i < last; i++, j++) x[i] = rest[j];
    }
}

#endif
