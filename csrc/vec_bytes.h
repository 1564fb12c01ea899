/* vec_bytes.h: 64 bytes at a time: compare, and get a 64-bit mask with one bit a byte.
 *
 * With vec.h the only SIMD-aware file. A chunk is one AVX-512 register, two AVX2, four SSE2 or four
 * NEON registers, or plain bytes; bit i of every mask belongs to byte i.
 */
#ifndef FE_VEC_BYTES_H
#define FE_VEC_BYTES_H

#include "fe_base.h"

#if defined(__AVX512BW__)
#include <immintrin.h>
#define FE_B64_PARTS 1
typedef __m512i fe_b64_part;
#elif defined(__AVX2__)
#include <immintrin.h>
#define FE_B64_PARTS 2
typedef __m256i fe_b64_part;
#elif defined(__SSE2__)
#include <emmintrin.h>
#define FE_B64_PARTS 4
typedef __m128i fe_b64_part;
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define FE_B64_PARTS 4
typedef uint8x16_t fe_b64_part;
#else
#define FE_B64_PARTS 64
typedef uint8_t fe_b64_part;
#endif

#define FE_B64_PART_BYTES (64 / FE_B64_PARTS)

typedef struct {
    fe_b64_part v[FE_B64_PARTS];
} fe_b64;

/* One register: load, store, and the masks of its bytes in the low bits of a uint64_t.
 * part_range: lo <= byte <= lo + span.  part_high: byte >= 0x80.  part_lower: A-Z to a-z. */
#if defined(__AVX512BW__)
FE_INLINE fe_b64_part fe_part_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
FE_INLINE void fe_part_store(uint8_t *p, fe_b64_part x) { _mm512_storeu_si512(p, x); }
FE_INLINE uint64_t fe_part_eq(fe_b64_part x, uint8_t byte) {
    return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8((char)byte));
}
FE_INLINE uint64_t fe_part_range(fe_b64_part x, uint8_t lo, uint8_t span) {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8((char)lo)),
                                  _mm512_set1_epi8((char)span));
}
FE_INLINE uint64_t fe_part_high(fe_b64_part x) { return _mm512_movepi8_mask(x); }
FE_INLINE fe_b64_part fe_part_lower(fe_b64_part x) {
    return _mm512_mask_add_epi8(x, fe_part_range(x, 'A', 25), x, _mm512_set1_epi8(32));
}
#elif defined(__AVX2__)
FE_INLINE fe_b64_part fe_part_load(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}
FE_INLINE void fe_part_store(uint8_t *p, fe_b64_part x) { _mm256_storeu_si256((__m256i *)p, x); }
FE_INLINE uint64_t fe_part_high(fe_b64_part x) { return (uint32_t)_mm256_movemask_epi8(x); }
FE_INLINE uint64_t fe_part_eq(fe_b64_part x, uint8_t byte) {
    return fe_part_high(_mm256_cmpeq_epi8(x, _mm256_set1_epi8((char)byte)));
}
FE_INLINE fe_b64_part fe_part_in(fe_b64_part x, uint8_t lo, uint8_t span) {
    fe_b64_part d = _mm256_sub_epi8(x, _mm256_set1_epi8((char)lo));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8((char)span)), d);
}
FE_INLINE uint64_t fe_part_range(fe_b64_part x, uint8_t lo, uint8_t span) {
    return fe_part_high(fe_part_in(x, lo, span));
}
FE_INLINE fe_b64_part fe_part_lower(fe_b64_part x) {
    return _mm256_add_epi8(x, _mm256_and_si256(fe_part_in(x, 'A', 25), _mm256_set1_epi8(32)));
}
#elif defined(__SSE2__)
FE_INLINE fe_b64_part fe_part_load(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)p);
}
FE_INLINE void fe_part_store(uint8_t *p, fe_b64_part x) { _mm_storeu_si128((__m128i *)p, x); }
FE_INLINE uint64_t fe_part_high(fe_b64_part x) { return (uint32_t)_mm_movemask_epi8(x); }
FE_INLINE uint64_t fe_part_eq(fe_b64_part x, uint8_t byte) {
    return fe_part_high(_mm_cmpeq_epi8(x, _mm_set1_epi8((char)byte)));
}
FE_INLINE fe_b64_part fe_part_in(fe_b64_part x, uint8_t lo, uint8_t span) {
    fe_b64_part d = _mm_sub_epi8(x, _mm_set1_epi8((char)lo));
    return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)span)), d);
}
FE_INLINE uint64_t fe_part_range(fe_b64_part x, uint8_t lo, uint8_t span) {
    return fe_part_high(fe_part_in(x, lo, span));
}
FE_INLINE fe_b64_part fe_part_lower(fe_b64_part x) {
    return _mm_add_epi8(x, _mm_and_si128(fe_part_in(x, 'A', 25), _mm_set1_epi8(32)));
}
#elif defined(__ARM_NEON) && defined(__aarch64__)
FE_INLINE fe_b64_part fe_part_load(const uint8_t *p) { return vld1q_u8(p); }
FE_INLINE void fe_part_store(uint8_t *p, fe_b64_part x) { vst1q_u8(p, x); }
/* 0xFF or 0x00 bytes to 16 bits: one bit of each lane, added up in the two halves */
FE_INLINE uint64_t fe_part_mask(fe_b64_part x) {
    static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t kept = vandq_u8(x, vld1q_u8(bits));
    return (uint64_t)vaddv_u8(vget_low_u8(kept)) | (uint64_t)vaddv_u8(vget_high_u8(kept)) << 8;
}
FE_INLINE uint64_t fe_part_high(fe_b64_part x) { return fe_part_mask(vcgeq_u8(x, vdupq_n_u8(128))); }
FE_INLINE uint64_t fe_part_eq(fe_b64_part x, uint8_t byte) {
    return fe_part_mask(vceqq_u8(x, vdupq_n_u8(byte)));
}
FE_INLINE fe_b64_part fe_part_in(fe_b64_part x, uint8_t lo, uint8_t span) {
    return vcleq_u8(vsubq_u8(x, vdupq_n_u8(lo)), vdupq_n_u8(span));
}
FE_INLINE uint64_t fe_part_range(fe_b64_part x, uint8_t lo, uint8_t span) {
    return fe_part_mask(fe_part_in(x, lo, span));
}
FE_INLINE fe_b64_part fe_part_lower(fe_b64_part x) {
    return vaddq_u8(x, vandq_u8(fe_part_in(x, 'A', 25), vdupq_n_u8(32)));
}
#else
FE_INLINE fe_b64_part fe_part_load(const uint8_t *p) { return *p; }
FE_INLINE void fe_part_store(uint8_t *p, fe_b64_part x) { *p = x; }
FE_INLINE uint64_t fe_part_high(fe_b64_part x) { return x >> 7; }
FE_INLINE uint64_t fe_part_eq(fe_b64_part x, uint8_t byte) { return x == byte; }
FE_INLINE uint64_t fe_part_range(fe_b64_part x, uint8_t lo, uint8_t span) {
    return (uint8_t)(x - lo) <= span;
}
FE_INLINE fe_b64_part fe_part_lower(fe_b64_part x) {
    return (uint8_t)(x + (fe_part_range(x, 'A', 25) << 5));
}
#endif

#define FE_B64_MASK(x, expression)                                     \
    uint64_t mask = 0;                                                 \
    for (int i = 0; i < FE_B64_PARTS; i++) {                           \
        fe_b64_part part = (x).v[i];                                   \
        mask |= (uint64_t)(expression) << (i * FE_B64_PART_BYTES % 64); \
    }                                                                  \
    return mask

/* 64 bytes from p, which may be unaligned. */
FE_INLINE fe_b64 fe_b64_load(const uint8_t *p) {
    fe_b64 x;
    for (int i = 0; i < FE_B64_PARTS; i++) x.v[i] = fe_part_load(p + i * FE_B64_PART_BYTES);
    return x;
}

FE_INLINE void fe_b64_store(uint8_t *p, fe_b64 x) {
    for (int i = 0; i < FE_B64_PARTS; i++) fe_part_store(p + i * FE_B64_PART_BYTES, x.v[i]);
}

/* A-Z to a-z, every other byte as it is. */
FE_INLINE fe_b64 fe_b64_lower(fe_b64 x) {
    for (int i = 0; i < FE_B64_PARTS; i++) x.v[i] = fe_part_lower(x.v[i]);
    return x;
}

FE_INLINE uint64_t fe_b64_eq(fe_b64 x, uint8_t byte) { FE_B64_MASK(x, fe_part_eq(part, byte)); }

/* ASCII white space: space, \t \n \v \f \r. */
FE_INLINE uint64_t fe_b64_space(fe_b64 x) {
    FE_B64_MASK(x, fe_part_eq(part, ' ') | fe_part_range(part, '\t', 4));
}

/* Bytes outside ASCII. */
FE_INLINE uint64_t fe_b64_high(fe_b64 x) { FE_B64_MASK(x, fe_part_high(part)); }

/* The 32 ASCII bytes of Unicode category P* or S*. */
FE_INLINE uint64_t fe_b64_punctuation(fe_b64 x) {
    FE_B64_MASK(x, fe_part_range(part, '!', 14) | fe_part_range(part, ':', 6) |
                       fe_part_range(part, '[', 5) | fe_part_range(part, '{', 3));
}

/* Index of the lowest set bit; bits != 0. */
FE_INLINE int fe_ctz64(uint64_t bits) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(bits);
#else
    int n = 0;
    while (!(bits >> n & 1)) n++;
    return n;
#endif
}

FE_INLINE int fe_popcount64(uint64_t bits) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_popcountll(bits);
#else
    int n = 0;
    for (; bits; bits &= bits - 1) n++;
    return n;
#endif
}

/* Bit i < 16: the bytes p[i], p[i + stride], ... (n of them) are those of `code`, the lowest first. */
FE_INLINE uint32_t fe_eq16_planes(const uint8_t *p, uint32_t stride, uint32_t n, uint64_t code) {
#if defined(__SSE2__)
    __m128i differ = _mm_setzero_si128();
    for (uint32_t b = 0; b < n; b++) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(p + b * stride));
        differ = _mm_or_si128(differ, _mm_xor_si128(x, _mm_set1_epi8((char)(code >> (8 * b)))));
    }
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(differ, _mm_setzero_si128()));
#else
    uint32_t mask = 0xffff;
    for (uint32_t b = 0; b < n; b++) {
        const uint8_t *plane = p + b * stride, byte = (uint8_t)(code >> (8 * b));
#if defined(__ARM_NEON) && defined(__aarch64__)
        mask &= (uint32_t)fe_part_eq(fe_part_load(plane), byte);
#else
        for (int i = 0; i < 16; i++) mask &= ~((uint32_t)(plane[i] != byte) << i);
#endif
    }
    return mask;
#endif
}

#endif
