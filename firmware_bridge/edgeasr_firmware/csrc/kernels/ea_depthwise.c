#include "ea_depthwise.h"

#include "ea_scale.h"

/* The band: rows of one channel of the input as the kernel meets them, padding included. First come the sums of all its
 * outputs, then these are scaled: the registers of a Cortex-M do not hold the weights and the scale at once. */

#if defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)
typedef int16_t ea_band_t; /* wide, for SMLAD */
#else
typedef int8_t ea_band_t;
#endif

static inline int32_t ea_row_length(const ea_depthwise_t *p)
{
    return (p->out_w - 1) * p->stride_w + p->kernel_w;
}

/* Copy values that are `step` apart, count by count. */
#if defined(__ARM_FEATURE_MVE)

typedef struct {
    uint16x8_t places;
    mve_pred16_t rest; /* of the last, incomplete 8 values */
} ea_picker_t;

static inline ea_picker_t ea_picker(int32_t step, int32_t count)
{
    ea_picker_t picker; /* the generator gives no step over 9362, so that the places fit 16 bits */
    picker.places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
    picker.rest = vctp16q((uint32_t)(count & 7));
    return picker;
}

static inline void ea_pick(ea_picker_t picker, const int8_t *from, int32_t step, int32_t count, int8_t *to)
{
    for (; count >= 8; count -= 8, from += 8 * step, to += 8)
        vstrbq_s16(to, vldrbq_gather_offset_s16(from, picker.places));
    if (count)
        vstrbq_p_s16(to, vldrbq_gather_offset_z_s16(from, picker.places, picker.rest), picker.rest);
}

#else

typedef int ea_picker_t;
#define ea_picker(step, count) 0

static inline void ea_pick(ea_picker_t picker, const int8_t *from, int32_t step, int32_t count, ea_band_t *to)
{
    (void)picker;
    for (; count > 0; count--, from += step)
        *to++ = *from;
}

#endif

/* Load rows y .. end of channel c of the input; the padding beside them stays as it was. */
static EA_ALONE void ea_band_load(const ea_depthwise_t *p, const int8_t *in, int32_t c, int32_t y, int32_t end,
                                  ea_band_t *band)
{
    const int32_t length = ea_row_length(p), step = p->in_c, row = p->in_w * step, height = p->in_h;
    const int8_t zero_point = p->in_zero_point;
    int32_t inner = length - p->pad_left, x;
    ea_picker_t picker;
    inner = inner < p->in_w ? inner : p->in_w;
    if (inner == length && inner == p->in_w && y >= 0 && end <= height && y < end) { /* rows without a gap: as one */
        inner *= end - y;
        end = y + 1;
    }
    picker = ea_picker(step, inner);
    band += p->pad_left;
    for (in += y * row + c; y < end; y++, band += length, in += row) {
        if (y >= 0 && y < height)
            ea_pick(picker, in, step, inner, band);
        else
            for (x = 0; x < inner; x++)
                band[x] = zero_point;
    }
}

#if defined(__ARM_FEATURE_MVE)

/* All weights of a window at once, 16 or fewer: the places of their inputs fit 8 bits. */
static inline int ea_fits(const ea_depthwise_t *p)
{
    return p->kernel_h * p->kernel_w <= 16 && (p->kernel_h - 1) * ea_row_length(p) + p->kernel_w <= 256;
}

static EA_ALONE void ea_band_sums_fast(const ea_depthwise_t *p, int32_t c, const ea_band_t *band, int32_t rows,
                                       int32_t *sums)
{
    const int32_t length = ea_row_length(p), bias = p->bias[c], stride = p->stride_w, width = p->out_w;
    const int32_t next = p->stride_h * length;
    const int32_t taps = p->kernel_h * p->kernel_w;
    int32_t count = 0, ky, kx, x;
    int8_t weights[16] = {0};
    uint8_t offsets[16] = {0};
    ea_pick(ea_picker(p->in_c, taps), p->weights + c, p->in_c, taps, weights);
    for (ky = 0; ky < p->kernel_h; ky++)
        for (kx = 0; kx < p->kernel_w; kx++)
            offsets[count++] = (uint8_t)(ky * length + kx);
    {
        int8x16_t w = vldrbq_s8(weights);
        uint8x16_t places = vldrbq_u8(offsets);
        for (; rows > 0; rows--, band += next) {
            const ea_band_t *from = band;
            for (x = width; x > 0; x--, from += stride)
                *sums++ = vmladavaq_s8(bias, w, vldrbq_gather_offset_s8(from, places));
        }
    }
}

#elif defined(__ARM_FEATURE_DSP)

static inline int ea_fits(const ea_depthwise_t *p)
{
    return p->kernel_h == 3 && p->kernel_w == 3;
}

static inline int16x2_t ea_load2(const int16_t *from)
{
    int16x2_t value;
    __builtin_memcpy(&value, from, 4);
    return value;
}

static inline int16x2_t ea_two(int32_t low, int32_t high)
{
    return (int16x2_t)(((uint32_t)low & 0xffffu) | ((uint32_t)high << 16));
}

/* A kernel of 3x3, its weights in registers. */
static EA_ALONE void ea_band_sums_fast(const ea_depthwise_t *p, int32_t c, const ea_band_t *band, int32_t rows,
                                       int32_t *sums)
{
    const int32_t length = ea_row_length(p), n = p->in_c, stride = p->stride_w, width = p->out_w, bias = p->bias[c];
    const int32_t next = p->stride_h * length;
    int32_t x;
    const int8_t *w = p->weights + c;
    int16x2_t top = ea_two(w[0], w[n]), middle = ea_two(w[3 * n], w[4 * n]), bottom = ea_two(w[6 * n], w[7 * n]);
    int16_t top2 = w[2 * n], middle2 = w[5 * n], bottom2 = w[8 * n];
    for (; rows > 0; rows--, band += next) {
        const ea_band_t *a = band, *b = a + length, *d = b + length;
        for (x = width; x > 0; x--, a += stride, b += stride, d += stride) {
            int32_t sum = __smlad(ea_load2(a), top, bias) + a[2] * top2;
            sum = __smlad(ea_load2(b), middle, sum) + b[2] * middle2;
            *sums++ = __smlad(ea_load2(d), bottom, sum) + d[2] * bottom2;
        }
    }
}

#else

static inline int ea_fits(const ea_depthwise_t *p)
{
    return p->kernel_h == 3 && p->kernel_w == 3;
}

static EA_ALONE void ea_band_sums_fast(const ea_depthwise_t *p, int32_t c, const ea_band_t *band, int32_t rows,
                                       int32_t *sums)
{
    const int32_t length = ea_row_length(p), stride = p->stride_w, width = p->out_w, bias = p->bias[c];
    const int32_t next = p->stride_h * length;
    int32_t k, x;
    int8_t w[9];
    for (k = 0; k < 9; k++)
        w[k] = p->weights[k * p->in_c + c];
    for (; rows > 0; rows--, band += next) {
        const ea_band_t *a = band, *b = a + length, *d = b + length;
        for (x = width; x > 0; x--, a += stride, b += stride, d += stride) {
            int32_t sum = bias;
            sum += a[0] * w[0], sum += a[1] * w[1], sum += a[2] * w[2];
            sum += b[0] * w[3], sum += b[1] * w[4], sum += b[2] * w[5];
            sum += d[0] * w[6], sum += d[1] * w[7], sum += d[2] * w[8];
            *sums++ = sum;
        }
    }
}

#endif

static EA_ALONE void ea_band_sums(const ea_depthwise_t *p, int32_t c, const ea_band_t *band, int32_t rows,
                                  int32_t *sums)
{
    const int32_t length = ea_row_length(p), step = p->in_c, stride = p->stride_w, outputs = p->out_w;
    const int32_t bias = p->bias[c];
    int32_t height = p->kernel_h, width = p->kernel_w, next = length - width, x, ky, kx;
    if (next == 0) { /* rows without a gap: as one */
        width *= height;
        height = 1;
    }
    for (; rows > 0; rows--, band += p->stride_h * length) {
        for (x = 0; x < outputs; x++) {
            const ea_band_t *from = band + x * stride;
            const int8_t *w = p->weights + c;
            int32_t sum = bias;
            for (ky = height; ky > 0; ky--, from += next)
                for (kx = width; kx > 0; kx--, w += step)
                    sum += *from++ * *w;
            *sums++ = sum;
        }
    }
}

/* Scale sums of one channel to outputs that are `step` apart. */
#if defined(__ARM_FEATURE_MVE)

static EA_ALONE void ea_scale_out(const int32_t *sums, int32_t count, ea_scale_t scale, int8_t *out, int32_t step)
{
    uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)step);
    for (; count >= 4; count -= 4, sums += 4, out += 4 * step)
        vstrbq_scatter_offset_s32(out, places, ea_scaled_n(vldrwq_s32(sums), scale));
    if (count) {
        mve_pred16_t some = vctp32q((uint32_t)count);
        vstrbq_scatter_offset_p_s32(out, places, ea_scaled_n(vldrwq_z_s32(sums, some), scale), some);
    }
}

#else

static EA_ALONE void ea_scale_out(const int32_t *sums, int32_t count, ea_scale_t scale, int8_t *out, int32_t step)
{
    int32_t left = scale.left + 1, right = scale.right - 1, half = 2 * scale.zero_point + 1;
    if (right < 0) {
        for (; count > 0; count--, out += step)
            *out = ea_saturated(ea_scaled(*sums++, scale));
        return;
    }
    for (; count > 0; count--, out += step) {
        int32_t high = ea_high(ea_left(*sums++, left), scale.multiplier);
        *out = ea_saturated(ea_shifted(high, right, half));
    }
}

#endif

void ea_depthwise_s8(const ea_depthwise_t *p, const int8_t *in, int8_t *out, void *scratch)
{
    int32_t length = ea_row_length(p), kept = p->kernel_h - p->stride_h, c, oy, i;
    int32_t *sums = (int32_t *)scratch;
    ea_band_t *band = (ea_band_t *)(void *)(sums + p->band_rows * p->out_w);
    kept = kept > 0 ? kept : 0;
    for (i = 0; i < ((p->band_rows - 1) * p->stride_h + p->kernel_h) * length; i++)
        band[i] = p->in_zero_point;
    for (c = 0; c < p->in_c; c++) {
        ea_scale_t scale = ea_scale(p->multiplier[c], p->shift[c], p->zero_point);
        for (oy = 0; oy < p->out_h; oy += p->band_rows) {
            int32_t rows = p->out_h - oy < p->band_rows ? p->out_h - oy : p->band_rows;
            int32_t y = oy * p->stride_h - p->pad_top, end = y + (rows - 1) * p->stride_h + p->kernel_h, old = 0;
            if (rows == p->out_h) { /* the one band of a channel: its padding is there already */
                old = p->pad_top;
                end = end < p->in_h ? end : p->in_h;
            } else if (oy > 0) { /* what the band before has loaded must not be loaded again: it may be overwritten */
                old = kept;
                for (i = 0; i < kept * length; i++)
                    band[i] = band[p->band_rows * p->stride_h * length + i];
            }
            ea_band_load(p, in, c, y + old, end, band + old * length);
            if (ea_fits(p))
                ea_band_sums_fast(p, c, band, rows, sums);
            else
                ea_band_sums(p, c, band, rows, sums);
            ea_scale_out(sums, rows * p->out_w, scale, out + oy * p->out_w * p->in_c + c, p->in_c);
        }
    }
    ea_confine(out, p->out_h * p->out_w * p->in_c, p->lo, p->hi);
}
