#include "ea_reduce.h"

#include "ea_scale.h"

typedef enum { EA_SUM, EA_MOST } ea_reduction_t;

static inline int32_t ea_reduced(const ea_reduce_t *p, ea_reduction_t reduction, int wide, const void *in, int32_t from)
{
    int32_t result = reduction == EA_SUM ? 0 : -32768, i, j, k, n;
    for (i = 0; i < p->gone[0]; i++) {
        for (j = 0; j < p->gone[1]; j++) {
            for (k = 0; k < p->gone[2]; k++) {
                int32_t at = from + i * p->gone_step[0] + j * p->gone_step[1] + k * p->gone_step[2];
                for (n = 0; n < p->gone[3]; n++, at += p->gone_step[3]) {
                    int32_t value = wide ? ((const int16_t *)in)[at] : ((const int8_t *)in)[at];
                    result = reduction == EA_SUM ? result + value : value > result ? value : result;
                }
            }
        }
    }
    return result;
}

static inline void ea_reduce(const ea_reduce_t *p, ea_reduction_t reduction, int wide, const void *in, void *out)
{
    ea_scale_t scale = ea_scale(p->multiplier, p->shift, p->zero_point);
    int32_t most = wide ? 32767 : 127, i, j, k, n, done = 0;
    for (i = 0; i < p->kept[0]; i++) {
        for (j = 0; j < p->kept[1]; j++) {
            for (k = 0; k < p->kept[2]; k++) {
                int32_t from = i * p->kept_step[0] + j * p->kept_step[1] + k * p->kept_step[2];
                for (n = 0; n < p->kept[3]; n++, from += p->kept_step[3], done++) {
                    int32_t value = ea_reduced(p, reduction, wide, in, from);
                    if (reduction == EA_SUM) {
                        value = ea_scaled_wide(value - p->offset, scale);
                        value = value > most ? most : value < -most - 1 ? -most - 1 : value;
                    }
                    if (wide)
                        ((int16_t *)out)[done] = (int16_t)value;
                    else
                        ((int8_t *)out)[done] = (int8_t)value;
                }
            }
        }
    }
}

void ea_mean_s8(const ea_reduce_t *p, const int8_t *in, int8_t *out)
{
    ea_reduce(p, EA_SUM, 0, in, out);
}

void ea_mean_s16(const ea_reduce_t *p, const int16_t *in, int16_t *out)
{
    ea_reduce(p, EA_SUM, 1, in, out);
}

void ea_max_s8(const ea_reduce_t *p, const int8_t *in, int8_t *out)
{
    ea_reduce(p, EA_MOST, 0, in, out);
}

void ea_max_s16(const ea_reduce_t *p, const int16_t *in, int16_t *out)
{
    ea_reduce(p, EA_MOST, 1, in, out);
}
