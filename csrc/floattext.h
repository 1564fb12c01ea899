/* floattext.h: float32 as text and back, without the locale and without rounding twice by luck.
 *
 * Reading: the float32 nearest to the text. A double is computed with a known error bound; if
 * every number within it rounds to the same float32, that is the answer, else (1 number in some
 * 10^7, subnormals, overflow) the caller is told to use an exact parser. Rounding to double first
 * and to float32 then is not the same: it reads 7.038531e-26 as the neighbour of the float whose
 * shortest text that is.
 *
 * Writing: the shortest decimal that reads back as the same float32, after R. Giulietti, "The
 * Schubfach way to render doubles" (2021), with 64-bit powers of ten; laid out like NumPy's str().
 */
#ifndef FE_FLOATTEXT_H
#define FE_FLOATTEXT_H

#include <math.h>

#include "fe_base.h"

#define FE_FLOAT_TEXT_MAX 16 /* bytes of the longest text of a float32: "-1.17549435e-38" */

/* -------------------------------------------------------------------------------- reading */

static const double fe_pow10_exact[23] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The float32 nearest to a number of which x > 0 is known to 16 units in its last place; 0 where
 * that is not enough, or it is subnormal or too large, or nearly so. */
FE_INLINE int fe_round_float(double x, int negative, float *value) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    /* 29 bits are rounded off; is what they stand for near the middle of two float32? */
    const uint64_t rest = (bits & 0x1fffffffu) - (0x10000000u - 16);
    if (x < 1.2e-38 || x > 3.4e38 || rest <= 32) return 0;
    *value = (float)(negative ? -x : x);
    return 1;
}

/* Read [+-]digits[.digits][(e|E)[+-]digits] at p, not beyond end. Returns the place behind it;
 * NULL where that grammar does not hold or where an exact parser is needed. */
FE_INLINE const char *fe_parse_float(const char *p, const char *end, float *value) {
    int negative = 0;
    if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
    uint64_t mantissa = 0;
    int exponent = 0;
    const char *first = p;
    unsigned digit;
    for (; p < end && (digit = (unsigned)(unsigned char)*p - '0') < 10; p++) {
        if (FE_LIKELY(mantissa < UINT64_C(1000000000000000000)))
            mantissa = mantissa * 10 + digit;
        else if (++exponent > 100)
            return NULL;
    }
    ptrdiff_t digits = p - first;
    if (p < end && *p == '.') {
        first = ++p;
        for (; p < end && (digit = (unsigned)(unsigned char)*p - '0') < 10; p++) {
            if (FE_LIKELY(mantissa < UINT64_C(1000000000000000000))) {
                mantissa = mantissa * 10 + digit;
                if (--exponent < -100) return NULL;
            }
        }
        digits += p - first;
    }
    if (digits == 0) return NULL;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        int sign = 1, number = 0;
        if (p < end && (*p == '-' || *p == '+')) sign = *p++ == '-' ? -1 : 1;
        first = p;
        for (; p < end && (digit = (unsigned)(unsigned char)*p - '0') < 10; p++) {
            number = number * 10 + (int)digit;
            if (number > 1000) return NULL;
        }
        if (p == first) return NULL;
        exponent += sign * number;
    }
    if (mantissa == 0) {
        *value = negative ? -0.0f : 0.0f;
        return p;
    }
    double x = (double)mantissa;
    if (exponent < -44 || exponent > 44) return NULL;
    if (exponent < -22) {
        x /= fe_pow10_exact[22];
        x /= fe_pow10_exact[-exponent - 22];
    } else if (exponent < 0) {
        x /= fe_pow10_exact[-exponent];
    } else if (exponent > 22) {
        x *= fe_pow10_exact[22];
        x *= fe_pow10_exact[exponent - 22];
    } else {
        x *= fe_pow10_exact[exponent];
    }
    return fe_round_float(x, negative, value) ? p : NULL;
}

/* -------------------------------------------------------------------------------- writing */

/* ceil(10^k / 2^(floor(log2(10^k)) - 63)), k = -31 .. 45 */
static const uint64_t fe_pow10_64[77] = {
    0x81ceb32c4b43fcf5u, 0xa2425ff75e14fc32u, 0xcad2f7f5359a3b3fu, 0xfd87b5f28300ca0eu,
    0x9e74d1b791e07e49u, 0xc612062576589ddbu, 0xf79687aed3eec552u, 0x9abe14cd44753b53u,
    0xc16d9a0095928a28u, 0xf1c90080baf72cb2u, 0x971da05074da7befu, 0xbce5086492111aebu,
    0xec1e4a7db69561a6u, 0x9392ee8e921d5d08u, 0xb877aa3236a4b44au, 0xe69594bec44de15cu,
    0x901d7cf73ab0acdau, 0xb424dc35095cd810u, 0xe12e13424bb40e14u, 0x8cbccc096f5088ccu,
    0xafebff0bcb24aaffu, 0xdbe6fecebdedd5bfu, 0x89705f4136b4a598u, 0xabcc77118461cefdu,
    0xd6bf94d5e57a42bdu, 0x8637bd05af6c69b6u, 0xa7c5ac471b478424u, 0xd1b71758e219652cu,
    0x83126e978d4fdf3cu, 0xa3d70a3d70a3d70bu, 0xcccccccccccccccdu, 0x8000000000000000u,
    0xa000000000000000u, 0xc800000000000000u, 0xfa00000000000000u, 0x9c40000000000000u,
    0xc350000000000000u, 0xf424000000000000u, 0x9896800000000000u, 0xbebc200000000000u,
    0xee6b280000000000u, 0x9502f90000000000u, 0xba43b74000000000u, 0xe8d4a51000000000u,
    0x9184e72a00000000u, 0xb5e620f480000000u, 0xe35fa931a0000000u, 0x8e1bc9bf04000000u,
    0xb1a2bc2ec5000000u, 0xde0b6b3a76400000u, 0x8ac7230489e80000u, 0xad78ebc5ac620000u,
    0xd8d726b7177a8000u, 0x878678326eac9000u, 0xa968163f0a57b400u, 0xd3c21bcecceda100u,
    0x84595161401484a0u, 0xa56fa5b99019a5c8u, 0xcecb8f27f4200f3au, 0x813f3978f8940985u,
    0xa18f07d736b90be6u, 0xc9f2c9cd04674edfu, 0xfc6f7c4045812297u, 0x9dc5ada82b70b59eu,
    0xc5371912364ce306u, 0xf684df56c3e01bc7u, 0x9a130b963a6c115du, 0xc097ce7bc90715b4u,
    0xf0bdc21abb48db21u, 0x96769950b50d88f5u, 0xbc143fa4e250eb32u, 0xeb194f8e1ae525feu,
    0x92efd1b8d0cf37bfu, 0xb7abc627050305aeu, 0xe596b7b0c643c71au, 0x8f7e32ce7bea5c70u,
    0xb35dbf821ae4f38cu};

/* floor(x / 2^n) of a negative x too; >> of one is the compiler's choice */
FE_INLINE int fe_floor_shift(int x, int n) { return x >= 0 ? x >> n : -((-x + (1 << n) - 1) >> n); }

/* The upper 32 bits of the 96-bit product g * c, the lowest one set if anything is lost. */
FE_INLINE uint32_t fe_round_to_odd(uint64_t g, uint32_t c) {
    uint64_t upper = (g >> 32) * c + (((g & UINT32_MAX) * c) >> 32);
    return (uint32_t)(upper >> 32) | ((uint32_t)upper > 1);
}

/* Shortest decimal digits * 10^exponent of a positive finite float given by its bits; of those
 * the nearest; equally near ones: the even. Section numbers as in Giulietti's paper. */
FE_INLINE uint32_t fe_shortest_decimal(uint32_t bits, int *exponent) {
    uint32_t fraction = bits & 0x7fffffu, biased = bits >> 23;
    uint32_t c = biased ? fraction | 0x800000u : fraction;
    int q = biased ? (int)biased - 150 : -149;
    if (q <= 0 && q > -24 && (c & ((1u << -q) - 1)) == 0) { /* a small integer */
        *exponent = 0;
        return c >> -q;
    }
    uint32_t odd = c & 1;                       /* the ends belong to the interval of an even c */
    int closer = fraction == 0 && biased > 1;   /* the lower neighbour is half as far */
    int k = fe_floor_shift(q * 1262611 - (closer ? 524031 : 0), 22); /* floor(log10(2^q)) */
    int h = q + fe_floor_shift(-k * 1741647, 19) + 1;
    uint64_t g = fe_pow10_64[-k + 31];
    uint32_t lower = fe_round_to_odd(g, (4 * c - 2 + (uint32_t)closer) << h) + odd;
    uint32_t v = fe_round_to_odd(g, (4 * c) << h);
    uint32_t upper = fe_round_to_odd(g, (4 * c + 2) << h) - odd;
    uint32_t s = v / 4;
    if (s >= 10) { /* is one digit less enough? */
        uint32_t t = s / 10;
        int below = lower <= 40 * t, above = 40 * t + 40 <= upper;
        if (below != above) {
            *exponent = k + 1;
            return t + (uint32_t)above;
        }
    }
    *exponent = k;
    int below = lower <= 4 * s, above = 4 * s + 4 <= upper;
    if (below != above) return s + (uint32_t)above;
    uint32_t middle = 4 * s + 2;
    return s + (v > middle || (v == middle && (s & 1)));
}

/* The eight decimal digits of x < 10^8, zeros in front, as text in the bytes of a word, the first
 * one in the lowest. */
FE_INLINE uint64_t fe_digits8(uint32_t x) {
    /* halves, quarters and digits side by side, each divided by a multiplication */
    const uint64_t half = x / 10000 | (uint64_t)(x % 10000) << 32;
    const uint64_t hundreds = (half * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    const uint64_t quarter = hundreds + ((half - 100 * hundreds) << 16);
    const uint64_t tens = (quarter * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return tens + ((quarter - 10 * tens) << 8) + UINT64_C(0x3030303030303030);
}

/* Write eight bytes, the lowest one first. */
FE_INLINE void fe_put8(char *out, uint64_t x) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(out, &x, 8);
#else
    for (int i = 0; i < 8; i++, x >>= 8) out[i] = (char)(x & 255);
#endif
}

/* Decimal digits of x > 0. */
FE_INLINE int fe_count_digits(uint32_t x) {
    return 1 + (x >= 10) + (x >= 100) + (x >= 1000) + (x >= 10000) + (x >= 100000) +
           (x >= 1000000) + (x >= 10000000) + (x >= 100000000) + (x >= 1000000000);
}

/* Write a finite float32 at out (FE_FLOAT_TEXT_MAX bytes free, all of which may be written) as
 * str() of NumPy 2.4 does: "-0.25", "1e-05", "1.5e+20", "3.0". Returns the place behind it. */
FE_INLINE char *fe_format_float(float value, char *out) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    *out = '-';
    out += bits >> 31;
    bits &= 0x7fffffffu;
    if (bits == 0) {
        memcpy(out, "0.0", 3);
        return out + 3;
    }
    int exponent;
    uint32_t digits = fe_shortest_decimal(bits, &exponent);
    while (digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    int n = fe_count_digits(digits);
    const int point = n + exponent; /* the value is 0.d1d2... * 10^point */
    if (FE_LIKELY(n <= 8 && point >= -3 && point < n && point <= 6)) {
        const uint64_t text = fe_digits8(digits) >> 8 * (8 - n);
        if (point > 0) {
            fe_put8(out, text);
            out[point] = '.';
            fe_put8(out + point + 1, text >> 8 * point);
            return out + n + 1;
        }
        fe_put8(out, UINT64_C(0x3030303030302e30)); /* "0.000000" */
        fe_put8(out + 2 - point, text);
        return out + 2 - point + n;
    }
    char d[9];
    for (int i = n - 1; i >= 0; i--, digits /= 10) d[i] = (char)('0' + digits % 10);
    if (point < -3 || point > 6) {
        *out++ = d[0];
        if (n > 1) *out++ = '.';
        for (int i = 1; i < n; i++) *out++ = d[i];
        const int e = point - 1;
        *out++ = 'e';
        *out++ = e < 0 ? '-' : '+';
        *out++ = (char)('0' + abs(e) / 10);
        *out++ = (char)('0' + abs(e) % 10);
        return out;
    }
    for (int i = 0; i < point; i++) *out++ = i < n ? d[i] : '0';
    if (point <= 0) *out++ = '0';
    *out++ = '.';
    for (int i = point; i < 0; i++) *out++ = '0';
    for (int i = point < 0 ? 0 : point; i < n; i++) *out++ = d[i];
    if (point >= n) *out++ = '0';
    return out;
}

#endif
