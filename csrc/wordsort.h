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

/* Merge sort, bottom up. Offsets must not decrease. */
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
    for (int64_t i = 0; i < n; i++) order[i] = keys[i].index;
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
