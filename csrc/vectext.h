/* vectext.h: rows of vector files, "word number ... number\n" and "word " + raw float32.
 *
 * The text reader accepts what is plain and certain; every other line is left to the caller,
 * which finds out what is wrong with it, or reads it slowly.
 */
#ifndef FE_VECTEXT_H
#define FE_VECTEXT_H

#include "fe_base.h"
#include "floattext.h"

FE_INLINE int fe_is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Ends of lines: positions of '\n' in text (n bytes), at most `capacity` of them. */
static inline int64_t fe_find_lines(const char *text /* IN (n) */, int64_t n,
                                    int64_t *ends /* OUT (capacity) */, int64_t capacity) {
    int64_t count = 0;
    const char *p = text, *stop = text + n;
    while (count < capacity && p < stop &&
           (p = (const char *)memchr(p, '\n', (size_t)(stop - p))) != NULL) {
        ends[count++] = p - text;
        p++;
    }
    return count;
}

/* One line [line, end): the word and d numbers, one space before each. Returns the length of the
 * word, -1 if the line is not plainly so. */
static inline int64_t fe_text_row(const char *line, const char *end, int64_t d,
                                  float *row /* OUT (d) */) {
    while (end > line && fe_is_blank(end[-1])) end--;
    if (end == line) return -1;
    const char *p = (const char *)memchr(line, ' ', (size_t)(end - line));
    if (p == NULL) return -1;
    int64_t word = p - line;
    for (int64_t j = 0; j < d; j++) {
        if (p == end || *p != ' ') return -1;
        p = fe_parse_float(p + 1, end, &row[j]);
        if (p == NULL) return -1;
    }
    return p == end ? word : -1;
}

/* Lines a <= i < b of a text; line i is [starts[i], ends[i]). */
static inline void fe_text_rows(const char *text, const int64_t *starts /* IN (n) */,
                                const int64_t *ends /* IN (n) */, int64_t a, int64_t b, int64_t d,
                                float *rows /* OUT (n, d), rows `stride` floats apart */,
                                int64_t stride,
                                int64_t *words /* OUT (n): length of the word or -1 */) {
    for (int64_t i = a; i < b; i++)
        words[i] = fe_text_row(text + starts[i], text + ends[i], d, rows + i * stride);
}

/* Rows of the binary format: any newlines, word, one space, d float32 (little-endian, which is
 * also what the machine must be). Reads up to `capacity` whole rows from n bytes; returns how
 * many; *used is the number of bytes taken, *bad the first row with a value that is not finite
 * (-1 if none). */
static inline int64_t fe_binary_rows(const char *data /* IN (n) */, int64_t n, int64_t d,
                                     float *rows /* OUT (capacity, d) */, int64_t stride,
                                     int64_t *starts /* OUT (capacity): where the word begins */,
                                     int64_t *ends /* OUT (capacity): where it ends */,
                                     int64_t capacity, int64_t *used, int64_t *bad) {
    int64_t count = 0, at = 0, bytes = d * (int64_t)sizeof(float);
    *bad = -1;
    while (count < capacity) {
        int64_t p = at;
        while (p < n && data[p] == '\n') p++;
        const char *space = p < n ? (const char *)memchr(data + p, ' ', (size_t)(n - p)) : NULL;
        if (space == NULL || n - (space + 1 - data) < bytes) break;
        starts[count] = p;
        ends[count] = space - data;
        float *row = rows + count * stride;
        memcpy(row, space + 1, (size_t)bytes);
        uint32_t infinite = 0;
        for (int64_t j = 0; j < d; j++) {
            uint32_t bits;
            memcpy(&bits, &row[j], sizeof bits);
            infinite |= (bits & 0x7f800000u) == 0x7f800000u;
        }
        if (infinite && *bad < 0) *bad = count;
        at = space + 1 - data + bytes;
        count++;
    }
    *used = at;
    return count;
}

/* Copy spans [starts[i], ends[i]) end to end; offsets[i + 1] is where span i ends in out. */
static inline void fe_pack_spans(const char *text, const int64_t *starts, const int64_t *ends,
                                 int64_t n, char *out, uint64_t *offsets /* OUT (n + 1) */) {
    uint64_t at = 0;
    offsets[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        memcpy(out + at, text + starts[i], (size_t)(ends[i] - starts[i]));
        at += (uint64_t)(ends[i] - starts[i]);
        offsets[i + 1] = at;
    }
}

/* Rows a <= i < b as text. out must hold, for each, prefix + word + d * (1 + FE_FLOAT_TEXT_MAX)
 * + 1 bytes. Returns the number of bytes written. */
static inline int64_t fe_format_rows(const char *prefix, int64_t prefix_bytes, const char *blob,
                                     const uint64_t *offsets /* IN (n + 1) */,
                                     const float *rows /* IN (n, d) */, int64_t stride, int64_t a,
                                     int64_t b, int64_t d, char *out) {
    char *p = out;
    for (int64_t i = a; i < b; i++) {
        memcpy(p, prefix, (size_t)prefix_bytes);
        p += prefix_bytes;
        size_t word = (size_t)(offsets[i + 1] - offsets[i]);
        memcpy(p, blob + offsets[i], word);
        p += word;
        for (int64_t j = 0; j < d; j++) {
            *p++ = ' ';
            p = fe_format_float(rows[i * stride + j], p);
        }
        *p++ = '\n';
    }
    return p - out;
}

#endif
