#include "ea_general.h"

#include "ea_scale.h"

static inline int64_t ea_general_sum(const ea_general_t *p, int s16, const void *in, int32_t y, int32_t x, int32_t c)
{
    const int8_t *weights = p->weights + c * p->step_out;
    int64_t sum = p->bias[c];
    int32_t ky, kx, k;
    for (ky = 0; ky < p->kernel_h; ky++) {
        for (kx = 0; kx < p->kernel_w; kx++) {
            int32_t row = y + ky * p->dilation_h, column = x + kx * p->dilation_w, from;
            if (row < 0 || row >= p->in_h || column < 0 || column >= p->in_w)
                continue;
            from = (row * p->in_w + column) * p->in_c + c / p->group * p->depth;
            for (k = 0; k < p->depth; k++) {
                int32_t value = s16 ? ((const int16_t *)in)[from + k] : ((const int8_t *)in)[from + k];
                sum += (value - p->in_zero_point) * weights[ky * p->step_y + kx * p->step_x + k * p->step_in];
            }
        }
    }
    return sum;
}

static inline int32_t ea_general_scaled(const ea_general_t *p, int64_t sum, int32_t c)
{
    int32_t multiplier = p->multiplier[c], shift = p->shift[c];
    if (p->wide) {
        int32_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
        return (int32_t)((sum * reduced + ((int64_t)1 << (14 - shift))) >> (15 - shift)) + p->zero_point;
    }
    return ea_scaled_wide((int32_t)sum, ea_scale(multiplier, shift, p->zero_point));
}

static inline void ea_general(const ea_general_t *p, int s16, const void *in, void *out)
{
    int32_t oy, ox, c, done = 0;
    for (oy = 0; oy < p->out_h; oy++) {
        for (ox = 0; ox < p->out_w; ox++) {
            for (c = 0; c < p->out_c; c++, done++) {
                int32_t y = oy * p->stride_h - p->pad_top, x = ox * p->stride_w - p->pad_left;
                int32_t value = ea_general_scaled(p, ea_general_sum(p, s16, in, y, x, c), c);
                value = value < p->lo ? p->lo : value > p->hi ? p->hi : value;
                if (s16)
                    ((int16_t *)out)[done] = (int16_t)value;
                else
                    ((int8_t *)out)[done] = (int8_t)value;
            }
        }
    }
}

void ea_general_s8(const ea_general_t *p, const int8_t *in, int8_t *out)
{
    ea_general(p, 0, in, out);
}

void ea_general_s16(const ea_general_t *p, const int16_t *in, int16_t *out)
{
    ea_general(p, 1, in, out);
}
