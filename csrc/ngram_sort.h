/* ngram_sort.h: places of a text in the order of the n words that end there, read backwards.
 *
 * A record packs the words of one place, the last one in the highest bits, into as few 64-bit
 * words as will do (one or two for order 3 and 262,143 types, two for order 5), with the depth and
 * the place's number in the lowest bits. Records are sorted by a radix sort from the lowest digit
 * up, in buffers of the thread; bits that are the same in all of them are left out.
 * How places are dealt to parts, so that a part's records fit the cache: ngram.h.
 */
#ifndef FE_NGRAM_SORT_H
#define FE_NGRAM_SORT_H

#include "ngram_job.h"

#define FE_NGRAM_WORDS 5  /* 64-bit words of the longest record: 3 + 32 + 7 * 32 bits */
#define FE_NGRAM_DIGIT 12 /* bits of the widest digit of the sort, and of the narrowest */
#define FE_NGRAM_DIGIT_MIN 8
#define FE_NGRAM_AHEAD 96 /* places whose words are fetched ahead: they lie anywhere in the text */

FE_INLINE void fe_ngram_scratch_free(fe_ngram_scratch *scratch) {
    free(scratch->records[0]);
    free(scratch->records[1]);
    free(scratch->places);
    memset(scratch, 0, sizeof *scratch);
}

FE_INLINE fe_status fe_ngram_scratch_grow(fe_ngram_scratch *scratch, size_t n, size_t words) {
    if (scratch->words < n * words || scratch->n < n) {
        size_t more_n = n + n / 4, more = more_n * words;
        fe_ngram_scratch_free(scratch);
        scratch->records[0] = fe_malloc_array(more, sizeof(uint64_t));
        scratch->records[1] = fe_malloc_array(more, sizeof(uint64_t));
        scratch->places = fe_malloc_array(more_n, sizeof(uint32_t));
        if (!scratch->records[0] || !scratch->records[1] || !scratch->places) {
            fe_ngram_scratch_free(scratch);
            return FE_ENOMEM;
        }
        scratch->words = more;
        scratch->n = more_n;
    }
    return FE_OK;
}

/* Bits that x takes, 0 for 0. */
FE_INLINE int fe_bit_length(uint64_t x) {
    int bits = 0;
    for (int step = 32; step > 0; step /= 2)
        if (x >> step) {
            x >>= step;
            bits += step;
        }
    return bits + (int)x;
}

/* Index of the highest bit of x != 0. */
FE_INLINE int fe_high_bit(uint64_t x) {
#if defined(__GNUC__) || defined(__clang__)
    return 63 - __builtin_clzll(x);
#else
    return fe_bit_length(x) - 1;
#endif
}

/* Index of the lowest bit of x != 0. */
FE_INLINE int fe_low_bit(uint64_t x) { return fe_high_bit(x & (~x + 1)); }

/* record = record * 2^bits + field, 0 < bits < 64 */
FE_INLINE void fe_ngram_push(uint64_t *record, uint64_t field, int bits, const int W) {
    for (int q = W - 1; q > 0; q--) record[q] = record[q] << bits | record[q - 1] >> (64 - bits);
    record[0] = record[0] << bits | field;
}

/* Bits of a record that hold a depth, 1 to the order. */
FE_INLINE int fe_ngram_depth_bits(uint32_t order) { return fe_bit_length(order); }

/* Pack the words of n places into records of W 64-bit words. `low` bits hold depth and number.
 * varies: OUT (W,) the bits that are not the same in all records. */
FE_INLINE void fe_ngram_pack(const fe_ngram_text *text, const uint32_t *places, size_t n,
                             uint32_t first_word, int low, const int W, uint64_t *records,
                             uint64_t *varies) {
    const int order = (int)text->order, bits = (int)text->bits;
    const int depth_bits = fe_ngram_depth_bits(text->order);
    uint64_t any[FE_NGRAM_WORDS] = {0};
    const uint32_t bos = text->bos;
    for (size_t i = 0; i < n; i++) {
        if (i + FE_NGRAM_AHEAD < n) {
            const uint32_t *soon = text->stream + places[i + FE_NGRAM_AHEAD];
            FE_PREFETCH(soon);
            FE_PREFETCH(soon - (order - 1));
        }
        const uint32_t *at = text->stream + places[i];
        uint64_t record[FE_NGRAM_WORDS] = {0};
        uint32_t word = at[0];
        uint64_t depth = 1;
        record[0] = word - first_word;
        for (int j = 1; j < order; j++) {
            depth += word != bos;
            word = word != bos ? at[-j] : bos; /* behind bos there is only bos */
            fe_ngram_push(record, word, bits, W);
        }
        fe_ngram_push(record, (uint64_t)i << depth_bits | depth, low, W);
        for (int q = 0; q < W; q++) {
            records[i * W + q] = record[q];
            any[q] |= record[q] ^ records[q];
        }
    }
    for (int q = 0; q < W; q++) varies[q] = any[q];
}

/* Sort n records by those of the bits from `low` on that vary; the result is in one of the buffers,
 * and returned. */
FE_INLINE uint64_t *fe_ngram_radix(uint64_t *from, uint64_t *to, size_t n, int low,
                                   const uint64_t *varies, const int W) {
    uint32_t count[1 << FE_NGRAM_DIGIT];
    int widest = fe_bit_length(n) - 2; /* to set up the counts takes less time than to count */
    if (widest < FE_NGRAM_DIGIT_MIN) widest = FE_NGRAM_DIGIT_MIN;
    if (widest > FE_NGRAM_DIGIT) widest = FE_NGRAM_DIGIT;
    for (int q = 0; q < W; q++) {
        uint64_t left = varies[q]; /* bits that are yet to be sorted by */
        if (q < low / 64) left = 0;
        if (q == low / 64) left &= ~(uint64_t)0 << low % 64;
        while (left) {
            const int bit = fe_low_bit(left), span = fe_high_bit(left) + 1 - bit;
            const int passes = (span + widest - 1) / widest;
            const int width = (span + passes - 1) / passes; /* as wide as the others */
            const uint64_t mask = ((uint64_t)1 << width) - 1;
            memset(count, 0, sizeof(uint32_t) << width);
            for (size_t i = 0; i < n; i++) count[from[i * W + q] >> bit & mask]++;
            uint32_t sum = 0;
            for (uint64_t digit = 0; digit <= mask; digit++) {
                uint32_t here = count[digit];
                count[digit] = sum;
                sum += here;
            }
            for (size_t i = 0; i < n; i++) {
                const uint64_t *record = from + i * W;
                uint64_t *target = to + (size_t)count[record[q] >> bit & mask]++ * W;
                for (int k = 0; k < W; k++) target[k] = record[k];
            }
            uint64_t *swap = from;
            from = to;
            to = swap;
            left &= ~(mask << bit);
        }
    }
    return from;
}

/* What two neighbours in order have in common, as a code: see fe_ngram_sort. */
FE_INLINE void fe_ngram_compare(const uint64_t *records, size_t n, int low, int bits, int order,
                                const uint32_t *places, const int W, uint32_t *sorted,
                                uint8_t *codes) {
    uint8_t same[64 * FE_NGRAM_WORDS]; /* by the highest bit that differs: words that do not */
    for (int bit = low; bit < 64 * W; bit++) {
        int from_back = (bit - low) / bits;
        same[bit] = (uint8_t)(from_back < order ? order - 1 - from_back : 0);
    }
    const int depth_bits = fe_ngram_depth_bits((uint32_t)order);
    const uint64_t mask = ((uint64_t)1 << low) - 1;
    const uint64_t *before = NULL;
    for (size_t i = 0; i < n; i++) {
        const uint64_t *record = records + i * W;
        unsigned alike = 0;
        if (before) {
            int q = W - 1;
            while (q > 0 && record[q] == before[q]) q--;
            uint64_t different = (record[q] ^ before[q]) & (q == 0 ? ~mask : ~(uint64_t)0);
            alike = different ? same[64 * q + fe_high_bit(different)] : (unsigned)order;
        }
        codes[i] = (uint8_t)(alike | (record[0] & ((1u << depth_bits) - 1)) << 4);
        sorted[i] = places[(record[0] & mask) >> depth_bits];
        before = record;
    }
}

FE_INLINE void fe_ngram_sort_w(const fe_ngram_text *text, uint32_t *places, size_t n,
                               uint32_t first_word, int low, const int W, uint8_t *codes,
                               fe_ngram_scratch *scratch) {
    uint64_t varies[FE_NGRAM_WORDS];
    fe_ngram_pack(text, places, n, first_word, low, W, scratch->records[0], varies);
    memcpy(scratch->places, places, n * sizeof *places);
    uint64_t *sorted = fe_ngram_radix(scratch->records[0], scratch->records[1], n, low, varies, W);
    fe_ngram_compare(sorted, n, low, (int)text->bits, (int)text->order, scratch->places, W, places,
                     codes);
}

/* Sort places whose word w is first_word <= w < first_word + 2^word_bits.
 *
 * places: INOUT (n,) n < 2^32. codes: OUT (n,): the low four bits say how many words (the place's
 * own, the one before, ...) are the same as at the place before it in the order, 0 for the first;
 * the high four bits how many there are: up to the order, or up to bos. */
FE_UNUSED static fe_status fe_ngram_sort(const fe_ngram_text *text, uint32_t *places, size_t n,
                                         uint32_t first_word, int word_bits, uint8_t *codes,
                                         fe_ngram_scratch *scratch) {
    if (n == 0) return FE_OK;
    const int low = fe_ngram_depth_bits(text->order) + fe_bit_length(n - 1);
    const int high = low + ((int)text->order - 1) * (int)text->bits + word_bits;
    const int W = (high + 63) / 64;
    if (W > FE_NGRAM_WORDS || text->order < 2 || text->order > FE_NGRAM_MAX || low > 40)
        return FE_EINVAL;
    fe_status status = fe_ngram_scratch_grow(scratch, n, (size_t)W);
    if (status != FE_OK) return status;
    switch (W) {
    case 1: fe_ngram_sort_w(text, places, n, first_word, low, 1, codes, scratch); break;
    case 2: fe_ngram_sort_w(text, places, n, first_word, low, 2, codes, scratch); break;
    case 3: fe_ngram_sort_w(text, places, n, first_word, low, 3, codes, scratch); break;
    case 4: fe_ngram_sort_w(text, places, n, first_word, low, 4, codes, scratch); break;
    default: fe_ngram_sort_w(text, places, n, first_word, low, 5, codes, scratch); break;
    }
    return FE_OK;
}

#endif
