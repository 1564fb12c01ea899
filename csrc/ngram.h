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
 * the places, when nothing else needs these any more: words are written first, then the rest.
 */
#ifndef FE_NGRAM_H
#define FE_NGRAM_H

#include "ngram_sort.h"
#include "vec_bytes.h"

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

#define FE_NGRAM_RUN 128 /* places that are looked at level by level; a multiple of CHUNK */
#define FE_NGRAM_CHUNK 64 /* places whose codes are looked at together: two entries */

/* Bit i: the code of place i is from lo to hi. */
FE_INLINE uint64_t fe_ngram_between(fe_b64 codes, unsigned lo, unsigned hi) {
    FE_B64_MASK(codes, fe_part_range(part, (uint8_t)lo, (uint8_t)(hi - lo)));
}

/* The codes of up to 64 places; those of no place are 0. */
FE_INLINE fe_b64 fe_ngram_codes(const uint8_t *codes, size_t n) {
    if (n >= FE_NGRAM_CHUNK) return fe_b64_load(codes);
    uint8_t padded[FE_NGRAM_CHUNK] = {0};
    memcpy(padded, codes, n);
    return fe_b64_load(padded);
}

/* Bit i: a row of order k begins at place i, which has k words or more, fewer than k the same. */
FE_INLINE uint64_t fe_ngram_begins(fe_b64 codes, unsigned k, unsigned order) {
    uint64_t begins = 0;
    for (unsigned depth = k; depth <= order; depth++)
        begins |= fe_ngram_between(codes, depth << 4, (depth << 4) + k - 1);
    return begins;
}

/* What fe_ngram_emit knows of one order between two chunks. */
typedef struct {
    uint32_t row;    /* next row */
    int open;        /* the last row goes on */
    uint64_t before; /* sum of weights before that row */
} fe_ngram_open;

/* What a row's parent is found by: the rows of the order below that begin in a chunk. */
typedef struct {
    uint32_t row; /* first of them */
    uint64_t begins;
} fe_ngram_below;

/* The rows of order k that begin or go on in a chunk of n places: those of their arrays that there
 * are. Without a stream there is no word, nor a parent of order 2, which is a word.
 *
 * first: sum of weights before place 0 where before is NULL; else before: IN (n + 1,) that sum for
 * each place. below: INOUT of order k - 1, then of order k. entry: OUT of the chunk, or NULL. */
FE_INLINE uint64_t fe_ngram_chunk(const uint32_t *stream, const uint32_t *places, fe_b64 codes,
                                  size_t n, unsigned k, unsigned order, uint64_t first,
                                  const uint64_t *before, fe_ngram_below *below,
                                  fe_ngram_open *open, const fe_ngram_levels *levels,
                                  uint32_t *entry, size_t stride) {
    const uint64_t begins = fe_ngram_begins(codes, k, order);
    const uint64_t is = fe_ngram_between(codes, k << 4, 255), ends = begins | ~is;
    uint32_t *const word = stream ? levels->word[k] : NULL, *const count = levels->count[k];
    uint32_t *const parent = stream || k > 2 ? levels->parent[k] : NULL;
    const uint32_t row = open->row;
    uint64_t large = 0;
    if (count && open->open && ends) { /* the row that goes on ends here */
        const int end = fe_ctz64(ends);
        const uint64_t sum = (before ? before[end] : first + (uint64_t)end) - open->before;
        count[row - 1] = (uint32_t)sum;
        large |= sum;
    }
    if (entry) {
        entry[0] = row;
        entry[1] = (uint32_t)begins;
        if (n > FE_NGRAM_BLOCK) {
            entry[stride] = row + (uint32_t)fe_popcount64((uint32_t)begins);
            entry[stride + 1] = (uint32_t)(begins >> FE_NGRAM_BLOCK);
        }
    }
    uint32_t r = row;
    for (uint64_t left = begins; left; left &= left - 1, r++) {
        const int i = fe_ctz64(left);
        const uint64_t behind = ~(uint64_t)1 << i; /* bits above i */
        const int end = fe_ctz64((ends & behind) | (uint64_t)1 << 63); /* of the last: see below */
        const uint64_t sum = before ? before[end] - before[i] : (uint64_t)(end - i);
        if (word) word[r] = stream[(ptrdiff_t)places[i] - (ptrdiff_t)(k - 1)];
        if (parent)
            parent[r] = k == 2 ? stream[places[i]]
                               : below->row + (uint32_t)fe_popcount64(below->begins & ~behind) - 1;
        if (count) count[r] = (uint32_t)sum;
        large |= sum;
    }
    open->open = (int)(is >> 63); /* then its count is written when it ends */
    if (open->open && begins) {
        const int i = fe_high_bit(begins);
        open->before = before ? before[i] : first + (uint64_t)i;
    }
    open->row = r;
    below->row = row;
    below->begins = begins;
    return large;
}

/* Count the rows that go on to the end of a part, which is `total` in weights. */
FE_INLINE uint64_t fe_ngram_close(const fe_ngram_open *open, unsigned order, uint64_t total,
                                  const fe_ngram_levels *levels) {
    uint64_t large = 0;
    for (unsigned k = 2; k <= order; k++) {
        if (!open[k].open || !levels->count[k]) continue;
        levels->count[k][open[k].row - 1] = (uint32_t)(total - open[k].before);
        large |= total - open[k].before;
    }
    return large;
}

/* Write the rows of one part, those of their arrays that are not NULL.
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
    for (unsigned k = 2; k <= order; k++) open[k] = (fe_ngram_open){row[k], 0, 0};
    for (size_t first = 0; first < n; first += FE_NGRAM_RUN) {
        const size_t m = n - first < FE_NGRAM_RUN ? n - first : FE_NGRAM_RUN;
        for (size_t i = 0; i < m; i++) {
            if (first + i + FE_NGRAM_RUN < n) {
                const uint32_t soon = places[first + i + FE_NGRAM_RUN];
                FE_PREFETCH(text->stream + soon);
                FE_PREFETCH(text->stream + soon - (order - 1));
            }
            if (weights) before[i + 1] = before[i] + weights[places[first + i] / step];
        }
        for (size_t at = 0; at < m; at += FE_NGRAM_CHUNK) {
            const fe_b64 chunk = fe_ngram_codes(codes + first + at, m - at);
            uint32_t *entry =
                index ? index->directory + (rank + first + at) / FE_NGRAM_BLOCK * stride : NULL;
            fe_ngram_below below = {0, 0};
            for (unsigned k = 2; k <= order; k++)
                large |= fe_ngram_chunk(text->stream, places + first + at, chunk, m - at, k,
                                        order, first + at, weights ? before + at : NULL, &below, open + k,
                                        levels, entry && k < order ? entry + 2 * (k - 2) : NULL,
                                        stride);
        }
        before[0] = before[m];
    }
    large |= fe_ngram_close(open, order, weights ? before[0] : n, levels);
    return large >> 32 ? FE_EOVERFLOW : FE_OK;
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

/* Write parents from order 3 on, counts and contexts of one part's rows, for which no stream is
 * needed. row: IN as for fe_ngram_emit; before: IN (n,) what fe_ngram_before left in the places. */
FE_UNUSED static void fe_ngram_contexts(uint32_t order, const uint32_t *before,
                                        const uint8_t *codes, size_t n, const uint32_t *row,
                                        const fe_ngram_levels *levels,
                                        const fe_ngram_index *index) {
    const size_t stride = 2 * (order - 2);
    fe_ngram_open open[FE_NGRAM_MAX + 1];
    for (unsigned k = 2; k <= order; k++) open[k] = (fe_ngram_open){row[k], 0, 0};
    for (size_t first = 0; first < n; first += FE_NGRAM_CHUNK) {
        const uint32_t *rank = before + first;
        const fe_b64 chunk = fe_ngram_codes(codes + first, n - first);
        for (size_t i = FE_NGRAM_CHUNK; i < 2 * FE_NGRAM_CHUNK && first + i < n; i++)
            FE_PREFETCH(index->directory + (size_t)rank[i] / FE_NGRAM_BLOCK * stride);
        fe_ngram_below below = {0, 0};
        for (unsigned k = 2; k <= order; k++) {
            uint32_t r = open[k].row;
            fe_ngram_chunk(NULL, NULL, chunk, n - first, k, order, first, NULL, &below, open + k,
                           levels, NULL, stride);
            for (uint64_t left = k > 2 ? below.begins : 0; left; left &= left - 1, r++) {
                const uint32_t number = rank[fe_ctz64(left)];
                const uint32_t *of = index->directory +
                                     (size_t)number / FE_NGRAM_BLOCK * stride + 2 * (k - 3);
                const uint64_t upto = ((uint64_t)2 << number % FE_NGRAM_BLOCK) - 1;
                levels->context[k][r] = of[0] + (uint32_t)fe_popcount64(of[1] & upto) - 1;
            }
        }
    }
    fe_ngram_close(open, order, n, levels);
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
