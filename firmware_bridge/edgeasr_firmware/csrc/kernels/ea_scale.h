/* From a 32-bit accumulator to 8 bits, rounded twice as TensorFlow Lite's reference does.
 *
 * The generator proves for every channel that an accumulator, shifted to the left, stays inside 32 bits.
 * Right shifts of negative numbers keep the sign, as on every compiler this is meant for. */
#ifndef EA_SCALE_H
#define EA_SCALE_H

#include <stdint.h>

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif
#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

/* Loops that need all registers are functions of their own. */
#if defined(__GNUC__)
#define EA_ALONE __attribute__((noinline))
/* Keeps a compiler from addressing several loads by one pointer, where each could move its pointer on for nothing. */
#define EA_KEEP(pointer) __asm__("" : "+r"(pointer))
#else
#define EA_ALONE
#define EA_KEEP(pointer) ((void)0)
#endif

/* One channel's way to the output, prepared once and used for many accumulators. */
typedef struct {
    int32_t multiplier; /* 0, or 2^30 .. 2^31 - 1 */
    int32_t left, right, zero_point;
} ea_scale_t;

/* The shift is positive to the left, as in TensorFlow Lite. */
static inline ea_scale_t ea_scale(int32_t multiplier, int32_t shift, int32_t zero_point)
{
    ea_scale_t scale;
    scale.multiplier = multiplier;
    scale.left = shift > 0 ? shift : 0;
    scale.right = shift < 0 ? -shift : 0;
    scale.zero_point = zero_point;
    return scale;
}

/* Shift to the left, also what is negative. */
static inline int32_t ea_left(int32_t value, int32_t bits)
{
    return (int32_t)((uint32_t)value << bits);
}

/* The high half of a product, rounded to nearest, halves up. */
static inline int32_t ea_high(int32_t a, int32_t b)
{
#if defined(__ARM_FEATURE_DSP)
    int32_t high; /* gcc has no intrinsic for it */
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
    return high;
#else
    return (int32_t)(((int64_t)a * b + 0x80000000LL) >> 32);
#endif
}

/* Shift by right + 1, round halves away from zero, and add the zero point; `half` is twice the zero point, plus 1. */
static inline int32_t ea_shifted(int32_t high, int32_t right, int32_t half)
{
    return (((high + (high >> 31)) >> right) + half) >> 1;
}

static inline int32_t ea_scaled(int32_t accumulator, ea_scale_t scale)
{
    int32_t high = ea_high(ea_left(accumulator, scale.left + 1), scale.multiplier);
    return scale.right ? ea_shifted(high, scale.right - 1, 2 * scale.zero_point + 1) : high + scale.zero_point;
}

/* The same where the accumulator may be any number of 32 bits. */
static inline int32_t ea_scaled_wide(int32_t accumulator, ea_scale_t scale)
{
    int64_t product = (int64_t)ea_left(accumulator, scale.left) * scale.multiplier;
    int32_t high = (int32_t)((product + (1 << 30)) >> 31);
    return scale.right ? ea_shifted(high, scale.right - 1, 2 * scale.zero_point + 1) : high + scale.zero_point;
}

static inline int8_t ea_saturated(int32_t value)
{
#if defined(__ARM_FEATURE_DSP)
    return (int8_t)__ssat(value, 8);
#else
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
#endif
}

/* Confine outputs to the range of a fused activation; nothing to do where int8 confines them already. */
static inline void ea_confine(int8_t *values, int32_t count, int8_t lo, int8_t hi)
{
    int32_t i;
    if (lo == -128 && hi == 127)
        return;
    for (i = 0; i < count; i++)
        values[i] = values[i] < lo ? lo : values[i] > hi ? hi : values[i];
}

#if defined(__ARM_FEATURE_MVE)

/* `ea_scaled` and `ea_saturated` for four channels at once: the shift is positive to the left. */
static inline int32x4_t ea_scaled4(int32x4_t accumulator, int32x4_t multiplier, int32x4_t shift, int32_t zero_point)
{
    int32x4_t right = vminq_s32(shift, vdupq_n_s32(0));
    int32x4_t high = vqrdmulhq_s32(vshlq_s32(accumulator, vsubq_s32(shift, right)), multiplier);
    high = vaddq_s32(high, vshrq_n_s32(vandq_s32(high, right), 31));
    high = vaddq_n_s32(vrshlq_s32(high, right), zero_point);
    return vmaxq_s32(vminq_s32(high, vdupq_n_s32(127)), vdupq_n_s32(-128));
}

/* The same where every shift is to the right. */
static inline int32x4_t ea_scaled4_down(int32x4_t accumulator, int32x4_t multiplier, int32x4_t shift,
                                        int32_t zero_point)
{
    int32x4_t high = vqrdmulhq_s32(accumulator, multiplier);
    high = vrshlq_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), shift);
    high = vaddq_n_s32(high, zero_point);
    return vmaxq_s32(vminq_s32(high, vdupq_n_s32(127)), vdupq_n_s32(-128));
}

/* The same for four accumulators of one channel. */
static inline int32x4_t ea_scaled_n(int32x4_t accumulator, ea_scale_t scale)
{
    int32x4_t high = vqrdmulhq_n_s32(vshlq_r_s32(accumulator, scale.left), scale.multiplier);
    if (scale.right)
        high = vrshlq_n_s32(vaddq_s32(high, vshrq_n_s32(high, 31)), -scale.right);
    high = vaddq_n_s32(high, scale.zero_point);
    return vmaxq_s32(vminq_s32(high, vdupq_n_s32(127)), vdupq_n_s32(-128));
}

#endif

#endif
