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
 * value in g(h). Rows and levels: ngram.h.
 */
#ifndef FE_KN_H
#define FE_KN_H

#include "kn_job.h"
#include "vec.h"

/* Values of the rows first to last - 1 of an order that is not the highest: how many rows of the
 * next order are theirs, but counts where the n-gram begins with bos, since nothing stands before.
 *
 * parent: IN (n,) of the next order, ascending. cells: INOUT counts, then values. */
FE_UNUSED static void fe_kn_adjust(const uint32_t *parent, uint64_t n, const uint32_t *word,
                                   uint32_t bos, uint64_t first, uint64_t last,
                                   fe_kn_cell *cells) {
    uint64_t child = 0, end = n;
    while (child < end) { /* the first child of row `first` or a later one */
        uint64_t middle = child + (end - child) / 2;
        if (parent[middle] < first)
            child = middle + 1;
        else
            end = middle;
    }
    for (uint64_t r = first; r < last; r++) {
        uint64_t begin = child;
        while (child < n && parent[child] == r) child++;
        if (word[r] != bos) cells[r].value = (uint32_t)(child - begin);
    }
}

/* How many rows have the values 0, 1, 2, 3, 4 or more. often: INOUT (6,) */
FE_UNUSED static void fe_kn_often(const fe_kn_cell *cells, uint64_t first, uint64_t last,
                                  uint64_t *often) {
    for (uint64_t r = first; r < last;) {
        const uint64_t stop = last - r < 1 << 16 ? last : r + (1 << 16);
        uint32_t zero = 0, one = 0, two = 0, three = 0, four = 0; /* sums that vectors can hold */
        often[5] += stop - r;
        for (; r < stop; r++) {
            const uint32_t a = cells[r].value;
            zero += a == 0;
            one += a == 1;
            two += a == 2;
            three += a == 3;
            four += a == 4;
        }
        const uint32_t found[] = {zero, one, two, three, four};
        for (int a = 0; a < 5; a++) {
            often[a] += found[a];
            often[5] -= found[a];
        }
    }
}

/* fe_kn_sums; without raw there is nothing in the loop but one sum to add to. */
FE_INLINE void fe_kn_add(const fe_kn_cell *cells, const uint32_t *context, const uint32_t *raw,
                         uint32_t threshold, uint64_t n, uint64_t low, uint64_t size,
                         fe_kn_sum *sums, uint32_t *pruned) {
    for (uint64_t r = 0; r < n; r++) {
        /* rows of a last word are in the order of the word before it, as contexts are: those of
         * other threads come in runs, and the branch is easy to foretell */
        if (r + 32 < n && context[r + 32] - low < size)
            FE_PREFETCH_WRITE(sums + (context[r + 32] - low));
        const uint64_t c = context[r] - low;
        if (c >= size) continue;
        const uint32_t a = cells[r].value;
        fe_kn_sum *sum = sums + c;
        if (raw && raw[r] <= threshold) {
            sum->total += a;
            pruned[c] += a;
            continue;
        }
        const fe_kn_sum more = {a, a == 1, a == 2, a > 2};
        sum->total += more.total;
        sum->n1 += more.n1;
        sum->n2 += more.n2;
        sum->n3 += more.n3;
    }
}

/* The sums of the contexts low to high - 1 over all n rows; threads divide the contexts, since
 * those of the rows lie anywhere.
 *
 * context: IN (n,). raw: IN (n,) counts, or NULL: rows with raw[r] <= threshold are pruned, and
 * their values are summed in pruned. sums, pruned: OUT [low] to [high - 1] */
FE_UNUSED static void fe_kn_sums(const fe_kn_cell *cells, const uint32_t *context,
                                 const uint32_t *raw, uint32_t threshold, uint64_t n, uint64_t low,
                                 uint64_t high, fe_kn_sum *sums, uint32_t *pruned) {
    const uint64_t size = high - low;
    if (size == 0) return;
    memset(sums + low, 0, size * sizeof *sums);
    if (raw) {
        memset(pruned + low, 0, size * sizeof *pruned);
        fe_kn_add(cells, context, raw, threshold, n, low, size, sums + low, pruned + low);
    } else {
        fe_kn_add(cells, context, NULL, 0, n, low, size, sums + low, NULL);
    }
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
