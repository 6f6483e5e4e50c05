#include "ea_convert.h"

#include "ea_scale.h"

static inline int32_t ea_confined(const ea_convert_t *p, int32_t value)
{
    return value < p->lo ? p->lo : value > p->hi ? p->hi : value;
}

/* Rounds halves away from zero; a number that is none becomes the least. */
static inline int32_t ea_quantised(const ea_convert_t *p, float value)
{
    float steps = value / p->scale;
    if (!(steps > -65536.0f))
        return p->lo;
    if (steps > 65536.0f)
        return p->hi;
    int32_t whole = (int32_t)steps; /* towards zero */
    float rest = steps - (float)whole;
    whole += rest >= 0.5f ? 1 : rest <= -0.5f ? -1 : 0;
    return ea_confined(p, whole + p->out_zero_point);
}

void ea_quantise_s8(const ea_convert_t *p, const float *in, int8_t *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++)
        out[i] = (int8_t)ea_quantised(p, in[i]);
}

void ea_quantise_s16(const ea_convert_t *p, const float *in, int16_t *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++)
        out[i] = (int16_t)ea_quantised(p, in[i]);
}

void ea_dequantise_s8(const ea_convert_t *p, const int8_t *in, float *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++)
        out[i] = (float)(in[i] - p->in_zero_point) * p->scale;
}

void ea_dequantise_s16(const ea_convert_t *p, const int16_t *in, float *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++)
        out[i] = (float)(in[i] - p->in_zero_point) * p->scale;
}

static inline int32_t ea_rescaled(const ea_convert_t *p, int32_t value)
{
    ea_scale_t scale = ea_scale(p->multiplier, p->shift, p->out_zero_point);
    return ea_confined(p, ea_scaled_wide(value - p->in_zero_point, scale));
}

void ea_rescale_s8_s16(const ea_convert_t *p, const int8_t *in, int16_t *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++)
        out[i] = (int16_t)ea_rescaled(p, in[i]);
}

void ea_rescale_s16_s8(const ea_convert_t *p, const int16_t *in, int8_t *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++)
        out[i] = (int8_t)ea_rescaled(p, in[i]);
}

void ea_rescale_s16(const ea_convert_t *p, const int16_t *in, int16_t *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++)
        out[i] = (int16_t)ea_rescaled(p, in[i]);
}

void ea_leaky_s16(const ea_convert_t *p, const int16_t *in, int16_t *out)
{
    ea_scale_t positive = ea_scale(p->multiplier, p->shift, p->out_zero_point);
    ea_scale_t negative = ea_scale(p->negative_multiplier, p->negative_shift, p->out_zero_point);
    int32_t i;
    for (i = 0; i < p->count; i++) {
        int32_t value = in[i] - p->in_zero_point;
        out[i] = (int16_t)ea_confined(p, ea_scaled_wide(value, value >= 0 ? positive : negative));
    }
}
