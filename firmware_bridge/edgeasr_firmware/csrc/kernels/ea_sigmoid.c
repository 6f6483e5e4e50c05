#include "ea_sigmoid.h"

static int32_t ea_place(const ea_sigmoid_t *p, int32_t value)
{
    return (int32_t)(((int64_t)value * p->factor + ((1 << p->shift) >> 1)) >> p->shift);
}

/* The function at a distance from 0 with `bits` bits behind the point; `end` is what lies behind the table. */
static int32_t ea_between(const ea_sigmoid_t *p, int32_t distance, int32_t bits, int32_t end)
{
    int32_t index = distance >> bits, rest = distance & ((1 << bits) - 1);
    if (index >= 255)
        return end;
    return ((int32_t)p->knots[index] << bits) + rest * (p->knots[index + 1] - p->knots[index]);
}

int16_t ea_logistic_of(const ea_sigmoid_t *p, int32_t value)
{
    int32_t x = ea_place(p, value), result = ea_between(p, x < 0 ? -x : x, 9, 0x7fff << 10);
    result = x >= 0 ? result + (1 << 9) : (1 << 25) - result + (1 << 9) - 1;
    return (int16_t)(result >> 10);
}

int16_t ea_tanh_of(const ea_sigmoid_t *p, int32_t value)
{
    int32_t x = ea_place(p, value), result = ea_between(p, x < 0 ? -x : x, 8, 0xffff << 8);
    result = x >= 0 ? result - (1 << 23) + (1 << 7) : -result + (1 << 23) + (1 << 7) - 1;
    return (int16_t)(result >> 8);
}

void ea_logistic_s16(const ea_sigmoid_t *p, int32_t count, const int16_t *in, int16_t *out)
{
    for (; count > 0; count--)
        *out++ = ea_logistic_of(p, *in++);
}

void ea_tanh_s16(const ea_sigmoid_t *p, int32_t count, const int16_t *in, int16_t *out)
{
    for (; count > 0; count--)
        *out++ = ea_tanh_of(p, *in++);
}
