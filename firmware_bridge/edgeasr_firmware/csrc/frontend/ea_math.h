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

/* By how many bits numbers can be scaled up, whose absolute values have no bit that `bits` has not; 0 for silence. */
static inline int ea_headroom(uint32_t bits)
{
    int free = 0;
    while (bits && !(bits >> (30 - free)))
        free++;
    return free;
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

/* Natural logarithm of a positive normal number; wrong by at most 2 units in the last place, or 1.2e-7 near 1.
 * With x = m 2^e and s = (m - 1) / (m + 1): ln x = e ln 2 + 2 artanh s, and |s| < 0.172 makes five terms enough. */
static inline float ea_log(float x)
{
    ea_float m = {.value = x};
    int exponent = (int)(m.bits >> 23) - 127;
    m.bits = (m.bits & 0x007fffffu) | 0x3f800000u;
    if (m.value > 1.41421356f) {
        m.value *= 0.5f;
        exponent++;
    }
    const float s = (m.value - 1.0f) / (m.value + 1.0f), z = s * s;
    const float series = z * (1 / 3.0f + z * (1 / 5.0f + z * (1 / 7.0f + z * (1 / 9.0f))));
    const float e = (float)exponent;
    return e * 0x1.62ep-1f + (2 * s + (2 * s * series + e * 0x1.0bfbe8p-15f)); /* ln 2 in two parts, the first exact */
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
