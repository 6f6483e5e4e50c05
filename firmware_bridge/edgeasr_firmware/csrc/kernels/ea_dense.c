#include "ea_dense.h"

#include "ea_scale.h"

#if defined(__ARM_FEATURE_MVE)

/* Columns are interleaved: 16 values of the first, 16 of the second .., then the next 16 of each. Depth is filled up
 * with zeros to a multiple of 16, so that it does not matter what weights are read behind the last of a channel. */

void ea_column_put(void *columns, int32_t tile, int32_t column, const int8_t *values, int32_t depth)
{
    int8_t *to = (int8_t *)columns + column * 16;
    for (; depth >= 16; depth -= 16, values += 16, to += tile * 16)
        vstrbq_s8(to, vldrbq_s8(values));
    if (depth)
        vstrbq_s8(to, vldrbq_z_s8(values, vctp8q((uint32_t)depth)));
}

/* The sums of four columns, [4, channels], one channel after the other. */
static EA_ALONE void ea_tile_sums(const ea_dense_t *p, const int8_t *columns, int32_t *sums)
{
    const int32_t channels = p->channels, blocks = (p->depth + 15) >> 4, next = p->depth - blocks * 16;
    const int32_t *bias = p->bias;
    const int8_t *w = p->weights;
    int32_t *sums2 = sums + 2 * channels, c, k;
    for (c = channels; c > 0; c--, w += next) {
        const int8_t *x = columns;
        int32_t a0 = *bias++, a1 = a0, a2 = a0, a3 = a0;
        for (k = blocks; k > 0; k--) {
            int8x16_t v = vldrbq_s8(w);
            w += 16;
            a0 = vmladavaq_s8(a0, v, vldrbq_s8(x)), x += 16;
            EA_KEEP(x);
            a1 = vmladavaq_s8(a1, v, vldrbq_s8(x)), x += 16;
            EA_KEEP(x);
            a2 = vmladavaq_s8(a2, v, vldrbq_s8(x)), x += 16;
            EA_KEEP(x);
            a3 = vmladavaq_s8(a3, v, vldrbq_s8(x)), x += 16;
        }
        sums[channels] = a1;
        *sums++ = a0;
        sums2[channels] = a3;
        *sums2++ = a2;
    }
}

/* Scale sums [channels] of one column. */
static EA_ALONE void ea_put(const ea_dense_t *p, const int32_t *sums, int8_t *out)
{
    const int32_t *multiplier = p->multiplier;
    const int8_t *shift = p->shift;
    const int32_t zero_point = p->zero_point;
    int32_t c = p->channels;
    if (p->down)
        for (; c >= 4; c -= 4, sums += 4, multiplier += 4, shift += 4, out += 4)
            vstrbq_s32(out, ea_scaled4_down(vldrwq_s32(sums), vldrwq_s32(multiplier), vldrbq_s32(shift), zero_point));
    for (; c >= 4; c -= 4, sums += 4, multiplier += 4, shift += 4, out += 4)
        vstrbq_s32(out, ea_scaled4(vldrwq_s32(sums), vldrwq_s32(multiplier), vldrbq_s32(shift), zero_point));
    if (c) {
        mve_pred16_t some = vctp32q((uint32_t)c);
        int32x4_t values = ea_scaled4(vldrwq_z_s32(sums, some), vldrwq_z_s32(multiplier, some),
                                      vldrbq_z_s32(shift, some), zero_point);
        vstrbq_p_s32(out, values, some);
    }
}

/* The sums of one column, four channels at once, the last repeated where there are no four. */
static EA_ALONE void ea_column_sums(const ea_dense_t *p, const int8_t *column, int32_t *sums)
{
    const int32_t depth = p->depth, blocks = (depth + 15) >> 4;
    int32_t c, k;
    for (c = 0; c < p->channels; c += 4) {
        const int32_t last = p->channels - 1 - c;
        const int8_t *x = column, *w0 = p->weights + c * depth, *w1 = w0 + (last > 1 ? 1 : last) * depth;
        const int8_t *w2 = w0 + (last > 2 ? 2 : last) * depth, *w3 = w0 + (last > 3 ? 3 : last) * depth;
        int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
        for (k = blocks; k > 0; k--) {
            int8x16_t v = vldrbq_s8(x);
            a0 = vmladavaq_s8(a0, v, vldrbq_s8(w0));
            a1 = vmladavaq_s8(a1, v, vldrbq_s8(w1));
            a2 = vmladavaq_s8(a2, v, vldrbq_s8(w2));
            a3 = vmladavaq_s8(a3, v, vldrbq_s8(w3));
            x += 16, w0 += 16, w1 += 16, w2 += 16, w3 += 16;
        }
        sums[c] = a0 + p->bias[c];
        if (last > 0)
            sums[c + 1] = a1 + p->bias[c + 1];
        if (last > 1)
            sums[c + 2] = a2 + p->bias[c + 2];
        if (last > 2)
            sums[c + 3] = a3 + p->bias[c + 3];
    }
}

void ea_dense_columns(const ea_dense_t *p, void *columns, int32_t tile, int32_t count, int8_t *out)
{
    int32_t *sums = (int32_t *)(void *)((int8_t *)columns + tile * EA_COLUMN_BYTES(p->depth)), i;
    if (tile == 1)
        ea_column_sums(p, (const int8_t *)columns, sums);
    else
        ea_tile_sums(p, (const int8_t *)columns, sums);
    for (i = 0; i < count; i++)
        ea_put(p, sums + i * p->channels, out + i * p->channels);
    ea_confine(out, count * p->channels, p->lo, p->hi);
}

#else

/* Columns are interleaved: 4 values of the first, 4 of the second .., then the next 4 values of each. Depth is filled
 * up with zeros to a multiple of 4. With the DSP extension values are widened to 16 bits in the order in which SXTB16
 * gives them, 0 2 1 3, so that the weights need no shuffling. */

#if defined(__ARM_FEATURE_DSP)

typedef uint32_t ea_pair_t; /* two of 16 bits */
#define EA_GROUP 2          /* elements that hold 4 values */

typedef struct {
    ea_pair_t pairs[EA_GROUP];
} ea_group_t;

static inline uint32_t ea_load4(const int8_t *from)
{
    uint32_t value;
    __builtin_memcpy(&value, from, 4);
    return value;
}

static inline uint32_t ea_even(uint32_t bytes)
{
    return (uint32_t)__sxtb16((int8x4_t)bytes);
}

static inline uint32_t ea_odd(uint32_t bytes)
{
    uint32_t pair; /* the intrinsic does not take the rotation that the instruction does for nothing */
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

static inline void ea_group_put(ea_pair_t *to, const int8_t *from)
{
    uint32_t bytes = ea_load4(from);
    to[0] = ea_even(bytes);
    to[1] = ea_odd(bytes);
}

#define EA_WEIGHTS(w) uint32_t bytes = ea_load4(w), even = ea_even(bytes), odd = ea_odd(bytes)

/* Four products. Compilers load the two words of a column with two instructions where one does. */
static inline int32_t ea_mac(int32_t sum, uint32_t even, uint32_t odd, const ea_pair_t *x)
{
    uint32_t x0, x1;
    __asm__("ldrd %0, %1, %2" : "=&r"(x0), "=r"(x1) : "o"(*(const ea_group_t *)(const void *)x));
    sum = __smlad((int16x2_t)even, (int16x2_t)x0, sum);
    return __smlad((int16x2_t)odd, (int16x2_t)x1, sum);
}

#define EA_MAC(sum, x) (sum) = ea_mac(sum, even, odd, x)

#else

typedef int8_t ea_pair_t;
#define EA_GROUP 4

static inline void ea_group_put(ea_pair_t *to, const int8_t *from)
{
    to[0] = from[0], to[1] = from[1], to[2] = from[2], to[3] = from[3];
}

#define EA_WEIGHTS(w) int32_t w0 = (w)[0], w1 = (w)[1], w2 = (w)[2], w3 = (w)[3]
#define EA_MAC(sum, x) (sum) += w0 * (x)[0], (sum) += w1 * (x)[1], (sum) += w2 * (x)[2], (sum) += w3 * (x)[3]

#endif

void ea_column_put(void *columns, int32_t tile, int32_t column, const int8_t *values, int32_t depth)
{
    ea_pair_t *to = (ea_pair_t *)columns + column * EA_GROUP;
    int32_t groups = depth >> 2, rest = depth & 3, i;
    for (; groups > 0; groups--, values += 4, to += tile * EA_GROUP)
        ea_group_put(to, values);
    if (rest) {
        int8_t filled[4] = {0, 0, 0, 0};
        for (i = 0; i < rest; i++)
            filled[i] = values[i];
        ea_group_put(to, filled);
    }
}

#define EA_STEP()                                                                                                     \
    do {                                                                                                              \
        EA_WEIGHTS(w);                                                                                                \
        EA_MAC(a0, x);                                                                                                \
        EA_MAC(a1, x + EA_GROUP);                                                                                     \
        EA_MAC(a2, x + 2 * EA_GROUP);                                                                                 \
        EA_MAC(a3, x + 3 * EA_GROUP);                                                                                 \
        w += 4, x += EA_TILE * EA_GROUP;                                                                              \
    } while (0)

/* Four columns, one channel after the other. */
static EA_ALONE void ea_tile(const ea_dense_t *p, const ea_pair_t *columns, int8_t *out)
{
    const int32_t groups = (p->depth + 3) >> 2, next = p->depth - 4 * groups, channels = p->channels;
    const int8_t *w = p->weights;
    int32_t c, k;
    for (c = 0; c < channels; c++, w += next, out++) {
        const ea_pair_t *x = columns;
        int32_t a0 = p->bias[c], a1 = a0, a2 = a0, a3 = a0, left, right, half, multiplier;
        if (groups & 1)
            EA_STEP();
        for (k = groups >> 1; k > 0; k--) {
            EA_STEP();
            EA_STEP();
        }
        right = -p->shift[c] - 1, half = 2 * p->zero_point + 1, multiplier = p->multiplier[c];
        if (right >= 0) {
            out[0] = ea_saturated(ea_shifted(ea_high(a0 * 2, multiplier), right, half));
            out[channels] = ea_saturated(ea_shifted(ea_high(a1 * 2, multiplier), right, half));
            out[2 * channels] = ea_saturated(ea_shifted(ea_high(a2 * 2, multiplier), right, half));
            out[3 * channels] = ea_saturated(ea_shifted(ea_high(a3 * 2, multiplier), right, half));
        } else {
            left = -right, half >>= 1;
            out[0] = ea_saturated(ea_high(ea_left(a0, left), multiplier) + half);
            out[channels] = ea_saturated(ea_high(ea_left(a1, left), multiplier) + half);
            out[2 * channels] = ea_saturated(ea_high(ea_left(a2, left), multiplier) + half);
            out[3 * channels] = ea_saturated(ea_high(ea_left(a3, left), multiplier) + half);
        }
    }
}

static EA_ALONE void ea_column(const ea_dense_t *p, const ea_pair_t *column, int32_t tile, int8_t *out)
{
    const int32_t groups = (p->depth + 3) >> 2, next = p->depth - 4 * groups, channels = p->channels;
    const int8_t *w = p->weights;
    int32_t c, k;
    for (c = 0; c < channels; c++, w += next) {
        const ea_pair_t *x = column;
        int32_t sum = p->bias[c];
        for (k = groups; k > 0; k--, w += 4, x += tile * EA_GROUP) {
            EA_WEIGHTS(w);
            EA_MAC(sum, x);
        }
        *out++ = ea_saturated(ea_scaled(sum, ea_scale(p->multiplier[c], p->shift[c], p->zero_point)));
    }
}

void ea_dense_columns(const ea_dense_t *p, void *columns, int32_t tile, int32_t count, int8_t *out)
{
    const ea_pair_t *x = (const ea_pair_t *)columns;
    int32_t i;
    if (count == EA_TILE)
        ea_tile(p, x, out);
    else
        for (i = 0; i < count; i++)
            ea_column(p, x + i * EA_GROUP, tile, out + i * p->channels);
    ea_confine(out, count * p->channels, p->lo, p->hi);
}

#endif

void ea_dense_s8(const ea_dense_t *p, int32_t rows, const int8_t *in, int8_t *out, void *scratch)
{
    int32_t tile = rows < EA_TILE ? 1 : EA_TILE, row, i;
    for (row = 0; row < rows; row += tile) {
        int32_t count = rows - row < tile ? rows - row : tile;
        for (i = 0; i < count; i++)
            ea_column_put(scratch, tile, i, in + (row + i) * p->depth, p->depth);
        ea_dense_columns(p, scratch, tile, count, out + row * p->channels);
    }
}
