/* bigrams.h: counts of pairs of adjacent items, sparse, sorted and exact.
 *
 * A block of text gives one key a pair, (left << bits) | right, which are sorted by radix and
 * summed up to a run: distinct keys in order, with counts. Runs are merged. What comes out does not
 * depend on how the text was cut into blocks, and memory is that of the distinct pairs.
 */
#ifndef FE_BIGRAMS_H
#define FE_BIGRAMS_H

#include "fe_base.h"

#define FE_BIGRAMS_SKIP UINT32_MAX /* an id that is no item */
#define FE_BIGRAMS_DIGIT 11

/* Sort n keys of which only the low ``bits`` bits are set. */
static inline void fe_sort_keys(uint64_t *keys /* INOUT (n,) */, uint64_t *scratch /* (n,) */,
                                size_t n, unsigned bits) {
    uint64_t *from = keys, *to = scratch;
    for (unsigned shift = 0; shift < bits; shift += FE_BIGRAMS_DIGIT) {
        size_t at[1 << FE_BIGRAMS_DIGIT] = {0}, sum = 0;
        const uint64_t mask = (1 << FE_BIGRAMS_DIGIT) - 1;
        for (size_t i = 0; i < n; i++) at[from[i] >> shift & mask]++;
        for (size_t d = 0; d <= mask; d++) {
            const size_t count = at[d];
            at[d] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++) to[at[from[i] >> shift & mask]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys) memcpy(keys, from, n * sizeof *keys);
}

/* The run of the pairs that begin at ids[0 .. n - 1]; returns its length, at most n.
 *
 * A pair ends at the next id, so ids[n] is read unless ``last`` says that the text ends before it.
 * breaks: positions (in the numbering where ids[0] is ``first``) before which no pair reaches,
 * ascending; an id that is no item breaks too. */
static inline size_t fe_bigrams_count(const uint32_t *ids /* IN (n + 1,), (n,) if last */, size_t n,
                                      int last, const uint32_t *item_of /* IN, by id */,
                                      const uint64_t *breaks /* IN (n_breaks,) */,
                                      size_t n_breaks, uint64_t first, unsigned bits,
                                      uint64_t *keys /* OUT (n,) */, uint64_t *scratch /* (n,) */,
                                      int64_t *counts /* OUT (n,) */) {
    size_t low = 0, high = n_breaks; /* the first break behind the first position */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (breaks[middle] <= first) low = middle + 1;
        else high = middle;
    }
    size_t m = 0;
    const size_t stop = last && n > 0 ? n - 1 : n;
    for (size_t i = 0; i < stop; i++) {
        int broken = 0;
        while (low < n_breaks && breaks[low] == first + i + 1) {
            broken = 1;
            low++;
        }
        const uint32_t left = item_of[ids[i]], right = item_of[ids[i + 1]];
        if (broken || left == FE_BIGRAMS_SKIP || right == FE_BIGRAMS_SKIP) continue;
        keys[m++] = (uint64_t)left << bits | right;
    }
    fe_sort_keys(keys, scratch, m, 2 * bits);
    size_t k = 0;
    for (size_t i = 0; i < m;) {
        size_t j = i;
        while (j < m && keys[j] == keys[i]) j++;
        counts[k] = (int64_t)(j - i);
        keys[k++] = keys[i];
        i = j;
    }
    return k;
}

/* Two runs into one; returns its length, at most na + nb. */
static inline size_t fe_bigrams_merge(const uint64_t *a, const int64_t *a_counts, size_t na,
                                      const uint64_t *b, const int64_t *b_counts, size_t nb,
                                      uint64_t *keys /* OUT (na + nb,) */,
                                      int64_t *counts /* OUT (na + nb,) */) {
    size_t i = 0, j = 0, k = 0;
    while (i < na && j < nb) {
        const uint64_t x = a[i], y = b[j];
        keys[k] = x < y ? x : y;
        counts[k++] = (x <= y ? a_counts[i] : 0) + (y <= x ? b_counts[j] : 0);
        i += x <= y;
        j += y <= x;
    }
    for (; i < na; i++, k++) {
        keys[k] = a[i];
        counts[k] = a_counts[i];
    }
    for (; j < nb; j++, k++) {
        keys[k] = b[j];
        counts[k] = b_counts[j];
    }
    return k;
}

/* The lists of fe_pairs (brown_job.h) from one run; FE_EINVAL if an item is not below n_items. */
static inline fe_status fe_bigrams_split(const uint64_t *keys /* IN (n,) */,
                                         const int64_t *counts /* IN (n,) */, size_t n,
                                         unsigned bits, uint32_t n_items,
                                         uint64_t *right_start /* OUT (n_items + 1,) */,
                                         uint32_t *right /* OUT (n,) */,
                                         uint64_t *left_start /* OUT (n_items + 1,) */,
                                         uint32_t *left /* OUT (n,) */,
                                         int64_t *left_count /* OUT (n,) */) {
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    memset(right_start, 0, ((size_t)n_items + 1) * sizeof *right_start);
    memset(left_start, 0, ((size_t)n_items + 1) * sizeof *left_start);
    for (size_t i = 0; i < n; i++) {
        if (keys[i] >> bits >= n_items || (keys[i] & mask) >= n_items) return FE_EINVAL;
        right[i] = (uint32_t)(keys[i] & mask);
        right_start[(keys[i] >> bits) + 1]++;
        left_start[(keys[i] & mask) + 1]++;
    }
    for (size_t i = 0; i < n_items; i++) {
        right_start[i + 1] += right_start[i];
        left_start[i + 1] += left_start[i];
    }
    /* left_start[x] counts up to the end of x's list, and is put back */
    for (size_t i = 0; i < n; i++) {
        const uint64_t at = left_start[right[i]]++;
        left[at] = (uint32_t)(keys[i] >> bits);
        left_count[at] = counts[i];
    }
    for (size_t i = n_items; i > 0; i--) left_start[i] = left_start[i - 1];
    left_start[0] = 0;
    return FE_OK;
}

#endif
