/* lmquery_fill.h: fill the banks of a query table, and list what is in them. */
#ifndef FE_LMQUERY_FILL_H
#define FE_LMQUERY_FILL_H

#include "lmquery.h"

/* The rows of one order, as they go into its table. Indices have 32 bits, or 64 where `wide_...`. */
typedef struct fe_lm_rows {
    const uint32_t *word;   /* [i * stride] oldest word of row i */
    const void *suffix;     /* (n,) row of the order below, or its node if below is NULL */
    const void *below;      /* (n_below,) nodes of these rows, or NULL */
    const uint32_t *prob, *back; /* (n,) bits of float32, or indices where there is a book */
    void *node;             /* (n,) OUT, or NULL */
    uint64_t n_below;       /* nodes of the order below if below is NULL */
    uint32_t stride;
    uint8_t wide_suffix, wide_below, wide_node;
} fe_lm_rows;

/* Those rows that are filled in: row[0], ..., or if it is NULL first, first + 1, ... */
typedef struct fe_lm_chosen {
    const uint64_t *row;
    uint64_t first, n;
} fe_lm_chosen;

#define FE_LM_BLOCK 1024 /* rows that are placed together */
#define FE_LM_SOON 64    /* of them, whose lines are on their way */

FE_INLINE uint64_t fe_lm_chosen_row(const fe_lm_chosen *chosen, uint64_t i) {
    return chosen->row != NULL ? chosen->row[i] : chosen->first + i;
}

FE_INLINE uint64_t fe_lm_index(const void *indices, int wide, uint64_t i) {
    return wide ? ((const uint64_t *)indices)[i] : ((const uint32_t *)indices)[i];
}

/* Set bits of a line before `end`, which are 0: see fe_lm_field. A line belongs to one thread. */
FE_INLINE void fe_lm_put(uint8_t *line, uint32_t end, uint32_t bits, uint64_t value) {
    uint8_t *at = line + (end + 7) / 8 - 8;
    uint64_t word;
    memcpy(&word, at, 8);
    word |= value << (64 - bits) >> (-end & 7);
    memcpy(at, &word, 8);
}

/* The code of a value: see fe_lm_decode. */
FE_INLINE uint32_t fe_lm_encode(const fe_lm_coding *coding, uint32_t value) {
    return coding->book != NULL || value == 0 ? value : value - coding->base;
}

/* The keys of the chosen rows from .. to - 1, scrambled for the last bank. FE_EINVAL: a suffix or a
 * word that does not exist. OUT x: [i] of chosen row i */
static inline fe_status fe_lm_keys(const fe_lm_level *level, uint32_t n_words,
                                   const fe_lm_rows *rows, const fe_lm_chosen *chosen,
                                   uint64_t from, uint64_t to, uint64_t *x) {
    const int narrow = chosen->row == NULL && rows->stride == 1 && !rows->wide_suffix;
    for (uint64_t i = from, stop; i < to; i = stop) {
        stop = i + FE_LM_BLOCK < to ? i + FE_LM_BLOCK : to;
        const uint64_t base = chosen->first + i;
        uint32_t word[FE_LM_BLOCK];
        uint64_t most = 0;
        uint32_t last = 0;
        if (narrow) { /* what a compiler makes vectors of */
            const uint32_t *suffix = (const uint32_t *)rows->suffix + base;
            for (uint64_t j = 0; j < stop - i; j++) {
                x[i + j] = suffix[j];
                word[j] = rows->word[base + j];
            }
        } else {
            for (uint64_t j = 0; j < stop - i; j++) {
                const uint64_t row = fe_lm_chosen_row(chosen, i + j);
                x[i + j] = fe_lm_index(rows->suffix, rows->wide_suffix, row);
                word[j] = rows->word[row * rows->stride];
            }
        }
        for (uint64_t j = 0; j < stop - i; j++) {
            most = x[i + j] > most ? x[i + j] : most;
            last = word[j] > last ? word[j] : last;
        }
        if (most >= rows->n_below || last >= n_words) return FE_EINVAL;
        if (rows->below != NULL)
            for (uint64_t j = i; j < stop; j++)
                x[j] = fe_lm_index(rows->below, rows->wide_below, x[j]);
        for (uint64_t j = i; j < stop; j++) x[j] = x[j] * n_words + word[j - i];
        for (uint32_t b = 0; b < level->n_banks; b++)
            for (uint64_t j = i; j < stop; j++) x[j] = fe_lm_scramble(x[j], level->key_bits);
    }
    return FE_OK;
}

/* Put every chosen row whose line is in [from, to) of the last bank there; where the line is full,
 * mark its filter. Threads take ranges of lines; the result does not depend on how many there are.
 * IN x of fe_lm_keys; OUT full: [i] whether the line of chosen row i was; INOUT *again: lowered to
 * the first chosen row that was there before. Both for rows of these lines only. */
static inline void fe_lm_fill(const fe_lm_level *level, const fe_lm_rows *rows,
                              const fe_lm_chosen *chosen, const uint64_t *x, uint64_t from,
                              uint64_t to, uint8_t *full, uint64_t *again) {
    const fe_lm_bank *bank = &level->bank[level->n_banks - 1];
    const uint32_t slots = bank->slots, p = level->prob.bits, q = level->back.bits;
    uint64_t at[FE_LM_BLOCK + FE_LM_SOON];
    uint32_t which[FE_LM_BLOCK];
    for (uint64_t begin = 0; begin < chosen->n; begin += FE_LM_BLOCK) {
        const uint32_t m = chosen->n - begin < FE_LM_BLOCK ? (uint32_t)(chosen->n - begin)
                                                           : FE_LM_BLOCK;
        uint32_t c = 0;
        for (uint32_t j = 0; j < m; j++) {
            which[c] = j;
            at[c] = fe_lm_line(bank, level->key_bits, x[begin + j]);
            c += (uint32_t)((at[c] >= from) & (at[c] < to));
        }
        if (c == 0) continue;
        for (uint32_t j = 0; j < FE_LM_SOON; j++) at[c + j] = at[c - 1];
        for (uint32_t j = 0; j < FE_LM_SOON; j++)
            FE_PREFETCH_WRITE(bank->lines + at[j] * FE_LM_LINE);
        for (uint32_t j = 0; j < c; j++) {
            FE_PREFETCH_WRITE(bank->lines + at[j + FE_LM_SOON] * FE_LM_LINE);
            uint8_t *line = bank->lines + at[j] * FE_LM_LINE;
            const uint64_t i = begin + which[j], stored = fe_lm_stored(bank, x[i]);
            const uint64_t row = fe_lm_chosen_row(chosen, i);
            const uint32_t lane = line[FE_LM_TAKEN] >> 4;
            uint32_t other;
            uint64_t record;
            full[i] = lane == slots;
            if (FE_UNLIKELY(fe_lm_match(bank, line, stored, &other, &record))) {
                if (i < *again) *again = i;
                continue;
            }
            if (lane == slots) {
                line[FE_LM_FILTER] |= fe_lm_mark(stored);
                continue;
            }
            for (uint32_t b = 0; b < FE_LM_PLANES; b++)
                line[b * slots + lane] = (uint8_t)(stored >> (8 * b));
            record = stored >> 8 * FE_LM_PLANES |
                     (uint64_t)fe_lm_encode(&level->prob, rows->prob[row]) << bank->rest_bits;
            if (q > 0) {
                const uint64_t back = fe_lm_encode(&level->back, rows->back[row]);
                if (bank->back_end == 0)
                    record |= back << (bank->rest_bits + p);
                else
                    fe_lm_put(line, bank->back_end + lane * q, q, back);
            }
            fe_lm_put(line, bank->record_end + lane * bank->record_bits, bank->record_bits, record);
            line[FE_LM_TAKEN] = (uint8_t)(line[FE_LM_TAKEN] + 16);
            const uint64_t node = bank->first + at[j] * slots + lane;
            if (rows->node == NULL) continue;
            if (rows->wide_node)
                ((uint64_t *)rows->node)[row] = node;
            else
                ((uint32_t *)rows->node)[row] = (uint32_t)node;
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
        const uint32_t taken = line[FE_LM_TAKEN] >> 4;
        for (uint32_t lane = 0; lane < taken && lane < bank->slots; lane++) {
            if (node != NULL) {
                const uint64_t record = fe_lm_record(bank, line, lane);
                uint64_t stored = (record & ((UINT64_C(1) << bank->rest_bits) - 1))
                                  << 8 * FE_LM_PLANES;
                for (uint32_t j = 0; j < FE_LM_PLANES; j++)
                    stored |= (uint64_t)line[j * bank->slots + lane] << (8 * j);
                uint64_t x = base + ((stored - base) & mask);
                for (uint32_t j = 0; j <= b; j++) x = fe_lm_unscramble(x, level->key_bits);
                node[count] = fe_lm_node(bank, line, lane);
                suffix[count] = x / n_words;
                word[count] = (uint32_t)(x % n_words);
                fe_lm_values(level, bank, line, lane, record, &prob[count], &back[count]);
            }
            count++;
        }
    }
    return count;
}

/* What a coding without a book needs: values (n,) by their bits. OUT *base, one less than the least
 * of those that are not 0; returns the largest code. */
static inline uint32_t fe_lm_span(const uint32_t *values, uint64_t n, uint32_t *base) {
    uint32_t low = UINT32_MAX, high = 0;
    for (uint64_t i = 0; i < n; i++) {
        const uint32_t less = values[i] - 1; /* 0 becomes the largest */
        low = less < low ? less : low;
        high = values[i] > high ? values[i] : high;
    }
    *base = high == 0 ? 0 : low;
    return high - *base;
}

FE_INLINE uint32_t fe_lm_book_slot(uint32_t value, uint32_t bits) {
    return value * UINT32_C(0x9e3779b1) >> (32 - bits);
}

/* The distinct values among values (n,), in order of appearance, to book (capacity,), and the index
 * of each to code (n,). Returns how many, -1 if there are more than capacity, -2 without memory.
 * Values are told apart by their bits. */
static inline int64_t fe_lm_book(const uint32_t *values, uint64_t n, uint32_t *book,
                                 int64_t capacity, uint32_t *code) {
    uint32_t bits = 16;
    uint32_t *slots = fe_calloc_array((size_t)1 << bits, sizeof *slots); /* index + 1 */
    int64_t size = 0;
    for (uint64_t i = 0; i < n && slots != NULL; i++) {
        const uint32_t value = values[i], mask = (UINT32_C(1) << bits) - 1;
        uint32_t at = fe_lm_book_slot(value, bits);
        while (slots[at] != 0 && book[slots[at] - 1] != value) at = (at + 1) & mask;
        if (slots[at] == 0) {
            if (size == capacity) {
                free(slots);
                return -1;
            }
            book[size] = value;
            slots[at] = (uint32_t)++size;
        }
        code[i] = slots[at] - 1;
        if (4 * size > (int64_t)mask) { /* too full: twice as large */
            free(slots);
            bits++;
            slots = fe_calloc_array((size_t)1 << bits, sizeof *slots);
            for (int64_t j = 0; j < size && slots != NULL; j++) {
                at = fe_lm_book_slot(book[j], bits);
                while (slots[at] != 0) at = (at + 1) & ((UINT32_C(1) << bits) - 1);
                slots[at] = (uint32_t)j + 1;
            }
        }
    }
    if (slots == NULL) return -2;
    free(slots);
    return size;
}

#endif
