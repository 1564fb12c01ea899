/* utf8.h: check UTF-8 (RFC 3629), and lower-case and separate punctuation in it.
 *
 * Both run through ASCII 64 bytes at a time. They read up to FE_TEXT_PADDING bytes past the end,
 * which must be there and may hold anything.
 */
#ifndef FE_UTF8_H
#define FE_UTF8_H

#include "fe_base.h"
#include "vec_bytes.h"

#define FE_TEXT_PADDING 64

/* Length of the well-formed sequence at p, 0 if there is none before end. */
FE_INLINE int fe_utf8_sequence(const uint8_t *p, const uint8_t *end) {
    uint8_t lead = p[0];
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    /* The second byte's range keeps out overlong forms, surrogates and what lies past U+10FFFF. */
    int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead > 0xF4 || end - p < length) return 0;
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) return 0;
    for (int i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return length;
}

/* FE_OK, or FE_EUTF8 and the offset of the first NUL or ill-formed sequence.
 * IN text (n + FE_TEXT_PADDING,); OUT bad () */
static FE_UNUSED fe_status fe_utf8_check(const uint8_t *text, size_t n, size_t *bad) {
    size_t at = 0;
    while (at < n) {
        fe_b64 x = fe_b64_load(text + at);
        uint64_t odd = fe_b64_high(x) | fe_b64_eq(x, 0);
        if (FE_LIKELY(odd == 0)) {
            at += 64;
            continue;
        }
        at += (size_t)fe_ctz64(odd);
        /* byte by byte until 32 in a row are ASCII */
        for (int plain = 0; at < n && plain < 32;) {
            if (text[at] < 0x80 && text[at] != 0) {
                at++;
                plain++;
                continue;
            }
            int length = text[at] ? fe_utf8_sequence(text + at, text + n) : 0;
            if (length == 0) {
                *bad = at;
                return FE_EUTF8;
            }
            at += (size_t)length;
            plain = 0;
        }
    }
    return FE_OK;
}

/* What to do with a character: the low 21 bits are what it becomes, FE_FOLD_SEPARATE puts a space
 * on both sides of it, FE_FOLD_DROP puts a space in its place. */
#define FE_FOLD_CODE UINT32_C(0x1FFFFF)
#define FE_FOLD_SEPARATE (UINT32_C(1) << 30)
#define FE_FOLD_DROP (UINT32_C(1) << 31)
#define FE_FOLD_SIZE 0x20000 /* characters of the table; those above stay as they are */

typedef struct fe_fold {
    const uint32_t *table; /* (FE_FOLD_SIZE,) */
    int lower;             /* lower-case A-Z, and U+0130 to two characters */
    int separate, drop;    /* what to do with ASCII punctuation */
} fe_fold;

FE_INLINE uint8_t *fe_utf8_write(uint8_t *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (uint8_t)code;
    } else if (code < 0x800) {
        *out++ = (uint8_t)(0xC0 | code >> 6);
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (uint8_t)(0xE0 | code >> 12);
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | code >> 18);
        *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        *out++ = (uint8_t)(0x80 | (code & 0x3F));
    }
    return out;
}

/* One character of well-formed UTF-8 through the table; moves *at past it. */
FE_INLINE uint8_t *fe_fold_character(const fe_fold *fold, const uint8_t *text, size_t *at,
                                     uint8_t *out) {
    const uint8_t *p = text + *at;
    int length = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? p[0] : p[0] & (0x7Fu >> length);
    for (int i = 1; i < length; i++) code = code << 6 | (p[i] & 0x3F);
    *at += (size_t)length;
    if (code >= FE_FOLD_SIZE) return fe_utf8_write(out, code);
    if (code == 0x130 && fold->lower) { /* its lower case is i and a combining dot */
        *out++ = 'i';
        return fe_utf8_write(out, 0x307);
    }
    uint32_t entry = fold->table[code];
    if (entry & FE_FOLD_DROP) {
        *out++ = ' ';
        return out;
    }
    if (entry & FE_FOLD_SEPARATE) *out++ = ' ';
    out = fe_utf8_write(out, entry & FE_FOLD_CODE);
    if (entry & FE_FOLD_SEPARATE) *out++ = ' ';
    return out;
}

/* Fold well-formed UTF-8; returns how many bytes were written.
 * IN text (n + FE_TEXT_PADDING,); OUT out (3 * n + 2 * FE_TEXT_PADDING,) */
static FE_UNUSED size_t fe_fold_text(const fe_fold *fold, const uint8_t *text, size_t n,
                                     uint8_t *out) {
    const uint8_t *begin = out;
    size_t at = 0;
    while (at < n) {
        fe_b64 x = fe_b64_load(text + at);
        size_t width = n - at < 64 ? n - at : 64;
        uint64_t inside = UINT64_MAX >> (64 - width);
        if (FE_UNLIKELY((fe_b64_high(x) & inside) != 0)) {
            size_t stop = at + width;
            while (at < stop) out = fe_fold_character(fold, text, &at, out);
            continue;
        }
        uint64_t marks = fold->separate | fold->drop ? fe_b64_punctuation(x) & inside : 0;
        if (fold->lower) x = fe_b64_lower(x);
        if (fold->drop || marks == 0) {
            fe_b64_store(out, x);
            for (; marks; marks &= marks - 1) out[fe_ctz64(marks)] = ' ';
            out += width;
        } else {
            uint8_t piece[128]; /* the second half only lets every copy have 64 bytes */
            memset(piece + 64, 0, 64);
            fe_b64_store(piece, x);
            size_t from = 0;
            for (; marks; marks &= marks - 1) {
                size_t mark = (size_t)fe_ctz64(marks);
                memcpy(out, piece + from, 64);
                out += mark - from;
                *out++ = ' ';
                *out++ = piece[mark];
                *out++ = ' ';
                from = mark + 1;
            }
            memcpy(out, piece + from, 64);
            out += width - from;
        }
        at += width;
    }
    return (size_t)(out - begin);
}

#endif
