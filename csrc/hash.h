/* hash.h: strings to ids and counts.
 *
 * fe_table is open addressing with linear probing over slots of 32 bytes, two to a cache line. A
 * string of at most 16 bytes lies in its slot, so the common look-up touches one line and compares
 * two words; a longer one lies in an arena, its slot holds the 64-bit hash and the place. Ids are
 * given in order of arrival.
 */
#ifndef FE_HASH_H
#define FE_HASH_H

#include "fe_base.h"

#define FE_INLINE_BYTES 16          /* strings up to this length live in the slot */
#define FE_NO_ID UINT32_MAX         /* "not there" */
#define FE_MAX_IDS (UINT32_MAX - 1) /* two values are left for marks in a stream of ids */

typedef struct {
    uint64_t a, b; /* the string, zero padded; or its hash and its offset in the arena */
    int64_t count;
    uint32_t id;
    uint32_t length; /* bytes; 0: an empty slot */
} fe_slot;

typedef struct fe_table {
    fe_slot *slots;
    uint64_t n_slots; /* a power of two, or 0 */
    uint64_t size;    /* strings held */
    uint64_t bytes;   /* bytes of all strings held */
    uint8_t *arena;
    uint64_t arena_size, arena_capacity;
} fe_table;

/* A string made ready for the table. For length <= 16: a, b are its bytes; else a is the hash. */
typedef struct {
    uint64_t a, b, hash;
    const uint8_t *text;
    uint64_t length;
} fe_key;

FE_INLINE uint64_t fe_load64(const uint8_t *p) {
    uint64_t x;
    memcpy(&x, p, 8);
    return x;
}

/* The two halves of the 128-bit product, folded. */
FE_INLINE uint64_t fe_mix(uint64_t x, uint64_t y) {
#ifdef __SIZEOF_INT128__
    __uint128_t product = (__uint128_t)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t xl = x & UINT32_MAX, xh = x >> 32, yl = y & UINT32_MAX, yh = y >> 32;
    uint64_t ll = xl * yl, lh = xl * yh, hl = xh * yl;
    uint64_t middle = (ll >> 32) + (lh & UINT32_MAX) + (hl & UINT32_MAX);
    uint64_t low = (middle << 32) | (ll & UINT32_MAX);
    return low ^ (xh * yh + (lh >> 32) + (hl >> 32) + (middle >> 32));
#endif
}

FE_INLINE uint64_t fe_hash_short(uint64_t a, uint64_t b, uint64_t length) {
    return fe_mix(a ^ UINT64_C(0xa0761d6478bd642f), b ^ UINT64_C(0xe7037ed1a0b428db) ^ length);
}

/* Hash of a string longer than 16 bytes; reads nothing outside it. */
static FE_UNUSED uint64_t fe_hash_long(const uint8_t *p, uint64_t length) {
    uint64_t h = length;
    for (uint64_t left = length; left > 16; left -= 16, p += 16)
        h = fe_mix(fe_load64(p) ^ UINT64_C(0xa0761d6478bd642f), fe_load64(p + 8) ^ h);
    /* the last 16 bytes, which may overlap what was read */
    p = p + ((length - 1) & 15) + 1 - 16;
    return fe_mix(fe_load64(p) ^ UINT64_C(0x8ebc6af09c88c6e3), fe_load64(p + 8) ^ h);
}

/* All-ones in the first `length` of 16 bytes, as two words. */
static const uint64_t fe_key_masks[FE_INLINE_BYTES + 1][2] = {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FE_M(n) (~(UINT64_MAX >> (8 * (n))))
#else
#define FE_M(n) (UINT64_MAX >> (64 - 8 * (n)))
#endif
    {0, 0},         {FE_M(1), 0},   {FE_M(2), 0},   {FE_M(3), 0},   {FE_M(4), 0},   {FE_M(5), 0},
    {FE_M(6), 0},   {FE_M(7), 0},   {UINT64_MAX, 0},
    {UINT64_MAX, FE_M(1)}, {UINT64_MAX, FE_M(2)}, {UINT64_MAX, FE_M(3)}, {UINT64_MAX, FE_M(4)},
    {UINT64_MAX, FE_M(5)}, {UINT64_MAX, FE_M(6)}, {UINT64_MAX, FE_M(7)}, {UINT64_MAX, UINT64_MAX},
#undef FE_M
};

/* Key of text[0:length], length > 0, where 16 bytes may be read from text (a padded buffer). */
FE_INLINE fe_key fe_key_padded(const uint8_t *text, uint64_t length) {
    fe_key key = {0, 0, 0, text, length};
    if (FE_LIKELY(length <= FE_INLINE_BYTES)) {
        key.a = fe_load64(text) & fe_key_masks[length][0];
        key.b = fe_load64(text + 8) & fe_key_masks[length][1];
        key.hash = fe_hash_short(key.a, key.b, length);
    } else {
        key.a = key.hash = fe_hash_long(text, length);
    }
    return key;
}

/* The same, reading nothing outside text[0:length]. */
FE_INLINE fe_key fe_key_exact(const uint8_t *text, uint64_t length) {
    if (length > FE_INLINE_BYTES) return fe_key_padded(text, length);
    uint8_t copy[FE_INLINE_BYTES] = {0};
    memcpy(copy, text, length);
    fe_key key = fe_key_padded(copy, length);
    key.text = text;
    return key;
}

/* Whether the occupied or empty slot holds the key. */
FE_INLINE int fe_slot_holds(const fe_table *table, const fe_slot *slot, const fe_key *key) {
    if (FE_LIKELY(key->length <= FE_INLINE_BYTES))
        return ((slot->a ^ key->a) | (slot->b ^ key->b) | (slot->length ^ key->length)) == 0;
    return slot->length == key->length && slot->a == key->a &&
           memcmp(table->arena + slot->b, key->text, key->length) == 0;
}

/* The slot that holds the key, or the empty one where it belongs. The table has a free slot. */
FE_INLINE fe_slot *fe_table_probe(const fe_table *table, const fe_key *key) {
    uint64_t mask = table->n_slots - 1, at = key->hash & mask;
    for (;;) {
        fe_slot *slot = &table->slots[at];
        if (FE_LIKELY(fe_slot_holds(table, slot, key)) || slot->length == 0) return slot;
        at = (at + 1) & mask;
    }
}

/* Room for n_slots (a power of two above size); what is there is kept. */
static FE_UNUSED fe_status fe_table_resize(fe_table *table, uint64_t n_slots) {
    if (n_slots > SIZE_MAX / sizeof(fe_slot)) return FE_ENOMEM;
    fe_slot *slots = (fe_slot *)fe_malloc_huge(n_slots * sizeof(fe_slot));
    if (slots == NULL) return FE_ENOMEM;
    memset(slots, 0, n_slots * sizeof(fe_slot));
    for (uint64_t i = 0; i < table->n_slots; i++) {
        const fe_slot *old = &table->slots[i];
        if (old->length == 0) continue;
        uint64_t at = old->length > FE_INLINE_BYTES ? old->a
                                                    : fe_hash_short(old->a, old->b, old->length);
        for (at &= n_slots - 1; slots[at].length != 0;) at = (at + 1) & (n_slots - 1);
        slots[at] = *old;
    }
    free(table->slots);
    table->slots = slots;
    table->n_slots = n_slots;
    return FE_OK;
}

/* Make sure that one more string fits: at most 5/8 of the slots are taken. */
FE_INLINE fe_status fe_table_reserve(fe_table *table) {
    if (FE_LIKELY((table->size + 1) * 8 <= table->n_slots * 5)) return FE_OK;
    return fe_table_resize(table, table->n_slots ? 2 * table->n_slots : 1024);
}

/* Put a new string into its empty slot (see fe_table_reserve), with count 0. */
static FE_UNUSED FE_NOINLINE fe_status fe_table_insert(fe_table *table, fe_slot *slot,
                                                       const fe_key *key) {
    if (table->size >= FE_MAX_IDS || key->length > UINT32_MAX) return FE_EOVERFLOW;
    slot->a = key->a;
    slot->b = key->b;
    if (key->length > FE_INLINE_BYTES) {
        uint64_t need = table->arena_size + key->length;
        if (need > table->arena_capacity) {
            uint64_t capacity = need + need / 2 + 4096;
            uint8_t *arena = (uint8_t *)realloc(table->arena, capacity);
            if (arena == NULL) return FE_ENOMEM;
            table->arena = arena;
            table->arena_capacity = capacity;
        }
        memcpy(table->arena + table->arena_size, key->text, key->length);
        slot->b = table->arena_size;
        table->arena_size = need;
    }
    slot->count = 0;
    slot->id = (uint32_t)table->size++;
    slot->length = (uint32_t)key->length;
    table->bytes += key->length;
    return FE_OK;
}

/* Add `count` to the key's count; *id is its id, a new one if it was not there. */
FE_INLINE fe_status fe_table_add(fe_table *table, const fe_key *key, int64_t count, uint32_t *id) {
    fe_status status = fe_table_reserve(table);
    if (FE_UNLIKELY(status != FE_OK)) return status;
    fe_slot *slot = fe_table_probe(table, key);
    if (FE_UNLIKELY(slot->length == 0)) {
        status = fe_table_insert(table, slot, key);
        if (FE_UNLIKELY(status != FE_OK)) return status;
    }
    slot->count += count;
    *id = slot->id;
    return FE_OK;
}

/* Add all of `from` to `into`; ids OUT (from->size,): what the string of each id has become.
 * Slots are taken in their order: both tables then are walked from one end to the other, where the
 * order of the ids would miss the cache twice a string. */
static FE_UNUSED fe_status fe_table_merge(fe_table *into, const fe_table *from, uint32_t *ids) {
    /* strings in the order of their hashes would pile up at one end of a smaller table */
    if (into->n_slots < from->n_slots) {
        fe_status status = fe_table_resize(into, from->n_slots);
        if (status != FE_OK) return status;
    }
    for (uint64_t i = 0; i < from->n_slots; i++) {
        const fe_slot *slot = &from->slots[i];
        if (slot->length == 0) continue;
        fe_key key = {slot->a, slot->b, slot->a, NULL, slot->length};
        if (slot->length > FE_INLINE_BYTES)
            key.text = from->arena + slot->b;
        else
            key.hash = fe_hash_short(slot->a, slot->b, slot->length);
        fe_status status = fe_table_add(into, &key, slot->count, &ids[slot->id]);
        if (FE_UNLIKELY(status != FE_OK)) return status;
    }
    return FE_OK;
}

/* The key's id, FE_NO_ID if it is not there. */
FE_INLINE uint32_t fe_table_find(const fe_table *table, const fe_key *key) {
    if (table->n_slots == 0) return FE_NO_ID;
    const fe_slot *slot = fe_table_probe(table, key);
    return slot->length == 0 ? FE_NO_ID : slot->id;
}

/* Every string in order of its id.
 * OUT blob (table->bytes,), offsets (size + 1,), counts (size,) */
static FE_UNUSED void fe_table_export(const fe_table *table, uint8_t *blob, uint64_t *offsets,
                                      int64_t *counts) {
    offsets[0] = 0;
    for (uint64_t i = 0; i < table->n_slots; i++)
        if (table->slots[i].length != 0)
            offsets[table->slots[i].id + UINT64_C(1)] = table->slots[i].length;
    for (uint64_t i = 0; i < table->size; i++) offsets[i + 1] += offsets[i];
    for (uint64_t i = 0; i < table->n_slots; i++) {
        const fe_slot *slot = &table->slots[i];
        if (slot->length == 0) continue;
        counts[slot->id] = slot->count;
        uint8_t inlined[FE_INLINE_BYTES];
        memcpy(inlined, &slot->a, 8);
        memcpy(inlined + 8, &slot->b, 8);
        memcpy(blob + offsets[slot->id],
               slot->length <= FE_INLINE_BYTES ? inlined : table->arena + slot->b, slot->length);
    }
}

/* The strings order[0], order[1], ... of such a list; total bytes that come out.
 * IN blob, offsets, order (n,); OUT new_offsets (n + 1,), new_blob (at least as large), or NULL */
static FE_UNUSED uint64_t fe_take_strings(const uint8_t *blob, const uint64_t *offsets,
                                          const uint32_t *order, size_t n, uint64_t *new_offsets,
                                          uint8_t *new_blob) {
    uint64_t at = 0;
    new_offsets[0] = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t begin = offsets[order[i]], length = offsets[order[i] + UINT64_C(1)] - begin;
        if (new_blob != NULL) memcpy(new_blob + at, blob + begin, length);
        new_offsets[i + 1] = at += length;
    }
    return at;
}

FE_INLINE void fe_table_free(fe_table *table) {
    free(table->slots);
    free(table->arena);
    memset(table, 0, sizeof *table);
}

#endif
