/* wordsort.h: the order of words by their bytes, and looking one up in it.
 *
 * Words are blob[offsets[i] .. offsets[i + 1]); the order is a permutation of their indices, equal
 * words by index. It is stored in vector files, so that a word of a million is found without
 * building a table first.
 */
#ifndef FE_WORDSORT_H
#define FE_WORDSORT_H

#include "fe_base.h"

typedef struct {
    uint64_t prefix; /* the first eight bytes, big-endian, zeros behind a shorter word */
    uint32_t index;
} fe_word_key;

FE_INLINE int fe_compare_bytes(const char *a, uint64_t na, const char *b, uint64_t nb) {
    int c = memcmp(a, b, (size_t)(na < nb ? na : nb));
    return c != 0 ? c : (na > nb) - (na < nb);
}

FE_INLINE int fe_compare_keys(const fe_word_key *a, const fe_word_key *b, const char *blob,
                              const uint64_t *offsets) {
    if (a->prefix != b->prefix) return a->prefix < b->prefix ? -1 : 1;
    int c = fe_compare_bytes(
        blob + offsets[a->index], offsets[a->index + 1] - offsets[a->index],
        blob + offsets[b->index], offsets[b->index + 1] - offsets[b->index]);
    return c != 0 ? c : (a->index > b->index) - (a->index < b->index);
}

/* Merge sort of n keys, bottom up. other: room for n; the result is in one of the two, and returned. */
static inline fe_word_key *fe_merge_words(fe_word_key *keys, fe_word_key *other, int64_t n,
                                          const char *blob, const uint64_t *offsets) {
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t left = 0; left < n; left += 2 * width) {
            int64_t middle = left + width < n ? left + width : n;
            int64_t right = middle + width < n ? middle + width : n;
            int64_t i = left, j = middle, k = left;
            while (i < middle && j < right)
                other[k++] = fe_compare_keys(&keys[i], &keys[j], blob, offsets) < 0 ? keys[i++]
                                                                                    : keys[j++];
            while (i < middle) other[k++] = keys[i++];
            while (j < right) other[k++] = keys[j++];
        }
        fe_word_key *swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

#define FE_WORD_DIGIT 11 /* bits of a digit of the prefix */

/* Radix sort of n keys by their prefixes, from the lowest digit up, which keeps the order of equal
 * ones. other: room for n; the result is in one of the two, and returned. */
static inline fe_word_key *fe_radix_words(fe_word_key *keys, fe_word_key *other, int64_t n) {
    uint32_t at[1 << FE_WORD_DIGIT];
    const uint64_t mask = (1 << FE_WORD_DIGIT) - 1;
    for (int bit = 0; bit < 64; bit += FE_WORD_DIGIT) {
        memset(at, 0, sizeof at);
        for (int64_t i = 0; i < n; i++) at[keys[i].prefix >> bit & mask]++;
        if (n > 0 && at[keys[0].prefix >> bit & mask] == n) continue; /* all are equal */
        uint32_t sum = 0;
        for (uint64_t digit = 0; digit <= mask; digit++) {
            uint32_t here = at[digit];
            at[digit] = sum;
            sum += here;
        }
        for (int64_t i = 0; i < n; i++) other[at[keys[i].prefix >> bit & mask]++] = keys[i];
        fe_word_key *swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

/* Put n words in order: by the first eight bytes, then those that share them by the rest. Offsets
 * must not decrease. */
static inline fe_status fe_sort_words(const char *blob, const uint64_t *offsets /* IN (n + 1) */,
                                      int64_t n, uint32_t *order /* OUT (n) */) {
    if (n < 0 || n > (int64_t)UINT32_MAX) return FE_EOVERFLOW;
    fe_word_key *keys = (fe_word_key *)fe_malloc_array((size_t)n, sizeof *keys);
    fe_word_key *other = (fe_word_key *)fe_malloc_array((size_t)n, sizeof *other);
    if (keys == NULL || other == NULL) {
        free(keys);
        free(other);
        return FE_ENOMEM;
    }
    for (int64_t i = 0; i < n; i++) {
        uint64_t length = offsets[i + 1] - offsets[i], prefix = 0;
        for (uint64_t j = 0; j < 8; j++)
            prefix = prefix << 8 | (j < length ? (unsigned char)blob[offsets[i] + j] : 0);
        keys[i].prefix = prefix;
        keys[i].index = (uint32_t)i;
    }
    fe_word_key *sorted = n < 256 ? keys : fe_radix_words(keys, other, n);
    fe_word_key *room = sorted == keys ? other : keys;
    for (int64_t first = 0, last; first < n; first = last) {
        last = first + 1;
        while (last < n && (n < 256 || sorted[last].prefix == sorted[first].prefix)) last++;
        const fe_word_key *part =
            fe_merge_words(sorted + first, room + first, last - first, blob, offsets);
        for (int64_t i = first; i < last; i++) order[i] = part[i - first].index;
    }
    free(keys);
    free(other);
    return FE_OK;
}

/* Mark every word that stands earlier too; returns how many. */
static inline int64_t fe_mark_repeats(const char *blob, const uint64_t *offsets, int64_t n,
                                      const uint32_t *order, uint8_t *repeat /* OUT (n), zeroed */) {
    int64_t count = 0;
    for (int64_t i = 1; i < n; i++) {
        uint32_t a = order[i - 1], b = order[i];
        if (fe_compare_bytes(blob + offsets[a], offsets[a + 1] - offsets[a], blob + offsets[b],
                             offsets[b + 1] - offsets[b]) == 0) {
            repeat[b] = 1;
            count++;
        }
    }
    return count;
}

/* Index of a word (the first of equal ones), -1 if it is not there, -2 if order or offsets point
 * outside: they may come from a damaged file. */
static inline int64_t fe_find_word(const char *blob, uint64_t blob_bytes, const uint64_t *offsets,
                                   int64_t n, const uint32_t *order /* IN (n) */, const char *word,
                                   uint64_t length) {
    int64_t low = 0, high = n; /* the first whose word is not before the wanted one */
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        uint32_t i = order[middle];
        if ((int64_t)i >= n || offsets[i] > offsets[i + 1] || offsets[i + 1] > blob_bytes)
            return -2;
        if (fe_compare_bytes(blob + offsets[i], offsets[i + 1] - offsets[i], word, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n) return -1;
    uint32_t i = order[low];
    if ((int64_t)i >= n || offsets[i] > offsets[i + 1] || offsets[i + 1] > blob_bytes) return -2;
    int same = fe_compare_bytes(blob + offsets[i], offsets[i + 1] - offsets[i], word, length) == 0;
    return same ? (int64_t)i : -1;
}

#endif
