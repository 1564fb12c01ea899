/* lmquery_fill.h: fill the banks of a query table, and list what is in them. */
#ifndef FE_LMQUERY_FILL_H
#define FE_LMQUERY_FILL_H

#include "lmquery.h"

/* The rows of one order, as they go into its table. */
typedef struct fe_lm_rows {
    const uint64_t *suffix; /* (n,) node of the order below */
    const uint32_t *word;   /* (n,) oldest word */
    const uint8_t *prob, *back; /* (n, prob_bytes), (n, back_bytes) as they are stored */
    uint64_t n;
} fe_lm_rows;

/* Copy a value of 4, 2 or 1 bytes. */
FE_INLINE void fe_lm_store(uint8_t *to, const uint8_t *from, uint32_t bytes) {
    if (bytes == 4)
        memcpy(to, from, 4);
    else if (bytes == 2)
        memcpy(to, from, 2);
    else
        *to = *from;
}

FE_INLINE void fe_lm_put(const fe_lm_level *level, const fe_lm_bank *bank, uint8_t *line,
                         uint32_t lane, uint64_t code, const fe_lm_rows *rows, uint64_t row) {
    const uint32_t p = level->prob_bytes, b = level->back_bytes;
    for (uint32_t j = 0; j < bank->key_bytes; j++)
        line[j * bank->slots + lane] = (uint8_t)(code >> (8 * j));
    fe_lm_store(line + bank->prob_at + lane * p, rows->prob + row * p, p);
    if (b) fe_lm_store(line + bank->back_at + lane * b, rows->back + row * b, b);
}

/* Put every row whose line is in [from, to) of the last bank there; where the line is full, mark
 * its filter. Threads take ranges of lines; the result does not depend on how many there are.
 * OUT node (n,): FE_LM_NONE where the line was full; written for rows of these lines only;
 * INOUT *again: lowered to the first row that was there before. */
static inline void fe_lm_fill(const fe_lm_level *level, uint32_t n_words, const fe_lm_rows *rows,
                              uint64_t from, uint64_t to, uint64_t *node, uint64_t *again) {
    const uint32_t b = level->n_banks - 1;
    const fe_lm_bank *bank = &level->bank[b];
    uint64_t row[FE_LM_BATCH], code[FE_LM_BATCH];
    uint8_t *line[FE_LM_BATCH];
    for (uint64_t r = 0; r < rows->n;) {
        uint32_t c = 0;
        for (; r < rows->n && c < FE_LM_BATCH; r++) {
            uint64_t x = rows->suffix[r] * n_words + rows->word[r];
            for (uint32_t j = 0; j <= b; j++) x = fe_lm_scramble(x, level->key_bits);
            const uint64_t at = fe_lm_line(bank, level->key_bits, x);
            if (at < from || at >= to) continue;
            row[c] = r;
            code[c] = fe_lm_code(bank, x);
            line[c] = bank->lines + at * FE_LM_LINE;
            FE_PREFETCH_WRITE(line[c]);
            c++;
        }
        for (uint32_t i = 0; i < c; i++) {
            if (FE_UNLIKELY(fe_lm_match(bank, line[i], code[i]) != 0)) {
                if (row[i] < *again) *again = row[i];
                continue;
            }
            /* an empty slot is one whose code is 0 */
            const uint32_t empty = fe_lm_match(bank, line[i], 0);
            if (empty == 0) {
                line[i][FE_LM_FILTER] |= fe_lm_mark(code[i]);
                node[row[i]] = FE_LM_NONE;
                continue;
            }
            const uint32_t lane = (uint32_t)fe_ctz64(empty);
            fe_lm_put(level, bank, line[i], lane, code[i], rows, row[i]);
            node[row[i]] = bank->first +
                           (uint64_t)(line[i] - bank->lines) / FE_LM_LINE * bank->slots + lane;
        }
    }
}

/* The inverse of an odd number modulo 2^64 (Newton: each step doubles the bits that are right). */
FE_INLINE uint64_t fe_lm_inverse(uint64_t a) {
    uint64_t x = a;
    for (int i = 0; i < 6; i++) x *= 2 - a * x;
    return x;
}

FE_INLINE uint64_t fe_lm_unscramble(uint64_t x, uint32_t bits) {
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    const uint32_t half = (bits + 1) / 2;
    x ^= x >> half;
    x = (x * fe_lm_inverse(FE_LM_C2)) & mask;
    x ^= x >> half;
    return (x * fe_lm_inverse(FE_LM_C1)) & mask;
}

/* The first scrambled key of a line: the least x with mulhi(x << (64 - bits), n_lines) = line. */
FE_INLINE uint64_t fe_lm_first_key(const fe_lm_bank *bank, uint32_t bits, uint64_t line) {
    uint64_t low = 0, high = UINT64_C(1) << bits;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (fe_lm_line(bank, bits, middle) < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* List what lines from .. to - 1 of bank b hold, in order of the nodes. Returns how many n-grams.
 * OUT node, suffix, word, prob, back: as large as there are slots, or all NULL to count. A damaged
 * file can give suffixes and words that do not exist: the caller checks. */
static inline uint64_t fe_lm_list(const fe_lm_level *level, uint32_t n_words, uint32_t b,
                                  uint64_t from, uint64_t to, uint64_t *node, uint64_t *suffix,
                                  uint32_t *word, float *prob, float *back) {
    const fe_lm_bank *bank = &level->bank[b];
    const uint64_t mask = (UINT64_C(1) << bank->stored_bits) - 1;
    uint64_t count = 0;
    for (uint64_t at = from; at < to; at++) {
        const uint8_t *line = bank->lines + at * FE_LM_LINE;
        uint64_t base = 0;
        if (node != NULL) base = fe_lm_first_key(bank, level->key_bits, at);
        for (uint32_t lane = 0; lane < bank->slots; lane++) {
            uint64_t code = 0;
            for (uint32_t j = 0; j < bank->key_bytes; j++)
                code |= (uint64_t)line[j * bank->slots + lane] << (8 * j);
            if (code == 0) continue;
            if (node != NULL) {
                uint64_t x = base + ((code - 1 - base) & mask);
                for (uint32_t j = 0; j <= b; j++) x = fe_lm_unscramble(x, level->key_bits);
                const fe_lm_hit hit = fe_lm_slot(level, bank, line, lane);
                node[count] = hit.node;
                suffix[count] = x / n_words;
                word[count] = (uint32_t)(x % n_words);
                prob[count] = hit.prob;
                back[count] = hit.back;
            }
            count++;
        }
    }
    return count;
}

/* The distinct values among values (n,), in order of appearance, to book (capacity <= 65536,), and
 * the index of each as a uint16 to code (n,). Returns how many, or -1 if there are more than
 * capacity. Values are told apart by their bits. */
static inline int64_t fe_lm_book(const float *values, uint64_t n, float *book, int64_t capacity,
                                 uint16_t *code) {
    enum { SLOTS = 1 << 18 };
    uint32_t *slots = fe_calloc_array(SLOTS, sizeof *slots); /* index + 1 */
    if (slots == NULL) return -2;
    int64_t size = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t bits, other;
        memcpy(&bits, &values[i], 4);
        uint32_t at = (uint32_t)(bits * UINT32_C(0x9e3779b1)) >> 14;
        for (;; at = (at + 1) & (SLOTS - 1)) {
            if (slots[at] == 0) {
                if (size == capacity) {
                    free(slots);
                    return -1;
                }
                book[size] = values[i];
                slots[at] = (uint32_t)++size;
                break;
            }
            memcpy(&other, &book[slots[at] - 1], 4);
            if (other == bits) break;
        }
        code[i] = (uint16_t)(slots[at] - 1);
    }
    free(slots);
    return size;
}

#endif
