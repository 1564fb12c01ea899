/* arpa.h: the n-gram lines of an ARPA file, "log10 p <tab> w_1 ... w_k [<tab> log10 back-off]".
 *
 * Fields may be separated by any tabs and spaces (KenLM and SRILM write tabs around the n-gram).
 * The reader takes what is plain and certain; every other line is left to the caller, which reads
 * it slowly or says what is wrong with it.
 */
#ifndef FE_ARPA_H
#define FE_ARPA_H

#include <math.h>

#include "floattext.h"
#include "lmquery_words.h"
#include "utf8.h"

#define FE_ARPA_MAX_ORDER FE_LM_MAX_ORDER
#define FE_ARPA_LINES 32 /* whose words are looked up side by side */

enum {
    FE_ARPA_END = 0,  /* every line was an n-gram */
    FE_ARPA_STOP = 1, /* a blank line, or one that begins with a backslash */
    FE_ARPA_SLOW = 2, /* a line that is left to the caller */
    FE_ARPA_UTF8 = 3  /* a byte that is not UTF-8, or NUL */
};

typedef struct fe_arpa_piece {
    uint64_t rows; /* lines that were read */
    uint64_t at;   /* where the line that stopped it begins, or the bad byte */
    int status;
} fe_arpa_piece;

FE_INLINE int fe_arpa_blank(uint8_t c) { return c == ' ' || c == '\t'; }

FE_INLINE const uint8_t *fe_arpa_skip(const uint8_t *p, const uint8_t *end) {
    while (p < end && fe_arpa_blank(*p)) p++;
    return p;
}

/* A number that ends where the field does; NULL where it is not plainly one. */
FE_INLINE const uint8_t *fe_arpa_number(const uint8_t *p, const uint8_t *end, float *value) {
    const uint8_t *behind =
        (const uint8_t *)fe_parse_float((const char *)p, (const char *)end, value);
    return behind != NULL && (behind == end || fe_arpa_blank(*behind)) ? behind : NULL;
}

/* One line [p, end): numbers, and where its k words are. missing: the back-off weight that stands
 * for none. Returns 0 if it is not plainly an n-gram. */
FE_INLINE int fe_arpa_line(const uint8_t *p, const uint8_t *end, uint32_t k, int highest,
                           float *prob, float *back, const uint8_t **word, uint32_t *length) {
    p = fe_arpa_number(fe_arpa_skip(p, end), end, prob);
    if (p == NULL || *prob > 0.0f) return 0;
    for (uint32_t i = 0; i < k; i++) {
        p = fe_arpa_skip(p, end);
        word[i] = p;
        while (p < end && !fe_arpa_blank(*p)) p++;
        if (p == word[i] || p - word[i] > INT32_MAX) return 0;
        length[i] = (uint32_t)(p - word[i]);
    }
    p = fe_arpa_skip(p, end);
    *back = NAN;
    if (p == end) return 1;
    p = fe_arpa_number(p, end, back);
    return p != NULL && fe_arpa_skip(p, end) == end && (!highest || *back == 0.0f);
}

/* Behind the first newline at or after `at`, or stop. */
FE_INLINE uint64_t fe_arpa_cut(const uint8_t *text, uint64_t at, uint64_t stop) {
    const uint8_t *end = (const uint8_t *)memchr(text + at, '\n', (size_t)(stop - at));
    return end == NULL ? stop : (uint64_t)(end + 1 - text);
}

/* Newlines of text[from:to] (to + FE_TEXT_PADDING bytes are there). */
static inline uint64_t fe_arpa_count(const uint8_t *text, uint64_t from, uint64_t to) {
    uint64_t count = 0;
    for (uint64_t at = from; at < to; at += 64) {
        uint64_t newlines = fe_b64_eq(fe_b64_load(text + at), '\n');
        if (to - at < 64) newlines &= (UINT64_C(1) << (to - at)) - 1;
        count += (uint64_t)fe_popcount64(newlines);
    }
    return count;
}

/* Whether two words are the same; 16 bytes may be read from each. */
FE_INLINE int fe_arpa_same(const uint8_t *a, uint32_t n, const uint8_t *b, uint32_t m) {
    if (n != m) return 0;
    if (n > 16) return memcmp(a, b, n) == 0;
    return (((fe_load64(a) ^ fe_load64(b)) & fe_key_masks[n][0]) |
            ((fe_load64(a + 8) ^ fe_load64(b + 8)) & fe_key_masks[n][1])) == 0;
}

/* Lines of text[from:to], which ends behind a newline or at the end of the file. k = 1: ids are
 * places and lengths of words in the text, (n, 2); else ids of words, (n, k).
 * IN text (to + FE_TEXT_PADDING,), to < 2^32, lm, which knows the words, NULL for k = 1; OUT ids, prob (n,), back (n,): NaN for none,
 * where n is the number of newlines and 1; piece */
static inline void fe_arpa_read(const fe_lm *lm, const uint8_t *text, uint64_t from, uint64_t to,
                                uint32_t k, int highest, uint32_t *ids, float *prob, float *back,
                                fe_arpa_piece *piece) {
    const fe_lm_words *words = lm != NULL ? &lm->words : NULL;
    const uint32_t n_words = lm != NULL ? lm->n_words : 0;
    const uint8_t *p = text + from, *stop = text + to;
    const uint8_t *line[FE_ARPA_LINES], *word[FE_ARPA_LINES * FE_ARPA_MAX_ORDER];
    uint32_t length[FE_ARPA_LINES * FE_ARPA_MAX_ORDER];
    uint64_t hash[FE_ARPA_LINES * FE_ARPA_MAX_ORDER];
    uint8_t same[FE_ARPA_LINES * FE_ARPA_MAX_ORDER]; /* the word that stands in the line before */
    size_t bad = 0;
    piece->rows = 0;
    piece->status = FE_ARPA_END;
    if (fe_utf8_check(p, to - from, &bad) != FE_OK) {
        piece->status = FE_ARPA_UTF8;
        piece->at = from + bad;
        return;
    }
    while (p < stop && piece->status == FE_ARPA_END) {
        uint32_t n = 0;
        const uint64_t base = piece->rows;
        for (; p < stop && n < FE_ARPA_LINES; n++) {
            const uint8_t *end = (const uint8_t *)memchr(p, '\n', (size_t)(stop - p));
            const uint8_t *next = end == NULL ? stop : end + 1;
            if (end == NULL) end = stop;
            while (end > p && (end[-1] == '\r' || fe_arpa_blank(end[-1]))) end--;
            line[n] = p;
            if (end == p || *p == '\\') {
                piece->status = FE_ARPA_STOP;
                break;
            }
            if (!fe_arpa_line(p, end, k, highest, &prob[base + n], &back[base + n], word + n * k,
                              length + n * k)) {
                piece->status = FE_ARPA_SLOW;
                break;
            }
            p = next;
        }
        if (piece->status != FE_ARPA_END) piece->at = (uint64_t)(p - text);
        uint32_t good = n;
        if (k == 1) {
            for (uint32_t i = 0; i < n; i++) {
                ids[2 * (base + i)] = (uint32_t)(word[i] - text);
                ids[2 * (base + i) + 1] = length[i];
            }
        } else {
            for (uint32_t i = 0; i < n * k; i++) {
                same[i] = i >= k && fe_arpa_same(word[i], length[i], word[i - k], length[i - k]);
                if (same[i]) continue;
                hash[i] = fe_key_padded(word[i], length[i]).hash;
                FE_PREFETCH(&words->slots[hash[i] & (words->n_slots - 1)]);
            }
            for (uint32_t i = 0; i < n * k && good == n; i++) {
                if (same[i]) {
                    ids[base * k + i] = ids[base * k + i - k];
                    continue;
                }
                const fe_key key = {0, 0, hash[i], word[i], length[i]};
                const uint32_t id = fe_lm_words_find(words, n_words, &key);
                ids[base * k + i] = id;
                if (FE_UNLIKELY(id == FE_NO_ID)) good = i / k;
            }
            if (good < n) {
                piece->status = FE_ARPA_SLOW;
                piece->at = (uint64_t)(line[good] - text);
            }
        }
        piece->rows += good;
    }
}

/* The words and numbers of a level of tables.py, for writing. */
typedef struct {
    const uint8_t *blob;
    const uint64_t *offsets;         /* (n_words + 1,) */
    const uint32_t *word[FE_ARPA_MAX_ORDER];   /* [j]: oldest words of order j + 1 */
    const uint32_t *parent[FE_ARPA_MAX_ORDER]; /* [j]: rows of order j; [0] not used */
    const float *prob, *back;        /* of order k; back NULL: none is written */
    uint32_t k;
} fe_arpa_level;

FE_INLINE uint8_t *fe_arpa_put(uint8_t *p, float value) {
    if (value < -1e30f) { /* log10 of zero, in ARPA files */
        memcpy(p, "-99", 3);
        return p + 3;
    }
    p = (uint8_t *)fe_format_float(value, (char *)p);
    return p[-1] == '0' && p[-2] == '.' ? p - 2 : p; /* whole numbers as KenLM writes them */
}

/* Write rows from *row on, up to stop, or as many as there is room for. Rows that follow each other
 * share their suffix mostly, whose text is then copied. Returns the bytes written; *row moves on.
 * OUT text (room,) */
static inline uint64_t fe_arpa_write(const fe_arpa_level *level, uint64_t *row, uint64_t stop,
                                     uint8_t *text, uint64_t room) {
    const uint32_t k = level->k;
    uint8_t *p = text;
    const uint8_t *suffix = NULL; /* " w_2 ... w_k" of the row before */
    uint64_t suffix_bytes = 0, parent = UINT64_MAX;
    for (; *row < stop; (*row)++) {
        const uint64_t r = *row;
        const uint32_t first = level->word[k - 1][r];
        const uint64_t begin = level->offsets[first], bytes = level->offsets[first + 1] - begin;
        const int same = k > 1 && level->parent[k - 1][r] == parent;
        uint64_t need = bytes;
        if (same) {
            need += suffix_bytes;
        } else {
            uint64_t at = r;
            for (uint32_t j = k; j > 1; j--) {
                at = level->parent[j - 1][at];
                const uint32_t id = level->word[j - 2][at];
                need += 1 + level->offsets[id + 1] - level->offsets[id];
            }
        }
        if (need + 2 * FE_FLOAT_TEXT_MAX + 3 > room - (uint64_t)(p - text)) break;
        p = fe_arpa_put(p, level->prob[r]);
        *p++ = '\t';
        memcpy(p, level->blob + begin, bytes);
        p += bytes;
        const uint8_t *from = p;
        if (same) {
            memcpy(p, suffix, suffix_bytes);
            p += suffix_bytes;
        } else {
            uint64_t at = r;
            for (uint32_t j = k; j > 1; j--) {
                at = level->parent[j - 1][at];
                const uint32_t id = level->word[j - 2][at];
                const uint64_t start = level->offsets[id], n = level->offsets[id + 1] - start;
                *p++ = ' ';
                memcpy(p, level->blob + start, n);
                p += n;
            }
        }
        suffix = from;
        suffix_bytes = (uint64_t)(p - from);
        parent = k > 1 ? level->parent[k - 1][r] : UINT64_MAX;
        if (level->back != NULL) {
            *p++ = '\t';
            p = fe_arpa_put(p, level->back[r]);
        }
        *p++ = '\n';
    }
    return (uint64_t)(p - text);
}

#endif
