/* lmquery.h: the query tables of a back-off language model, and looking n-grams up in them.
 *
 * An n-gram w_1 ... w_k is found by its node: for k = 1 the id of the word, for k > 1 the number of
 * the slot that holds it in the table of order k. Its key is (node of its suffix w_2 ... w_k, w_1),
 * that is x = node * V + w_1, a number below 2^key_bits.
 *
 * A table is some banks of 64-byte lines. x is scrambled by a bijection; its upper bits choose the
 * line, and its lower bits, which together with the line give x back, are stored: a quotient table
 * after Cleary (1984). So an n-gram takes 17 to 24 bits for its key, none is ever mistaken for
 * another, and the table can be listed. What finds its line full goes to the next, much smaller
 * bank; a filter of 8 bits in the line tells which absent keys need not be looked for there.
 *
 * A line has `slots` slots, filled from the first on. Its bits, the lowest of byte 0 first: the low
 * bytes of the keys and their second bytes, which are compared at once; then a record a slot, of as
 * many bits as it needs: the rest of the key, the probability, the back-off weight. If that is more
 * than can be read at once, the back-off weights stand behind the records. Byte 62 has in its upper
 * half how many slots are taken, byte 63 is the filter.
 */
#ifndef FE_LMQUERY_H
#define FE_LMQUERY_H

#include "fe_base.h"
#include "vec_bytes.h"

#define FE_LM_MAX_ORDER 16
#define FE_LM_BANKS 16
#define FE_LM_LINE 64
#define FE_LM_LINE_BITS 500 /* for keys and values */
#define FE_LM_SLOTS 15      /* in a line, at most */
#define FE_LM_PLANES 2      /* bytes of a key that are compared at once */
#define FE_LM_FIELD 57      /* bits that can be read at once, wherever they begin */
#define FE_LM_TAKEN 62      /* byte of a line */
#define FE_LM_FILTER 63     /* byte of a line */
#define FE_LM_BATCH 1024    /* look-ups of one order that are done together */
#define FE_LM_AHEAD 64      /* of them, whose lines are on their way */
#define FE_LM_NONE UINT64_MAX /* no node */
#define FE_LM_MAX_KEY_BITS 62

typedef struct {
    uint8_t *lines;       /* (n_lines, 64); written while the bank is filled only */
    uint64_t n_lines;
    uint64_t first;       /* node of the first slot */
    uint32_t stored_bits; /* of the scrambled key, at least 8 * FE_LM_PLANES */
    uint32_t slots;
    uint32_t rest_bits;   /* of the stored bits, in the record */
    uint32_t record_bits; /* at most FE_LM_FIELD */
    uint32_t record_end;  /* where the first record ends, in bits */
    uint32_t back_end;    /* where the first back-off weight ends; 0: it is in the record */
} fe_lm_bank;

/* How values of one kind are stored. Without loss: what float32 they are, counted from the smallest
 * one in the order of their bits; 0 is 0.0. Or as an index into a book. */
typedef struct {
    uint32_t bits; /* at most 32; 0: not stored, 0.0 */
    uint32_t base; /* bits of a float32 = base + code */
    const float *book; /* (2^bits,) or NULL */
} fe_lm_coding;

/* All n-grams of one order > 1. */
typedef struct fe_lm_level {
    fe_lm_bank bank[FE_LM_BANKS];
    uint32_t n_banks;
    uint32_t key_bits;
    fe_lm_coding prob, back;
    uint64_t n_nodes;
} fe_lm_level;

/* Words to ids; see lmquery_words.h. */
typedef struct {
    const uint64_t *slots; /* (n_slots,) lower half of the hash, id + 1; 0: empty */
    uint64_t n_slots;
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

/* Where look-ups write what they find, look-up `row` at index `row`; what is not there leaves its
 * entries as they are. */
typedef struct {
    uint64_t *node;
    float *prob, *back; /* NULL: not wanted */
    uint8_t *length;    /* gets `order`, or NULL */
    uint8_t order;
} fe_lm_found;

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

/* What is stored of a scrambled key. */
FE_INLINE uint64_t fe_lm_stored(const fe_lm_bank *bank, uint64_t x) {
    return x & ((UINT64_C(1) << bank->stored_bits) - 1);
}

/* A mark in the filter of a line. */
FE_INLINE uint8_t fe_lm_mark(uint64_t stored) { return (uint8_t)(1u << (stored & 7)); }

/* The bits of a line before `end`, 0 < bits <= FE_LM_FIELD. The eight bytes that are read begin in
 * the line, since end >= FE_LM_FIELD. */
FE_INLINE uint64_t fe_lm_field(const uint8_t *line, uint32_t end, uint32_t bits) {
    uint64_t word;
    memcpy(&word, line + (end + 7) / 8 - 8, 8);
    return word << (-end & 7) >> (64 - bits);
}

FE_INLINE uint64_t fe_lm_record(const fe_lm_bank *bank, const uint8_t *line, uint32_t lane) {
    return fe_lm_field(line, bank->record_end + lane * bank->record_bits, bank->record_bits);
}

/* Whether a slot has the stored key; OUT lane and its record. Two bytes of the key decide nearly
 * always. */
FE_INLINE int fe_lm_match(const fe_lm_bank *bank, const uint8_t *line, uint64_t stored,
                          uint32_t *lane, uint64_t *record) {
    const uint32_t slots = (1u << bank->slots) - 1, taken = (1u << (line[FE_LM_TAKEN] >> 4)) - 1;
    const uint64_t rest = stored >> 8 * FE_LM_PLANES, mask = (UINT64_C(1) << bank->rest_bits) - 1;
    uint32_t may = fe_eq16_planes(line, bank->slots, FE_LM_PLANES, stored) & slots & taken;
    while (may != 0) {
        *lane = (uint32_t)fe_ctz64(may);
        *record = fe_lm_record(bank, line, *lane);
        if (FE_LIKELY((*record & mask) == rest)) return 1;
        may &= may - 1;
    }
    return 0;
}

FE_INLINE float fe_lm_decode(const fe_lm_coding *coding, uint32_t code) {
    if (coding->book != NULL) return coding->book[code];
    const uint32_t bits = code + (coding->base & -(uint32_t)(code != 0));
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

FE_INLINE uint64_t fe_lm_node(const fe_lm_bank *bank, const uint8_t *line, uint32_t lane) {
    return bank->first + (uint64_t)(line - bank->lines) / FE_LM_LINE * bank->slots + lane;
}

/* The values in slot `lane` of a line. */
FE_INLINE void fe_lm_values(const fe_lm_level *level, const fe_lm_bank *bank, const uint8_t *line,
                            uint32_t lane, uint64_t record, float *prob, float *back) {
    const uint32_t p = level->prob.bits, b = level->back.bits;
    const uint64_t codes = record >> bank->rest_bits;
    *prob = fe_lm_decode(&level->prob, (uint32_t)(codes & ((UINT64_C(1) << p) - 1)));
    *back = 0.0f;
    if (b != 0)
        *back = fe_lm_decode(
            &level->back, (uint32_t)(bank->back_end == 0
                                         ? codes >> p
                                         : fe_lm_field(line, bank->back_end + lane * b, b)));
}

/* A few look-ups in one bank: scrambled keys and lines, which are on their way. */
typedef struct {
    uint64_t x[FE_LM_AHEAD];
    const uint8_t *line[FE_LM_AHEAD];
} fe_lm_ahead;

/* Scramble n <= FE_LM_AHEAD keys once more and send for their lines. */
FE_INLINE void fe_lm_send(const fe_lm_level *level, const fe_lm_bank *bank, const uint64_t *x,
                          uint32_t n, fe_lm_ahead *ahead) {
    for (uint32_t j = 0; j < n; j++) ahead->x[j] = fe_lm_scramble(x[j], level->key_bits);
    for (uint32_t j = 0; j < n; j++) {
        ahead->line[j] = bank->lines + fe_lm_line(bank, level->key_bits, ahead->x[j]) * FE_LM_LINE;
        FE_PREFETCH(ahead->line[j]);
    }
}

/* The n-grams row[0], ..., row[n - 1] of a batch in one bank, by keys that are scrambled for the
 * bank before. Returns how many may be in the next bank; their keys and rows move to the front of x
 * and row. */
FE_INLINE uint32_t fe_lm_find_in(const fe_lm_level *level, const fe_lm_bank *bank, uint64_t *x,
                                 uint32_t *row, uint32_t n, fe_lm_found found) {
    fe_lm_ahead ahead[2];
    uint32_t left = 0, m = n < FE_LM_AHEAD ? n : FE_LM_AHEAD;
    fe_lm_send(level, bank, x, m, &ahead[0]);
    for (uint32_t from = 0, which = 0; from < n; which ^= 1) {
        const fe_lm_ahead *here = &ahead[which];
        const uint32_t stop = from + m;
        m = n - stop < FE_LM_AHEAD ? n - stop : FE_LM_AHEAD;
        fe_lm_send(level, bank, x + stop, m, &ahead[which ^ 1]);
        for (uint32_t j = 0; from < stop; j++, from++) {
            const uint64_t stored = fe_lm_stored(bank, here->x[j]);
            const uint8_t *line = here->line[j];
            const uint32_t i = row[from];
            uint32_t lane;
            uint64_t record;
            if (fe_lm_match(bank, line, stored, &lane, &record)) {
                found.node[i] = fe_lm_node(bank, line, lane);
                if (found.prob != NULL)
                    fe_lm_values(level, bank, line, lane, record, &found.prob[i], &found.back[i]);
                if (found.length != NULL) found.length[i] = found.order;
                continue;
            }
            /* without a branch: whether the filter says so cannot be predicted */
            x[left] = here->x[j];
            row[left] = i;
            left += (line[FE_LM_FILTER] & fe_lm_mark(stored)) != 0;
        }
    }
    return left;
}

/* The key of the n-gram of a word and a suffix: see above. */
FE_INLINE uint64_t fe_lm_key(uint32_t n_words, uint64_t suffix, uint32_t word) {
    return suffix * n_words + word;
}

/* Look up n n-grams of one order, bank by bank: the lines of a bank are fetched side by side, and
 * what may be in the next bank is left for then.
 * IN x keys (n,), row (n,) where to write; both are used up. */
FE_INLINE void fe_lm_find(const fe_lm_level *level, uint64_t *x, uint32_t *row, uint32_t n,
                          fe_lm_found found) {
    for (uint32_t b = 0; b < level->n_banks && n > 0; b++)
        n = fe_lm_find_in(level, &level->bank[b], x, row, n, found);
}

/* Nodes of n-grams of order k, FE_LM_NONE where one is not there or a word is not one. Rows that end
 * in the same words as the row before share its look-ups: files are sorted, one way or the other.
 * IN ids (n, stride): the oldest word first, k of each row; OUT node (n,) */
static FE_UNUSED void fe_lm_walk(const fe_lm *lm, const uint32_t *ids, uint64_t n, uint32_t stride,
                                 uint32_t k, uint64_t *node) {
    uint64_t x[FE_LM_BATCH];
    uint32_t row[FE_LM_BATCH];
    uint8_t same[FE_LM_BATCH]; /* last words that are those of the row before */
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
                const uint32_t word = in[(size_t)i * stride + k - j];
                const int there = out[i] != FE_LM_NONE && word < lm->n_words;
                x[c] = fe_lm_key(lm->n_words, out[i], word);
                row[c] = i;
                out[i] = FE_LM_NONE;
                c += (uint32_t)(there & (same[i] < j));
            }
            fe_lm_find(&lm->level[j], x, row, c, (fe_lm_found){.node = out});
            for (uint32_t i = 1; i < m; i++)
                if (same[i] >= j) out[i] = out[i - 1];
        }
    }
}

#endif
