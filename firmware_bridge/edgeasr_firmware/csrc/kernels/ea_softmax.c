#include "ea_softmax.h"

#include "ea_scale.h"

#define EA_SUM_BITS 12 /* bits before the point of the sum of exponentials */

/* Fixed-point product with 31 fractional bits. */
static int32_t ea_product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

static int32_t ea_halved(int32_t value, int32_t exponent)
{
    int32_t mask = (int32_t)((1u << exponent) - 1), rest = value & mask;
    return (value >> exponent) + (rest > (mask >> 1) + (value < 0));
}

/* 1 / (1 + x) for x in [0, 1), 31 fractional bits: three steps of Newton and Raphson. */
static int32_t ea_reciprocal(int32_t x)
{
    int32_t half = (int32_t)(((int64_t)x + 0x80000000LL) >> 1), quotient, i;
    quotient = 1515870810 + ea_product(half, -1010580540); /* 48/17 - 32/17 half, 29 fractional bits */
    for (i = 0; i < 3; i++)
        quotient += 4 * ea_product(quotient, (1 << 29) - ea_product(half, quotient));
    return quotient > 0x3fffffff ? INT32_MAX : quotient * 2;
}

static inline void ea_softmax_row(const ea_softmax_t *p, const int8_t *in, void *out, int bits)
{
    int32_t most = -128, headroom = 0, shift, factor, i;
    uint32_t sum = 0;
    for (i = 0; i < p->depth; i++)
        most = in[i] > most ? in[i] : most;
    for (i = 0; i < p->depth; i++)
        if (most - in[i] < p->count)
            sum += (uint32_t)ea_halved(p->exponentials[most - in[i]], EA_SUM_BITS);
    for (; !(sum & 0x80000000u); headroom++)
        sum <<= 1;
    factor = ea_reciprocal((int32_t)(sum - 0x80000000u));
    shift = EA_SUM_BITS - headroom + 31 - bits;
    for (i = 0; i < p->depth; i++) {
        int32_t power = most - in[i] < p->count ? p->exponentials[most - in[i]] : 0;
        int32_t value = ea_halved(ea_product(factor, power), shift) - (1 << (bits - 1));
        if (bits == 16)
            ((int16_t *)out)[i] = (int16_t)(value > 32767 ? 32767 : value);
        else
            ((int8_t *)out)[i] = ea_saturated(value);
    }
}

void ea_softmax_s8(const ea_softmax_t *p, const int8_t *in, int8_t *out)
{
    int32_t row;
    for (row = 0; row < p->rows; row++)
        ea_softmax_row(p, in + row * p->depth, out + row * p->depth, 8);
}

void ea_softmax_s8_s16(const ea_softmax_t *p, const int8_t *in, int16_t *out)
{
    int32_t row;
    for (row = 0; row < p->rows; row++)
        ea_softmax_row(p, in + row * p->depth, out + row * p->depth, 16);
}

/* Read between knots that stand 128 apart from -32768 on. */
static int32_t ea_between_knots(const int16_t *knots, int32_t value)
{
    int32_t index, rest;
    value = value < -32768 ? -32768 : value > 32767 ? 32767 : value;
    index = (value >> 7) + 256, rest = value & 127;
    return knots[index] + (((knots[index + 1] - knots[index]) * rest + 64) >> 7);
}

static int32_t ea_power(const ea_softmax_wide_t *p, int32_t distance)
{
    return ea_between_knots(p->exponentials, ea_scaled_wide(distance, ea_scale(p->multiplier, p->shift, 0)) + 32767);
}

static void ea_softmax_wide_row(const ea_softmax_wide_t *p, const int16_t *in, int16_t *out)
{
    int32_t most = -32768, zeros = 0, factor, mantissa, i;
    uint32_t sum = 0;
    for (i = 0; i < p->depth; i++)
        most = in[i] > most ? in[i] : most;
    for (i = 0; i < p->depth; i++)
        sum += (uint32_t)ea_power(p, in[i] - most);
    for (; !(sum & 0x80000000u); zeros++)
        sum <<= 1;
    mantissa = (int32_t)(((sum >> 1) + (1 << 13)) >> 14); /* in [1, 2), 16 fractional bits */
    factor = ea_between_knots(p->reciprocals, mantissa - 3 * 32768);
    for (i = 0; i < p->depth; i++) {
        int64_t product = (int64_t)ea_power(p, in[i] - most) * factor;
        int32_t share = (int32_t)((product + ((int64_t)1 << (30 - zeros))) >> (31 - zeros));
        out[i] = (int16_t)(share > 32767 ? 32767 : share < 0 ? 0 : share);
    }
}

void ea_softmax_s16(const ea_softmax_wide_t *p, const int16_t *in, int16_t *out)
{
    int32_t row;
    for (row = 0; row < p->rows; row++)
        ea_softmax_wide_row(p, in + row * p->depth, out + row * p->depth);
}
