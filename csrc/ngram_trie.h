/* ngram_trie.h: finding n-grams in the levels of a trie of reversed n-grams.
 *
 * Rows of a level are sorted by (parent, word), so the children of row p are one range of the
 * level above it, begin[p] <= row < begin[p + 1], in the order of their words.
 */
#ifndef FE_NGRAM_TRIE_H
#define FE_NGRAM_TRIE_H

#include "fe_base.h"

#define FE_NGRAM_NONE 0xFFFFFFFFu

/* Write begin[p] for the parents of the rows first to last - 1 of n.
 *
 * parent: IN (n,) ascending, each < n_parents. begin: OUT (n_parents + 1,). All ranges of rows
 * together write all of it, each entry once; a level without rows is one range. */
FE_UNUSED static void fe_ngram_begins(const uint32_t *parent, uint64_t n, uint64_t n_parents,
                                      uint64_t first, uint64_t last, uint32_t *begin) {
    for (uint64_t r = first; r < last; r++) {
        uint64_t p = r == 0 ? 0 : (uint64_t)parent[r - 1] + 1;
        for (; p <= parent[r]; p++) begin[p] = (uint32_t)r;
    }
    if (last == n) {
        uint64_t p = n == 0 ? 0 : (uint64_t)parent[n - 1] + 1;
        for (; p <= n_parents; p++) begin[p] = (uint32_t)n;
    }
}

/* Row of a word among the rows low to high - 1, whose words ascend; FE_NGRAM_NONE. */
FE_INLINE uint32_t fe_ngram_child(const uint32_t *word, uint32_t low, uint32_t high,
                                  uint32_t wanted) {
    const uint32_t end = high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (word[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && word[low] == wanted ? low : FE_NGRAM_NONE;
}

/* Contexts of the rows first to last - 1 of order k >= 3: the context of w_1 ... w_k is w_1 below
 * the context of w_2 ... w_k.
 *
 * word, parent: IN of order k. lower_context: IN of order k - 1, rows of order k - 2. begin: IN
 * children of order k - 2 in order k - 1, whose words are lower_word. context: OUT, FE_NGRAM_NONE
 * where there is no such row. */
FE_UNUSED static void fe_ngram_search_contexts(const uint32_t *word, const uint32_t *parent,
                                               uint64_t first, uint64_t last,
                                               const uint32_t *lower_context,
                                               const uint32_t *begin, const uint32_t *lower_word,
                                               uint32_t *context) {
    for (uint64_t r = first; r < last; r++) {
        if (r + 24 < last) FE_PREFETCH(begin + lower_context[parent[r + 24]]);
        uint32_t above = lower_context[parent[r]];
        context[r] = above == FE_NGRAM_NONE
                         ? FE_NGRAM_NONE
                         : fe_ngram_child(lower_word, begin[above], begin[above + 1], word[r]);
    }
}

/* Rows of order k of n n-grams whose suffixes of order k - 1 are known.
 *
 * word: IN (n,) the oldest word of each. row: INOUT (n,) row of order k - 1, then of order k;
 * FE_NGRAM_NONE stays and is what is not found. */
FE_UNUSED static void fe_ngram_descend(const uint32_t *word, uint64_t n, const uint32_t *begin,
                                       const uint32_t *level_word, uint32_t *row) {
    for (uint64_t i = 0; i < n; i++)
        if (row[i] != FE_NGRAM_NONE)
            row[i] = fe_ngram_child(level_word, begin[row[i]], begin[row[i] + 1], word[i]);
}

#endif
