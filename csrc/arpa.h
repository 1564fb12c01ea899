/* arpa.h: read the n-gram lines of an ARPA file, "log10 p <tab> w_1 ... w_k [<tab> log10 back-off]".
 *
 * Fields may be separated by any tabs and spaces (KenLM and SRILM write tabs around the n-gram).
 * The ends of fields are found 64 bytes at a time; a line with one blank between its fields and
 * numbers as everybody writes them is then read without a search. fe_arpa_line takes the other
 * lines that are plain and certain, and what it does not take is left to the caller, which reads
 * it slowly or says what is wrong with it.
 */
#ifndef FE_ARPA_H
#define FE_ARPA_H

#include <math.h>

#include "floattext.h"
#include "hash.h"
#include "utf8.h"
#include "vec_bytes.h"

#define FE_ARPA_MAX_ORDER 16 /* above the highest */
#define FE_ARPA_LINES 64     /* whose words are looked up side by side */
#define FE_ARPA_SEGMENT 8192 /* bytes whose fields are found at a time, below 2^16 */

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

/* The words of some lines, k of each. */
typedef struct {
    const uint8_t *line[FE_ARPA_LINES];
    const uint8_t *word[FE_ARPA_LINES * FE_ARPA_MAX_ORDER];
    uint32_t length[FE_ARPA_LINES * FE_ARPA_MAX_ORDER];
} fe_arpa_batch;

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

/* One line [p, end): numbers, and where its k words are; back: NaN for none. Returns 0 if it is
 * not plainly an n-gram. */
static FE_NOINLINE int fe_arpa_line(const uint8_t *p, const uint8_t *end, uint32_t k, int highest,
                                    float *prob, float *back, const uint8_t **word,
                                    uint32_t *length) {
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

/* Where white space stands in text[0:bytes], bytes <= FE_ARPA_SEGMENT. Returns how often.
 * IN text (bytes + FE_TEXT_PADDING,); OUT end (bytes + 8,) */
FE_INLINE uint32_t fe_arpa_ends(const uint8_t *text, uint32_t bytes, uint16_t *end) {
    uint32_t n = 0;
    for (uint32_t at = 0; at < bytes; at += 64) {
        uint64_t spaces = fe_b64_space(fe_b64_load(text + at));
        if (bytes - at < 64) spaces &= (UINT64_C(1) << (bytes - at)) - 1;
        const uint32_t count = (uint32_t)fe_popcount64(spaces);
        for (uint32_t i = 0; i < count; i += 8)
            for (uint32_t j = i; j < i + 8; j++) { /* how many cannot be predicted */
                end[n + j] = (uint16_t)(at + (uint32_t)fe_ctz64(spaces | UINT64_C(1) << 63));
                spaces &= spaces - 1;
            }
        n += count;
    }
    return n;
}

/* A number [-]d.d...d with at most eight decimals; 0 if p[0:n] is another. 10 bytes behind p may
 * be read. */
FE_INLINE int fe_arpa_decimal(const uint8_t *p, uint32_t n, float *value) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint32_t negative = *p == '-';
    const uint32_t whole = (uint32_t)p[negative] - '0', decimals = n - negative - 2;
    if (whole > 9 || p[negative + 1] != '.' || decimals - 1 > 7) return 0;
    const uint32_t shift = 64 - 8 * decimals;
    uint64_t x = fe_load64(p + negative + 2) << shift;
    x |= UINT64_C(0x3030303030303030) & ((UINT64_C(1) << shift) - 1);
    const uint64_t carried = x + UINT64_C(0x0606060606060606);
    if (((x & UINT64_C(0xf0f0f0f0f0f0f0f0)) | (carried & UINT64_C(0xf0f0f0f0f0f0f0f0)) >> 4) !=
        UINT64_C(0x3333333333333333))
        return 0;
    /* digits to pairs, to fours, to the whole */
    x = (x & UINT64_C(0x0f0f0f0f0f0f0f0f)) * 2561 >> 8;
    x = (x & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
    x = (x & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
    const double scale = fe_pow10_exact[decimals], digits = (double)(int64_t)x + whole * scale;
    return digits != 0.0 && fe_round_float(digits / scale, (int)negative, value);
#else
    (void)p, (void)n, (void)value;
    return 0;
#endif
}

FE_INLINE int fe_arpa_field(const uint8_t *p, const uint8_t *end, float *value) {
    return fe_arpa_decimal(p, (uint32_t)(end - p), value) || fe_arpa_number(p, end, value) == end;
}

/* The line at text[at:], whose fields, each followed by one blank or the newline, end at end[0], ...
 * (n of them). Returns how many fields there are; 0 if fe_arpa_line has to look. */
FE_INLINE uint32_t fe_arpa_fields(const uint8_t *text, uint32_t at, const uint16_t *end, uint32_t n,
                                  uint32_t k, int highest, float *prob, float *back,
                                  const uint8_t **word, uint32_t *length) {
    if (n < k + 1 || !fe_arpa_field(text + at, text + end[0], prob) || *prob > 0.0f) return 0;
    int odd = 0;
    for (uint32_t i = 0; i < k; i++) {
        const uint32_t begin = end[i] + 1u;
        odd |= !fe_arpa_blank(text[end[i]]) | (end[i + 1] == begin);
        word[i] = text + begin;
        length[i] = end[i + 1] - begin;
    }
    *back = NAN;
    if (odd) return 0;
    if (text[end[k]] == '\n') return k + 1;
    return n > k + 1 && !highest && fe_arpa_blank(text[end[k]]) && text[end[k + 1]] == '\n' &&
                   fe_arpa_field(text + end[k] + 1, text + end[k + 1], back)
               ? k + 2
               : 0;
}

/* Ids of the words of n lines of a batch, each k. Returns the lines before one with a word that is
 * not there. OUT ids (n, k) */
static FE_NOINLINE uint32_t fe_arpa_find(const fe_table *words, const fe_arpa_batch *batch,
                                         uint32_t n, uint32_t k, uint32_t *ids) {
    enum { MOST = FE_ARPA_LINES * FE_ARPA_MAX_ORDER };
    fe_key key[MOST];
    uint16_t todo[MOST];
    uint8_t same[MOST]; /* the word that stands in the line before */
    uint32_t c = 0, good = n;
    for (uint32_t i = 0; i < n * k; i++) {
        const uint32_t length = batch->length[i];
        const int brief = length <= FE_INLINE_BYTES;
        const uint64_t *mask = fe_key_masks[brief ? length : 0];
        key[i].a = fe_load64(batch->word[i]) & mask[0];
        key[i].b = fe_load64(batch->word[i] + 8) & mask[1];
        same[i] = i >= k && brief && length == batch->length[i - k] &&
                  ((key[i].a ^ key[i - k].a) | (key[i].b ^ key[i - k].b)) == 0;
        todo[c] = (uint16_t)i;
        c += !same[i];
    }
    for (uint32_t j = 0; j < c; j++) {
        fe_key *wanted = &key[todo[j]];
        wanted->text = batch->word[todo[j]];
        wanted->length = batch->length[todo[j]];
        if (FE_LIKELY(wanted->length <= FE_INLINE_BYTES))
            wanted->hash = fe_hash_short(wanted->a, wanted->b, wanted->length);
        else
            wanted->a = wanted->hash = fe_hash_long(wanted->text, wanted->length);
        FE_PREFETCH(&words->slots[wanted->hash & (words->n_slots - 1)]);
    }
    for (uint32_t j = 0; j < c; j++) {
        ids[todo[j]] = fe_table_find(words, &key[todo[j]]);
        if (FE_UNLIKELY(ids[todo[j]] == FE_NO_ID)) {
            good = todo[j] / k;
            break; /* words are looked up in the order of the lines */
        }
    }
    for (uint32_t i = k; i < good * k; i++) ids[i] = same[i] ? ids[i - k] : ids[i];
    return good;
}

/* Lines of text[from:to], which ends behind a newline or at the end of the file. k = 1: ids are
 * places and lengths of words in the text, (n, 2); else ids of words, (n, k).
 * IN words NULL for k = 1; text (to + FE_TEXT_PADDING,), to < 2^32; OUT ids, prob (n,), back (n,): NaN for none, where n is (to - from) / (2 k + 2) + 2; piece */
static inline void fe_arpa_read(const fe_table *words, const uint8_t *text, uint64_t from,
                                uint64_t to, uint32_t k, int highest, uint32_t *ids, float *prob,
                                float *back, fe_arpa_piece *piece) {
    const uint8_t *p = text + from, *stop = text + to;
    const uint8_t *segment = p, *behind = p; /* whole lines, whose fields are known */
    uint16_t end[FE_ARPA_SEGMENT + 8];
    uint32_t n_ends = 0, e = 0;
    fe_arpa_batch batch;
    piece->rows = 0;
    piece->status = FE_ARPA_END;
    while (p < stop && piece->status == FE_ARPA_END) {
        uint32_t n = 0;
        const uint64_t base = piece->rows;
        for (; p < stop && n < FE_ARPA_LINES; n++) {
            if (p == behind) {
                size_t bad = 0, bytes = (size_t)(stop - p);
                if (bytes > FE_ARPA_SEGMENT) bytes = FE_ARPA_SEGMENT;
                while (bytes > 0 && p[bytes - 1] != '\n') bytes--;
                segment = p;
                n_ends = e = 0;
                if (bytes > 0)
                    n_ends = fe_arpa_ends(p, (uint32_t)bytes, end);
                else /* a line that is longer, or the last one without a newline */
                    bytes = (size_t)(fe_arpa_cut(text, (uint64_t)(p - text), to) -
                                     (uint64_t)(p - text));
                behind = p + bytes;
                if (fe_utf8_check(p, bytes, &bad) != FE_OK) {
                    piece->status = FE_ARPA_UTF8;
                    p += bad;
                    break;
                }
            }
            batch.line[n] = p;
            const uint32_t fields =
                fe_arpa_fields(segment, (uint32_t)(p - segment), end + e, n_ends - e, k, highest,
                               &prob[base + n], &back[base + n], batch.word + n * k,
                               batch.length + n * k);
            if (FE_LIKELY(fields > 0)) {
                e += fields;
                p = segment + end[e - 1] + 1;
                continue;
            }
            const uint8_t *next = text + fe_arpa_cut(text, (uint64_t)(p - text), to), *last = next;
            while (last > p && (last[-1] == '\n' || last[-1] == '\r' || fe_arpa_blank(last[-1])))
                last--;
            if (last == p || *p == '\\') {
                piece->status = FE_ARPA_STOP;
                break;
            }
            if (!fe_arpa_line(p, last, k, highest, &prob[base + n], &back[base + n],
                              batch.word + n * k, batch.length + n * k)) {
                piece->status = FE_ARPA_SLOW;
                break;
            }
            p = next;
            while (e < n_ends && segment + end[e] < p) e++;
        }
        if (piece->status != FE_ARPA_END) piece->at = (uint64_t)(p - text);
        uint32_t good = n;
        if (k == 1) {
            for (uint32_t i = 0; i < n; i++) {
                ids[2 * (base + i)] = (uint32_t)(batch.word[i] - text);
                ids[2 * (base + i) + 1] = batch.length[i];
            }
        } else {
            good = fe_arpa_find(words, &batch, n, k, ids + base * k);
            if (good < n) {
                piece->status = FE_ARPA_SLOW;
                piece->at = (uint64_t)(batch.line[good] - text);
            }
        }
        piece->rows += good;
    }
}

#endif
