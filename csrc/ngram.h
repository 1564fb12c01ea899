/* ngram.h: n-grams of all orders of a text at once, by one sort (see ngram_sort.h).
 *
 * A text is a stream of sentences: bos, words, eos. The places of all words but bos are dealt to
 * parts by their word, frequent words to several parts by the word before too, so that a part's
 * places are one range of the final order. Parts are then independent: each is sorted, and one
 * scan of the sorted places finds the n-grams of every order, since the n-grams of order k are
 * where the first k words change. Written in that order they are a trie of reversed n-grams: rows
 * of a level are sorted by (parent, word), the parent being the n-gram without its oldest word.
 *
 * The context of an n-gram, without its newest word, is found without another sort: of each place
 * the number in the order is noted, and a directory tells how many rows of a level began up to
 * there. So the context of a k-gram that ends at place i is the (k - 1)-gram that ends at place
 * i - 1. The numbers take the memory of the stream, and those of the places before take that of
 * the places, when nothing else needs these any more.
 */
#ifndef FE_NGRAM_H
#define FE_NGRAM_H

#include "ngram_sort.h"

/* Write the sentences first to last - 1 of a corpus as a stream.
 *
 * ids: IN words of the sentences, ids[0] being word number ids_first. offsets: IN where each
 * sentence begins, counted from word 0. map: IN (V,) new ids, or NULL. stream: OUT, sentence i
 * begins at offsets[i] + 2 i. A word that is bos or eos ends the work: FE_EINVAL, and *bad is its
 * number. */
FE_UNUSED static fe_status fe_ngram_stream(const uint32_t *ids, uint64_t ids_first,
                                           const uint64_t *offsets, uint64_t first, uint64_t last,
                                           const uint32_t *map, uint32_t bos, uint32_t eos,
                                           uint32_t *stream, uint64_t *bad) {
    for (uint64_t i = first; i < last; i++) {
        uint32_t *to = stream + offsets[i] + 2 * i;
        *to++ = bos;
        for (uint64_t t = offsets[i]; t < offsets[i + 1]; t++) {
            uint32_t id = ids[t - ids_first];
            if (map) id = map[id];
            if (id == bos || id == eos) {
                *bad = t;
                return FE_EINVAL;
            }
            *to++ = id;
        }
        *to = eos;
    }
    return FE_OK;
}

/* Count the words at the places start, start + step, ... < stop of a stream, and note where each
 * was first. counts, seen: INOUT (V,); seen is read only where counts is not 0. */
FE_UNUSED static void fe_ngram_words(const uint32_t *stream, uint64_t start, uint64_t stop,
                                     uint64_t step, uint64_t *counts, uint64_t *seen) {
    for (uint64_t i = start; i < stop; i += step)
        if (counts[stream[i]]++ == 0) seen[stream[i]] = i;
}

FE_INLINE uint32_t fe_ngram_part(const fe_ngram_dealing *deal, uint32_t word, uint32_t before) {
    return deal->part[word] + ((uint32_t)deal->class_[before] >> deal->shift[word]);
}

/* Count the places of each part; bos is in none. counts: INOUT (parts,) */
FE_UNUSED static void fe_ngram_deal_count(const uint32_t *stream, uint64_t start, uint64_t stop,
                                          uint64_t step, uint32_t bos, const fe_ngram_dealing *deal,
                                          uint32_t *counts) {
    for (uint64_t i = start; i < stop; i += step)
        if (stream[i] != bos) counts[fe_ngram_part(deal, stream[i], stream[i - 1])]++;
}

/* Deal the places. at: INOUT (parts,) where the next place of each part goes; places: OUT */
FE_UNUSED static void fe_ngram_deal(const uint32_t *stream, uint64_t start, uint64_t stop,
                                    uint64_t step, uint32_t bos, const fe_ngram_dealing *deal,
                                    uint32_t *at, uint32_t *places) {
    for (uint64_t i = start; i < stop; i += step)
        if (stream[i] != bos)
            places[at[fe_ngram_part(deal, stream[i], stream[i - 1])]++] = (uint32_t)i;
}

/* Rows that each order gets from n sorted places. rows: OUT (order + 1,); rows[0] is the number
 * of distinct places, all words up to the order or bos taken together. */
FE_UNUSED static void fe_ngram_rows(const uint8_t *codes, size_t n, uint32_t order,
                                    uint64_t *rows) {
    uint64_t often[256] = {0};
    for (size_t i = 0; i < n; i++) often[codes[i]]++;
    memset(rows, 0, (order + 1) * sizeof *rows);
    for (unsigned code = 0; code < 256; code++) {
        unsigned same = code & 15, depth = code >> 4;
        for (unsigned k = same + 1; k <= depth && k <= order; k++) rows[k] += often[code];
        if (same < depth) rows[0] += often[code];
    }
}

#define FE_NGRAM_RUN 128 /* places that are looked at level by level; a multiple of BLOCK */

/* What fe_ngram_emit knows of one order between two runs. */
typedef struct {
    uint32_t row;   /* next row */
    uint64_t begin; /* sum of weights before the row that is open */
} fe_ngram_open;

/* The rows of order k that begin or go on in a run of n places.
 *
 * There are no branches: what is no row goes to a slot that is not read. above: INOUT (n,) row of
 * order k - 1 of each place, then of order k. before: IN (n + 1,) sum of weights before each place,
 * or NULL for `first`, `first` + 1, ... entry: where the run's directory begins, or NULL. */
FE_INLINE uint64_t fe_ngram_run(const uint32_t *stream, const uint32_t *places,
                                const uint8_t *codes, size_t n, unsigned k, uint64_t first,
                                const uint64_t *before, uint32_t *above, fe_ngram_open *open,
                                const fe_ngram_levels *levels, uint32_t *entry, size_t stride) {
    uint32_t word[FE_NGRAM_RUN + 2], parent[FE_NGRAM_RUN + 2];
    uint64_t count[FE_NGRAM_RUN + 2], begin = open->begin, large = 0;
    const uint32_t base = open->row - 1; /* of slot 0, the row that is open */
    uint32_t m = 0;
    count[0] = 0;
    for (size_t i = 0; i < n;) {
        uint32_t bits = 0, start = m;
        size_t stop = n - i < FE_NGRAM_BLOCK ? n : i + FE_NGRAM_BLOCK;
        for (unsigned bit = 0; i < stop; i++, bit++) {
            unsigned same = codes[i] & 15, depth = codes[i] >> 4;
            uint32_t is = depth >= k, begins = is & (same < k);
            uint64_t here = before ? before[i] : first + i;
            m += begins;
            /* masks, since a compiler may make branches of conditional expressions */
            begin ^= (begin ^ here) & -(uint64_t)begins;
            uint32_t slot = (m & -is) | ((FE_NGRAM_RUN + 1) & (is - 1));
            word[slot] = stream[(ptrdiff_t)places[i] - (ptrdiff_t)(k - 1)];
            parent[slot] = above[i];
            count[slot] = (before ? before[i + 1] : first + i + 1) - begin;
            above[i] = base + m;
            bits |= begins << bit;
        }
        if (entry) {
            entry[0] = base + 1 + start;
            entry[1] = bits;
            entry += stride;
        }
    }
    for (uint32_t r = count[0] ? 0 : 1; r <= m; r++) {
        large |= count[r];
        levels->count[k][(ptrdiff_t)open->row + (ptrdiff_t)r - 1] = (uint32_t)count[r];
    }
    if (m > 0) {
        memcpy(levels->word[k] + open->row, word + 1, m * sizeof *word);
        memcpy(levels->parent[k] + open->row, parent + 1, m * sizeof *parent);
    }
    open->row += m;
    open->begin = begin;
    return large;
}

/* Write the rows of one part.
 *
 * places, codes: IN (n,) of fe_ngram_sort. weights: IN one of each place, counted from the stream's
 * beginning in steps of `step`; NULL: one each. row: IN [k] first row of order k. index: NULL, or
 * its directory is for fe_ngram_contexts, the part's first place having number rank, a multiple of
 * BLOCK.
 * FE_EOVERFLOW: a count is not below 2^32. */
FE_UNUSED static fe_status fe_ngram_emit(const fe_ngram_text *text, const uint32_t *places,
                                         const uint8_t *codes, size_t n, const uint32_t *weights,
                                         uint64_t step, const uint32_t *row,
                                         const fe_ngram_levels *levels, const fe_ngram_index *index,
                                         uint32_t rank) {
    const unsigned order = text->order;
    const size_t stride = 2 * (order - 2);
    fe_ngram_open open[FE_NGRAM_MAX + 1];
    uint64_t before[FE_NGRAM_RUN + 1] = {0}, large = 0;
    uint32_t above[FE_NGRAM_RUN];
    for (unsigned k = 2; k <= order; k++) open[k] = (fe_ngram_open){row[k], 0};
    for (size_t first = 0; first < n; first += FE_NGRAM_RUN) {
        const size_t m = n - first < FE_NGRAM_RUN ? n - first : FE_NGRAM_RUN;
        for (size_t i = 0; i < m; i++) {
            const uint32_t place = places[first + i];
            if (first + i + FE_NGRAM_RUN < n) {
                const uint32_t soon = places[first + i + FE_NGRAM_RUN];
                FE_PREFETCH(text->stream + soon);
                FE_PREFETCH(text->stream + soon - (order - 1));
            }
            above[i] = text->stream[place];
            if (weights) before[i + 1] = before[i] + weights[place / step];
        }
        uint32_t *entry =
            index ? index->directory + (rank + first) / FE_NGRAM_BLOCK * stride : NULL;
        for (unsigned k = 2; k <= order; k++) {
            uint32_t *here = entry && k < order ? entry + 2 * (k - 2) : NULL;
            if (weights)
                large |= fe_ngram_run(text->stream, places + first, codes + first, m, k, first,
                                      before, above, open + k, levels, here, stride);
            else
                large |= fe_ngram_run(text->stream, places + first, codes + first, m, k, first,
                                      NULL, above, open + k, levels, here, stride);
        }
        before[0] = before[m];
    }
    return large >> 32 ? FE_EOVERFLOW : FE_OK;
}

FE_INLINE uint32_t fe_popcount32(uint32_t x) {
#if defined(__GNUC__) || defined(__clang__)
    return (uint32_t)__builtin_popcount(x);
#else
    x -= x >> 1 & 0x55555555u;
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    return (x + (x >> 4) & 0x0f0f0f0fu) * 0x01010101u >> 24;
#endif
}

/* Note the number of each place of a part, whose first place has number rank. numbers: OUT of the
 * places; it may be the stream itself, after fe_ngram_emit of all parts. */
FE_UNUSED static void fe_ngram_number(const uint32_t *places, size_t n, uint32_t rank,
                                      uint32_t *numbers) {
    for (size_t i = 0; i < n; i++) {
        if (i + FE_NGRAM_AHEAD < n) FE_PREFETCH_WRITE(numbers + places[i + FE_NGRAM_AHEAD]);
        numbers[places[i]] = rank + (uint32_t)i;
    }
}

/* Put the number of the place before each place instead of the place, after fe_ngram_number of all
 * parts; any number below `ranks` where that is bos. places: INOUT (n,) */
FE_UNUSED static void fe_ngram_before(uint32_t *places, size_t n, const uint32_t *numbers,
                                      uint32_t ranks) {
    for (size_t i = 0; i < n; i++) {
        if (i + FE_NGRAM_AHEAD < n)
            FE_PREFETCH(numbers + ((ptrdiff_t)places[i + FE_NGRAM_AHEAD] - 1));
        uint32_t number = numbers[(ptrdiff_t)places[i] - 1];
        places[i] = number < ranks ? number : 0;
    }
}

/* Write the contexts of one part's rows. row: IN as for fe_ngram_emit; before: IN (n,) what
 * fe_ngram_before left in the places. */
FE_UNUSED static void fe_ngram_contexts(uint32_t order, const uint32_t *before,
                                        const uint8_t *codes, size_t n, const uint32_t *row,
                                        const fe_ngram_levels *levels,
                                        const fe_ngram_index *index) {
    const size_t stride = 2 * (order - 2);
    uint32_t context[FE_NGRAM_RUN + 1], next[FE_NGRAM_MAX + 1];
    memcpy(next, row, (order + 1) * sizeof *next);
    for (size_t first = 0; first < n; first += FE_NGRAM_RUN) {
        const size_t m = n - first < FE_NGRAM_RUN ? n - first : FE_NGRAM_RUN;
        const uint32_t *rank = before + first;
        for (size_t i = 0; i < m && first + i + FE_NGRAM_RUN < n; i++)
            FE_PREFETCH(index->directory + (size_t)rank[i + FE_NGRAM_RUN] / FE_NGRAM_BLOCK * stride);
        for (unsigned k = 3; k <= order; k++) {
            uint32_t found = 0;
            for (size_t i = 0; i < m; i++) {
                unsigned same = codes[first + i] & 15, depth = codes[first + i] >> 4;
                const uint32_t *of = index->directory +
                                     (size_t)rank[i] / FE_NGRAM_BLOCK * stride + 2 * (k - 3);
                uint32_t upto = (uint32_t)(((uint64_t)2 << rank[i] % FE_NGRAM_BLOCK) - 1);
                context[found] = of[0] + fe_popcount32(of[1] & upto) - 1;
                found += (same < k) & (depth >= k);
            }
            if (found > 0) memcpy(levels->context[k] + next[k], context, found * sizeof *context);
            next[k] += found;
        }
    }
}

/* Write the distinct sequences of a part, each the words of one place, the oldest first.
 *
 * words: OUT (rows[0] of fe_ngram_rows, order); weights: OUT (rows[0],), the places of each. */
FE_UNUSED static void fe_ngram_distinct(const fe_ngram_text *text, const uint32_t *places,
                                        const uint8_t *codes, size_t n, uint32_t *words,
                                        uint32_t *weights) {
    const unsigned order = text->order;
    for (size_t i = 0; i < n; i++) {
        unsigned same = codes[i] & 15, depth = codes[i] >> 4;
        if (same < depth) {
            const uint32_t *at = text->stream + places[i];
            for (unsigned j = 0; j < order; j++)
                words[order - 1 - j] = j < depth ? at[-(ptrdiff_t)j] : text->bos;
            words += order;
            *weights++ = 0;
        }
        weights[-1]++;
    }
}

#endif
