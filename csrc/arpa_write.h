/* arpa_write.h: write the n-gram lines of an ARPA file, "log10 p <tab> w_1 ... w_k [<tab> log10
 * back-off]", with the fewest digits that read back to the same float32.
 */
#ifndef FE_ARPA_WRITE_H
#define FE_ARPA_WRITE_H

#include "floattext.h"

#define FE_ARPA_WRITE_ORDER 16 /* above the highest */
#define FE_ARPA_SLACK 16       /* bytes that may be read or written behind the last one */
#define FE_ARPA_AHEAD 8        /* rows whose words are fetched before they are needed */
#define FE_ARPA_NUMBERS 1024   /* back-off weights whose text is kept; a power of two */

/* The words and numbers of a level of tables.py. */
typedef struct {
    const uint8_t *blob;             /* FE_ARPA_SLACK more bytes are there */
    const uint64_t *offsets;         /* (n_words + 1,) */
    const uint32_t *word[FE_ARPA_WRITE_ORDER];   /* [j]: oldest words of order j + 1 */
    const uint32_t *parent[FE_ARPA_WRITE_ORDER]; /* [j]: rows of order j; [0] not used */
    const float *prob, *back;        /* of order k; back NULL: none is written */
    uint32_t k;
} fe_arpa_level;

/* The text of a number that was written before; there are far fewer back-off weights than rows. */
typedef struct {
    uint32_t bits, length; /* length 0: none yet */
    uint8_t text[FE_FLOAT_TEXT_MAX];
} fe_arpa_text;

FE_INLINE uint8_t *fe_arpa_put(uint8_t *p, float value) {
    if (value < -1e30f) { /* log10 of zero, in ARPA files */
        memcpy(p, "-99", 3);
        return p + 3;
    }
    p = (uint8_t *)fe_format_float(value, (char *)p);
    /* whole numbers as KenLM writes them */
    return value > -1e6f && value < 1e6f && (float)(int32_t)value == value ? p - 2 : p;
}

FE_INLINE uint8_t *fe_arpa_put_known(uint8_t *p, float value, fe_arpa_text *known) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    known += (bits * UINT32_C(0x9e3779b1)) >> 22;
    if (FE_UNLIKELY(known->bits != bits || known->length == 0)) {
        known->bits = bits;
        known->length = (uint32_t)(fe_arpa_put(known->text, value) - known->text);
    }
    memcpy(p, known->text, FE_FLOAT_TEXT_MAX);
    return p + known->length;
}

/* Copy n bytes, 16 at a time: both sides have FE_ARPA_SLACK more. */
FE_INLINE uint8_t *fe_arpa_copy(uint8_t *to, const uint8_t *from, uint64_t n) {
    uint64_t i = 0;
    do { /* by way of a register: what is behind the last byte may overlap */
        uint8_t piece[16];
        memcpy(piece, from + i, 16);
        memcpy(to + i, piece, 16);
        i += 16;
    } while (FE_UNLIKELY(i < n));
    return to + n;
}

/* Write rows from *row on, up to stop, or as many as there is room for. Rows that follow each other
 * share their suffix mostly, whose text is then copied. Returns the bytes written; *row moves on.
 * OUT text (room,) */
static inline uint64_t fe_arpa_write(const fe_arpa_level *level, uint64_t *row, uint64_t stop,
                                     uint8_t *text, uint64_t room) {
    const uint32_t k = level->k;
    const uint64_t *offsets = level->offsets;
    fe_arpa_text known[FE_ARPA_NUMBERS];
    uint8_t *p = text;
    const uint8_t *suffix = NULL; /* " w_2 ... w_k" of the row before */
    uint64_t suffix_bytes = 0, parent = UINT64_MAX;
    for (uint32_t i = 0; level->back != NULL && i < FE_ARPA_NUMBERS; i++) known[i].length = 0;
    for (; *row < stop; (*row)++) {
        const uint64_t r = *row;
        const uint32_t first = level->word[k - 1][r];
        for (uint32_t j = 0; j < 2 && j < k && r + 2 * FE_ARPA_AHEAD < stop; j++) { /* w_1, w_2 */
            const uint64_t soon = r + FE_ARPA_AHEAD, later = soon + FE_ARPA_AHEAD;
            const uint32_t *above = level->parent[k - 1], *word = level->word[k - 1 - j];
            FE_PREFETCH(&offsets[word[j ? above[later] : later]]);
            FE_PREFETCH(level->blob + offsets[word[j ? above[soon] : soon]]);
        }
        const int same = k > 1 && level->parent[k - 1][r] == parent;
        uint32_t ids[FE_ARPA_WRITE_ORDER]; /* w_2 ... w_k */
        uint64_t need = offsets[first + 1] - offsets[first];
        if (same) {
            need += suffix_bytes;
        } else {
            uint64_t at = r;
            for (uint32_t j = 0; j < k - 1; j++) {
                at = level->parent[k - 1 - j][at];
                ids[j] = level->word[k - 2 - j][at];
                need += 1 + offsets[ids[j] + 1] - offsets[ids[j]];
            }
        }
        if (need + 2 * FE_FLOAT_TEXT_MAX + 3 + FE_ARPA_SLACK > room - (uint64_t)(p - text)) break;
        p = fe_arpa_put(p, level->prob[r]);
        *p++ = '\t';
        p = fe_arpa_copy(p, level->blob + offsets[first], offsets[first + 1] - offsets[first]);
        const uint8_t *from = p;
        if (same) {
            p = fe_arpa_copy(p, suffix, suffix_bytes);
        } else {
            for (uint32_t j = 0; j < k - 1; j++) {
                *p++ = ' ';
                p = fe_arpa_copy(p, level->blob + offsets[ids[j]],
                                 offsets[ids[j] + 1] - offsets[ids[j]]);
            }
        }
        suffix = from;
        suffix_bytes = (uint64_t)(p - from);
        parent = k > 1 ? level->parent[k - 1][r] : UINT64_MAX;
        if (level->back != NULL) {
            *p++ = '\t';
            p = fe_arpa_put_known(p, level->back[r], known);
        }
        *p++ = '\n';
    }
    return (uint64_t)(p - text);
}

#endif
