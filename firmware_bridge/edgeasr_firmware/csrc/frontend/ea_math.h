/* What the front end computes with; no C library is needed, and every board gives the same bits. */
#ifndef EA_MATH_H
#define EA_MATH_H

#include <stdint.h>

/* a * b in 64 bits. ARMv6-M has no such instruction, and the compiler would call a product of 64 bits by 64. */
static inline int64_t ea_multiply(int32_t a, int32_t b)
{
#if __ARM_ARCH_ISA_THUMB == 1
    const uint32_t a_low = (uint32_t)a & 0xffffu, b_low = (uint32_t)b & 0xffffu;
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const uint32_t low = a_low * b_low;
    const int32_t middle1 = (int32_t)a_low * b_high, middle2 = a_high * (int32_t)b_low;
    const uint32_t carried = ((uint32_t)middle1 & 0xffffu) + ((uint32_t)middle2 & 0xffffu) + (low >> 16);
    const int32_t high = a_high * b_high + (middle1 >> 16) + (middle2 >> 16) + (int32_t)(carried >> 16);
    return (int64_t)((uint64_t)(uint32_t)high << 32 | carried << 16 | (low & 0xffffu));
#else
    return (int64_t)a * b;
#endif
}

/* How many bits a number has, up to its highest one. */
static inline int ea_length(uint32_t value)
{
#ifdef __GNUC__
    return value ? 32 - __builtin_clz(value) : 0;
#else
    int length = 0;
    for (; value; value >>= 1)
        length++;
    return length;
#endif
}

static inline int ea_length64(uint64_t value)
{
    return value >> 32 ? 32 + ea_length((uint32_t)(value >> 32)) : ea_length((uint32_t)value);
}

/* By how many bits numbers can be scaled up, whose absolute values have no bit that `bits` has not; 0 for silence. */
static inline int ea_headroom(uint32_t bits) { return bits ? 31 - ea_length(bits) : 0; }

/* The 32 bits of a number below bit `length`, 1 to 63, which is above its highest. */
static inline uint32_t ea_upper(uint64_t value, int length)
{
    const int right = length > 32 ? length - 32 : 0, left = length < 32 ? 32 - length : 0;
    return ((uint32_t)(value >> 32) << 1 << (31 - right) | (uint32_t)value >> right) << left;
}

/* ln(mantissa * 2^exponent) * 2^24, to a unit; the mantissa has its highest bit.
 *
 * inverse, logarithm: of 1 + (n + 0.5) / 64 for n from 0 to 63, 1 / x * 2^32 and ln x * 2^31: with the x nearest to the
 * mantissa m there is ln m = ln x + ln(1 + r), r = m / x - 1 and |r| < 2^-7, so that three terms are enough. */
static inline int32_t ea_log(uint32_t mantissa, int exponent, const uint32_t *inverse, const int32_t *logarithm)
{
    const uint32_t nearest = mantissa >> 25 & 63;
    const int32_t r = (int32_t)((int64_t)((uint64_t)mantissa * inverse[nearest] - (UINT64_C(1) << 63)) >> 27);
    const int32_t square = (int32_t)(ea_multiply(r, r) >> 36), cube = ((square >> 14) * (r >> 14)) >> 8;
    const int32_t series = r - (square >> 1) + (cube * 21845 >> 16); /* * 2^36 */
    const int64_t sum = ea_multiply(exponent + 31, 1488522236) + logarithm[nearest] + (series >> 5); /* ln 2 * 2^31 */
    return (int32_t)((sum + 64) >> 7);
}

typedef union {
    float value;
    uint32_t bits;
} ea_float;

/* 2^exponent, for exponents of normal numbers. */
static inline float ea_power_of_two(int exponent)
{
    const ea_float result = {.bits = (uint32_t)(exponent + 127) << 23};
    return result.value;
}

/* Square root of a number that is not negative, by Newton's method; 0 below the normal numbers. */
static inline float ea_sqrt(float x)
{
    ea_float root = {.value = x};
    if (root.bits < 0x00800000u)
        return 0;
    root.bits = (root.bits >> 1) + 0x1fbd1df5u; /* halves the exponent: within 3.5 % */
    for (int i = 0; i < 3; i++)
        root.value = 0.5f * (root.value + x / root.value);
    return root.value;
}

#endif
