/* lmquery.h: the query tables of a back-off language model, and looking n-grams up in them.
 *
 * An n-gram w_1 ... w_k is found by its node: for k = 1 the id of the word, for k > 1 the number of
 * the slot that holds it in the table of order k. Its key is (node of its suffix w_2 ... w_k, w_1),
 * that is x = node * V + w_1, a number below 2^key_bits.
 *
 * A table is some banks of 64-byte lines. x is scrambled by a bijection; its upper bits choose the
 * line, and its lower bits, which together with the line give x back, are stored: a quotient table
 * after Cleary (1984). So an n-gram takes 2 to 4 bytes for its key, none is ever mistaken for
 * another, and the table can be listed. What finds its line full goes to the next, much smaller
 * bank; a filter of 8 bits in the line tells which absent keys need not be looked for there.
 *
 * A line: `slots` keys as planes of bytes (all lowest bytes, all second ones, ...), then as many
 * probabilities, then back-off weights, each a float32 or an index into a book of float32; byte 63
 * is the filter. A key is stored as 1 + its lower bits, 0 is an empty slot.
 */
#ifndef FE_LMQUERY_H
#define FE_LMQUERY_H

#include "fe_base.h"
#include "vec_bytes.h"

#define FE_LM_MAX_ORDER 16
#define FE_LM_BANKS 16
#define FE_LM_LINE 64
#define FE_LM_FILTER 63          /* byte of a line */
#define FE_LM_BATCH 1024         /* look-ups of one order that are done together */
#define FE_LM_AHEAD 32           /* of them, whose lines are on their way */
#define FE_LM_NONE UINT64_MAX    /* no node */
#define FE_LM_MAX_KEY_BITS 62

typedef struct {
    uint8_t *lines;      /* (n_lines, 64); written while the bank is filled only */
    uint64_t n_lines;
    uint64_t first;      /* node of the first slot */
    uint32_t stored_bits; /* of the scrambled key, stored */
    uint32_t slots;      /* in a line, at most 16 */
    uint32_t key_bytes, prob_at, back_at;
} fe_lm_bank;

/* All n-grams of one order > 1. */
typedef struct fe_lm_level {
    fe_lm_bank bank[FE_LM_BANKS];
    uint32_t n_banks;
    uint32_t key_bits;
    uint32_t prob_bytes, back_bytes; /* 4: float32; 1 or 2: index into the book; 0: none */
    const float *prob_book, *back_book; /* (256,) or (65536,) */
    uint64_t n_nodes;
} fe_lm_level;

/* Words to ids; see lmquery_words.h. */
typedef struct {
    const uint64_t *slots; /* (n_slots,) upper half of the hash, id + 1; 0: empty */
    uint64_t n_slots;      /* a power of two */
    const uint8_t *blob;   /* (blob_bytes,) */
    uint64_t blob_bytes;
    const uint64_t *offsets; /* (n_words + 1,) */
} fe_lm_words;

typedef struct fe_lm {
    uint32_t order, n_words;
    uint32_t unk, bos, eos;
    int uniform;           /* tables.py: scheme "uniform" */
    float uniform_prob;    /* log10(1 / V'): a history that is not there */
    const float *prob, *back; /* (n_words,) of unigrams; back may be NULL for order 1 */
    fe_lm_level level[FE_LM_MAX_ORDER]; /* [k] has order k; 0 and 1 are not used */
    fe_lm_words words;
} fe_lm;

typedef struct {
    uint64_t node; /* FE_LM_NONE: not there */
    float prob, back;
} fe_lm_hit;

#define FE_LM_C1 UINT64_C(0x9e3779b97f4a7c15)
#define FE_LM_C2 UINT64_C(0xd6e8feb86659fd93)

/* A bijection of the numbers below 2^bits, 2 <= bits <= 62. */
FE_INLINE uint64_t fe_lm_scramble(uint64_t x, uint32_t bits) {
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    const uint32_t half = (bits + 1) / 2;
    x = (x * FE_LM_C1) & mask;
    x ^= x >> half;
    x = (x * FE_LM_C2) & mask;
    return x ^ x >> half;
}

/* Upper 64 bits of the product. */
FE_INLINE uint64_t fe_lm_mulhi(uint64_t x, uint64_t y) {
#ifdef __SIZEOF_INT128__
    return (uint64_t)((__uint128_t)x * y >> 64);
#else
    uint64_t xl = x & UINT32_MAX, xh = x >> 32, yl = y & UINT32_MAX, yh = y >> 32;
    uint64_t lh = xl * yh, hl = xh * yl;
    uint64_t middle = (xl * yl >> 32) + (lh & UINT32_MAX) + (hl & UINT32_MAX);
    return xh * yh + (lh >> 32) + (hl >> 32) + (middle >> 32);
#endif
}

/* The line of a scrambled key. Keys of one line are consecutive numbers, no more than
 * 2^stored_bits of them, so that their lower bits tell them apart. */
FE_INLINE uint64_t fe_lm_line(const fe_lm_bank *bank, uint32_t bits, uint64_t x) {
    return fe_lm_mulhi(x << (64 - bits), bank->n_lines);
}

FE_INLINE uint64_t fe_lm_code(const fe_lm_bank *bank, uint64_t x) {
    return 1 + (x & ((UINT64_C(1) << bank->stored_bits) - 1));
}

/* A mark in the filter of a line: 1 << (code & 7). */
FE_INLINE uint8_t fe_lm_mark(uint64_t code) { return (uint8_t)(1u << (code & 7)); }

/* Bit i: slot i holds the code. key_bytes: the bank's, which a compiler may know. */
FE_INLINE uint32_t fe_lm_match(const fe_lm_bank *bank, uint32_t key_bytes, const uint8_t *line,
                               uint64_t code) {
    return fe_eq16_planes(line, bank->slots, key_bytes, code) & ((1u << bank->slots) - 1);
}

FE_INLINE float fe_lm_value(const uint8_t *p, uint32_t bytes, const float *book) {
    if (bytes == 4) {
        float value;
        memcpy(&value, p, 4);
        return value;
    }
    uint16_t index = p[0];
    if (bytes == 2) memcpy(&index, p, 2);
    return book[index];
}

/* What slot `lane` of a line holds. */
FE_INLINE fe_lm_hit fe_lm_slot(const fe_lm_level *level, const fe_lm_bank *bank,
                               const uint8_t *line, uint32_t lane) {
    fe_lm_hit hit;
    hit.node = bank->first + (uint64_t)(line - bank->lines) / FE_LM_LINE * bank->slots + lane;
    hit.prob = fe_lm_value(line + bank->prob_at + lane * level->prob_bytes, level->prob_bytes,
                           level->prob_book);
    hit.back = level->back_bytes == 0
                   ? 0.0f
                   : fe_lm_value(line + bank->back_at + lane * level->back_bytes,
                                 level->back_bytes, level->back_book);
    return hit;
}

/* The n-grams row[0], ..., row[n - 1] of a batch in one bank, by scrambled keys. Returns how many may
 * be in the next bank; their keys and rows move to the front of x and row. */
FE_INLINE uint32_t fe_lm_find_in(const fe_lm_level *level, const fe_lm_bank *bank,
                                 uint32_t key_bytes, uint64_t *x, uint16_t *row, uint32_t n,
                                 fe_lm_hit *hit) {
    const uint8_t *line[FE_LM_BATCH + FE_LM_AHEAD];
    uint32_t left = 0;
    for (uint32_t j = 0; j < n; j++)
        line[j] = bank->lines + fe_lm_line(bank, level->key_bits, x[j]) * FE_LM_LINE;
    for (uint32_t j = 0; j < FE_LM_AHEAD; j++) line[n + j] = line[n - 1];
    for (uint32_t j = 0; j < FE_LM_AHEAD; j++) FE_PREFETCH(line[j]);
    for (uint32_t j = 0; j < n; j++) {
        const uint64_t code = fe_lm_code(bank, x[j]);
        FE_PREFETCH(line[j + FE_LM_AHEAD]);
        const uint32_t found = fe_lm_match(bank, key_bytes, line[j], code);
        const uint32_t i = row[j];
        if (found) {
            hit[i] = fe_lm_slot(level, bank, line[j], (uint32_t)fe_ctz64(found));
        } else {
            hit[i] = (fe_lm_hit){FE_LM_NONE, 0.0f, 0.0f};
            /* without a branch: whether the filter says so cannot be predicted */
            x[left] = x[j];
            row[left] = (uint16_t)i;
            left += (line[j][FE_LM_FILTER] & fe_lm_mark(code)) != 0;
        }
    }
    return left;
}

/* Look up n <= FE_LM_BATCH n-grams of one order, bank by bank: the lines of a bank are fetched side
 * by side, and what may be in the next bank is left for then.
 * IN suffix (n,) nodes of the order below, word (n,); OUT hit (n,) */
FE_INLINE void fe_lm_find(const fe_lm_level *level, uint32_t n_words, const uint64_t *suffix,
                          const uint32_t *word, uint32_t n, fe_lm_hit *hit) {
    uint64_t x[FE_LM_BATCH];
    uint16_t row[FE_LM_BATCH];
    for (uint32_t i = 0; i < n; i++) {
        x[i] = suffix[i] * n_words + word[i];
        row[i] = (uint16_t)i;
        if (level->n_banks == 0) hit[i] = (fe_lm_hit){FE_LM_NONE, 0.0f, 0.0f};
    }
    for (uint32_t b = 0; b < level->n_banks && n > 0; b++) {
        const fe_lm_bank *bank = &level->bank[b];
        for (uint32_t j = 0; j < n; j++) x[j] = fe_lm_scramble(x[j], level->key_bits);
        n = bank->key_bytes == 3 ? fe_lm_find_in(level, bank, 3, x, row, n, hit)
                                 : fe_lm_find_in(level, bank, bank->key_bytes, x, row, n, hit);
    }
}

/* Nodes of n-grams of order k, FE_LM_NONE where one is not there or a word is not one. Rows that end
 * in the same words as the row before share its look-ups: files are sorted, one way or the other.
 * IN ids (n, stride): the oldest word first, k of each row; OUT node (n,) */
static FE_UNUSED void fe_lm_walk(const fe_lm *lm, const uint32_t *ids, uint64_t n, uint32_t stride,
                                 uint32_t k, uint64_t *node) {
    uint64_t suffix[FE_LM_BATCH];
    uint32_t word[FE_LM_BATCH], row[FE_LM_BATCH];
    uint8_t same[FE_LM_BATCH]; /* last words that are those of the row before */
    fe_lm_hit hit[FE_LM_BATCH];
    for (uint64_t from = 0; from < n; from += FE_LM_BATCH) {
        const uint32_t m = n - from < FE_LM_BATCH ? (uint32_t)(n - from) : FE_LM_BATCH;
        uint64_t *out = node + from;
        const uint32_t *in = ids + from * stride;
        for (uint32_t i = 0; i < m; i++) {
            const uint32_t last = in[(size_t)i * stride + k - 1];
            out[i] = last < lm->n_words ? last : FE_LM_NONE;
            uint32_t j = 0;
            if (i > 0)
                while (j < k && in[(size_t)i * stride + k - 1 - j] ==
                                    in[(size_t)(i - 1) * stride + k - 1 - j])
                    j++;
            same[i] = (uint8_t)j;
        }
        for (uint32_t j = 2; j <= k; j++) {
            uint32_t c = 0;
            for (uint32_t i = 0; i < m; i++) {
                word[c] = in[(size_t)i * stride + k - j];
                suffix[c] = out[i];
                row[c] = i;
                const int there = out[i] != FE_LM_NONE && word[c] < lm->n_words;
                out[i] = FE_LM_NONE;
                c += (uint32_t)(there & (same[i] < j));
            }
            fe_lm_find(&lm->level[j], lm->n_words, suffix, word, c, hit);
            for (uint32_t i = 0; i < c; i++) out[row[i]] = hit[i].node;
            for (uint32_t i = 1; i < m; i++)
                if (same[i] >= j) out[i] = out[i - 1];
        }
    }
}

#endif
