/* scan.h: a range of text to a stream of word ids, FE_LINE_END where a line ends.
 *
 * Words are cut at ASCII white space. The bytes are looked at 64 at a time: a bit mask of white
 * space, its edges (where a word begins or ends) written out as positions, then all words of a
 * batch hashed and their slots prefetched, then looked up. No step branches on the length of a
 * word, and the cache misses of the table overlap.
 */
#ifndef FE_SCAN_H
#define FE_SCAN_H

#include "hash.h"
#include "utf8.h"
#include "vec_bytes.h"

#define FE_LINE_END UINT32_MAX       /* in a stream of ids: here a line ends */
#define FE_UNKNOWN (UINT32_MAX - 1)  /* in a stream of ids: a word that the table does not hold */
#define FE_SCAN_BATCH 1024           /* bytes; a multiple of 64 */
#define FE_FOLD_PIECE 32768          /* bytes */

/* What came out of a range. */
typedef struct fe_scanned {
    size_t n_ids;   /* words and ends of lines */
    size_t n_lines; /* ends of lines */
    size_t bad;     /* on FE_EUTF8: the offset of the first bad byte */
} fe_scanned;

/* Positions of the set bits, base added, to out; up to 8 more are overwritten. */
FE_INLINE uint32_t *fe_write_bits(uint64_t bits, uint32_t base, uint32_t *out) {
    uint32_t *end = out + fe_popcount64(bits);
    /* eight at a time without a branch: the number of words in 64 bytes cannot be predicted */
    for (; out < end; out += 8)
        for (int i = 0; i < 8; i++) {
            out[i] = base + (uint32_t)fe_ctz64(bits | UINT64_C(1) << 63);
            bits &= bits - 1;
        }
    return end;
}

/* Ids of n_words words with edges (2 * n_words,), a mark after word line_at[i] - 1 for each line.
 * With `insert` the table counts and learns; without, it is only read. */
FE_INLINE fe_status fe_scan_words(const uint8_t *text, const uint32_t *edges, size_t n_words,
                                  const uint32_t *line_at, size_t n_lines, fe_table *table,
                                  int insert, uint32_t **out) {
    fe_key keys[FE_SCAN_BATCH / 2 + 2];
    uint64_t mask = table->n_slots - 1;
    for (size_t i = 0; i < n_words; i++) {
        uint32_t from = edges[2 * i];
        keys[i] = fe_key_padded(text + from, edges[2 * i + 1] - from);
        FE_PREFETCH_WRITE(&table->slots[keys[i].hash & mask]);
    }
    uint32_t *to = *out;
    size_t word = 0;
    for (size_t line = 0; line <= n_lines; line++) {
        size_t stop = line < n_lines ? line_at[line] : n_words;
        for (; word < stop; word++) {
            if (insert) {
                fe_status status = fe_table_add(table, &keys[word], 1, to++);
                if (FE_UNLIKELY(status != FE_OK)) return status;
            } else {
                uint32_t id = fe_table_find(table, &keys[word]);
                *to++ = id == FE_NO_ID ? FE_UNKNOWN : id;
            }
        }
        if (line < n_lines) *to++ = FE_LINE_END;
    }
    *out = to;
    return FE_OK;
}

/* A range, n < 2^32 - 64; a word does not go on before or behind it.
 * IN text (n + FE_TEXT_PADDING,); INOUT table, *scanned; OUT ids, from scanned->n_ids on (n,) */
FE_INLINE fe_status fe_scan_range(const uint8_t *text, size_t n, fe_table *table, int insert,
                                  uint32_t *ids, fe_scanned *scanned) {
    uint32_t edges[FE_SCAN_BATCH + 16], line_at[FE_SCAN_BATCH];
    uint32_t *to = ids + scanned->n_ids, *edge = edges; /* a word may be open: *edges is then its beginning */
    uint64_t before = 1;               /* the byte before is white space */
    fe_status status = insert ? fe_table_reserve(table) : table->n_slots ? FE_OK : FE_EINVAL;
    for (size_t at = 0; at < n && status == FE_OK;) {
        size_t stop = n - at < FE_SCAN_BATCH ? n : at + FE_SCAN_BATCH, n_lines = 0;
        for (; at < stop; at += 64) {
            fe_b64 x = fe_b64_load(text + at);
            uint64_t space = fe_b64_space(x), newline = fe_b64_eq(x, '\n');
            if (FE_UNLIKELY(n - at < 64)) {
                space |= UINT64_MAX << (n - at);
                newline &= ~(UINT64_MAX << (n - at));
            }
            uint64_t change = space ^ (space << 1 | before);
            before = space >> 63;
            for (; newline; newline &= newline - 1) {
                uint64_t up_to = newline ^ (newline - 1); /* bits up to the newline's */
                size_t n_edges = (size_t)(edge - edges) + (size_t)fe_popcount64(change & up_to);
                line_at[n_lines++] = (uint32_t)(n_edges / 2);
            }
            edge = fe_write_bits(change, (uint32_t)at, edge);
        }
        if (stop == n && !before) { /* the last word ends with the range */
            *edge++ = (uint32_t)n;
            before = 1;
        }
        size_t n_edges = (size_t)(edge - edges);
        status = fe_scan_words(text, edges, n_edges / 2, line_at, n_lines, table, insert, &to);
        scanned->n_lines += n_lines;
        edge = edges;
        if (n_edges & 1) *edge++ = edges[n_edges - 1];
        at = stop;
    }
    scanned->n_ids = (size_t)(to - ids);
    return status;
}

/* Where to cut text[0:n] near `at`: behind the last white space before it, else the next one. */
FE_INLINE size_t fe_cut_at_space(const uint8_t *text, size_t n, size_t at) {
    size_t cut = at;
    while (cut > 0 && text[cut - 1] != ' ' && (uint8_t)(text[cut - 1] - '\t') > 4) cut--;
    if (cut > 0) return cut;
    for (cut = at; cut < n && text[cut] != ' ' && (uint8_t)(text[cut] - '\t') > 4;) cut++;
    return cut;
}

/* A block of text. With `fold` it is folded into scratch first, a piece at a time, so that what is
 * written is read again from the cache. The table is untouched on FE_EUTF8.
 * IN text (n + FE_TEXT_PADDING,), fold or NULL; INOUT table;
 * OUT scratch (3 * n + 3 * FE_TEXT_PADDING,) if fold, ids (n,), *scanned */
static FE_UNUSED fe_status fe_scan(const uint8_t *text, size_t n, const fe_fold *fold,
                                   fe_table *table, int insert, uint8_t *scratch, uint32_t *ids,
                                   fe_scanned *scanned) {
    *scanned = (fe_scanned){0, 0, 0};
    if (n > UINT32_MAX / 4) return FE_EOVERFLOW;
    fe_status status = fe_utf8_check(text, n, &scanned->bad);
    if (status == FE_OK && fold == NULL)
        return insert ? fe_scan_range(text, n, table, 1, ids, scanned)
                      : fe_scan_range(text, n, table, 0, ids, scanned);
    for (size_t at = 0; at < n && status == FE_OK;) {
        size_t piece = n - at <= FE_FOLD_PIECE ? n - at
                                               : fe_cut_at_space(text + at, n - at, FE_FOLD_PIECE);
        size_t folded = fe_fold_text(fold, text + at, piece, scratch);
        memset(scratch + folded, ' ', FE_TEXT_PADDING);
        status = insert ? fe_scan_range(scratch, folded, table, 1, ids, scanned)
                        : fe_scan_range(scratch, folded, table, 0, ids, scanned);
        at += piece;
    }
    return status;
}

/* Words that are cut already: `text` is n_words words, a NUL after each, an empty word is none;
 * line i has line_words[i] of them. The table learns if `insert`.
 * IN text (n,), line_words (n_lines,); INOUT table; OUT ids (n_words + n_lines,), *n_ids */
static FE_UNUSED fe_status fe_scan_tokens(const uint8_t *text, size_t n,
                                          const uint64_t *line_words, size_t n_lines,
                                          fe_table *table, int insert, uint32_t *ids,
                                          size_t *n_ids) {
    const uint8_t *p = text, *end = text + n;
    uint32_t *to = ids;
    for (size_t line = 0; line < n_lines; line++) {
        for (uint64_t i = 0; i < line_words[line]; i++) {
            const uint8_t *stop = (const uint8_t *)memchr(p, 0, (size_t)(end - p));
            if (stop == NULL) return FE_EINVAL;
            if (stop > p) {
                fe_key key = fe_key_exact(p, (uint64_t)(stop - p));
                if (insert) {
                    fe_status status = fe_table_add(table, &key, 1, to++);
                    if (status != FE_OK) return status;
                } else {
                    uint32_t id = fe_table_find(table, &key);
                    *to++ = id == FE_NO_ID ? FE_UNKNOWN : id;
                }
            }
            p = stop + 1;
        }
        *to++ = FE_LINE_END;
    }
    *n_ids = (size_t)(to - ids);
    return FE_OK;
}

#define FE_DROP UINT32_MAX /* in a map of ids: leave the word out */

/* Provisional ids to final ones, in place. `map` (of the table that gave the ids) holds a final id
 * or FE_DROP for each; NULL: they are final. FE_UNKNOWN becomes `unknown`, which may be FE_DROP.
 * INOUT ids (n,): the first *n_kept are the result; IN map (map_size,) or NULL;
 * OUT ends (n_lines,): how many words were kept up to each FE_LINE_END; *n_kept */
static FE_UNUSED fe_status fe_remap(uint32_t *ids, size_t n, const uint32_t *map, size_t map_size,
                                    uint32_t unknown, uint64_t *ends, size_t n_lines,
                                    size_t *n_kept) {
    size_t kept = 0, line = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t id = ids[i];
        if (FE_UNLIKELY(id == FE_LINE_END)) {
            if (line == n_lines) return FE_EINVAL;
            ends[line++] = kept;
            continue;
        }
        if (FE_UNLIKELY(id == FE_UNKNOWN)) id = unknown;
        else if (map != NULL) {
            if (FE_UNLIKELY(id >= map_size)) return FE_EINVAL;
            id = map[id];
        }
        ids[kept] = id;
        kept += id != FE_DROP;
    }
    *n_kept = kept;
    return line == n_lines ? FE_OK : FE_EINVAL;
}

#endif
