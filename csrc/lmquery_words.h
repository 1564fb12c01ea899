/* lmquery_words.h: the words of a language model by their bytes, from arrays that lie in its file.
 *
 * Open addressing over slots of 8 bytes: the lower half of the hash, and id + 1; the upper bits of
 * the hash choose where to begin. A word is compared with its bytes, so the answer is exact. What a damaged file may hold is checked before it is
 * followed.
 */
#ifndef FE_LMQUERY_WORDS_H
#define FE_LMQUERY_WORDS_H

#include "hash.h"
#include "lmquery.h"

/* Where the search for a word begins. */
FE_INLINE uint64_t fe_lm_words_slot(uint64_t hash, uint64_t n_slots) {
    return fe_lm_mulhi(hash, n_slots);
}

/* Fill the slots, all 0 before. Returns the first word that was there before, -1 if there is none.
 * IN blob, offsets (n + 1,), not decreasing; OUT slots (n_slots,), n_slots > n */
static inline int64_t fe_lm_words_fill(const uint8_t *blob, const uint64_t *offsets, uint32_t n,
                                       uint64_t *slots, uint64_t n_slots) {
    for (uint32_t id = 0; id < n; id++) {
        const uint64_t length = offsets[id + 1] - offsets[id];
        const uint8_t *text = blob + offsets[id];
        const fe_key key = length ? fe_key_exact(text, length) : (fe_key){0, 0, 0, text, 0};
        uint64_t at = fe_lm_words_slot(key.hash, n_slots);
        for (; slots[at] != 0; at = at + 1 < n_slots ? at + 1 : 0) {
            if (slots[at] >> 32 != (uint32_t)key.hash) continue;
            const uint32_t other = (uint32_t)slots[at] - 1;
            if (offsets[other + 1] - offsets[other] == length &&
                memcmp(blob + offsets[other], text, length) == 0)
                return id;
        }
        slots[at] = key.hash << 32 | (id + UINT64_C(1));
    }
    return -1;
}

/* Id of a word, FE_NO_ID if it is not there. */
FE_INLINE uint32_t fe_lm_words_find(const fe_lm_words *words, uint32_t n_words,
                                    const fe_key *key) {
    uint64_t at = fe_lm_words_slot(key->hash, words->n_slots);
    for (uint64_t tries = 0; tries < words->n_slots; tries++) {
        const uint64_t slot = words->slots[at];
        if (slot == 0) return FE_NO_ID;
        if (FE_LIKELY(slot >> 32 == (uint32_t)key->hash)) {
            const uint32_t id = (uint32_t)slot - 1;
            if (FE_UNLIKELY(id >= n_words)) return FE_NO_ID;
            const uint64_t begin = words->offsets[id], end = words->offsets[id + 1];
            if (FE_LIKELY(end - begin == key->length && end <= words->blob_bytes &&
                          memcmp(words->blob + begin, key->text, key->length) == 0))
                return id;
        }
        at = at + 1 < words->n_slots ? at + 1 : 0;
    }
    return FE_NO_ID;
}

/* ASCII white space, as scan.h cuts at it. */
FE_INLINE int fe_lm_space(uint8_t c) { return c == ' ' || (uint8_t)(c - '\t') <= 4; }

#define FE_LM_TEXT_BATCH 64

/* Ids of the next words of a text, at most `room` (a multiple of FE_LM_TEXT_BATCH); FE_NO_ID for
 * unknown ones. *at moves on. Returns how many. IN text (n,); OUT ids (room,) */
static inline uint32_t fe_lm_words_scan(const fe_lm *lm, const uint8_t *text, size_t n, size_t *at,
                                        uint32_t *ids, uint32_t room) {
    fe_key key[FE_LM_TEXT_BATCH];
    uint32_t count = 0;
    size_t p = *at;
    while (count < room) {
        uint32_t c = 0;
        while (c < FE_LM_TEXT_BATCH) {
            while (p < n && fe_lm_space(text[p])) p++;
            if (p == n) break;
            const size_t begin = p;
            while (p < n && !fe_lm_space(text[p])) p++;
            key[c] = n - begin >= FE_INLINE_BYTES ? fe_key_padded(text + begin, p - begin)
                                                  : fe_key_exact(text + begin, p - begin);
            FE_PREFETCH(&lm->words.slots[fe_lm_words_slot(key[c].hash, lm->words.n_slots)]);
            c++;
        }
        for (uint32_t i = 0; i < c; i++)
            ids[count++] = fe_lm_words_find(&lm->words, lm->n_words, &key[i]);
        if (c < FE_LM_TEXT_BATCH) break;
    }
    *at = p;
    return count;
}

#endif
