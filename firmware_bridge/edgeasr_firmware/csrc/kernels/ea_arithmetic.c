#include "ea_arithmetic.h"

#include "ea_scale.h"

typedef enum { EA_ADD, EA_SUB, EA_MUL } ea_operation_t;

static inline int32_t ea_element(const void *from, int32_t index, int wide)
{
    return wide ? ((const int16_t *)from)[index] : ((const int8_t *)from)[index];
}

/* The compiler makes one loop of this for every operation and width. */
static inline void ea_each(const ea_arithmetic_t *p, ea_operation_t operation, int wide, const void *a, const void *b,
                           void *out)
{
    ea_scale_t of_a = ea_scale(p->a_multiplier, p->a_shift, 0), of_b = ea_scale(p->b_multiplier, p->b_shift, 0);
    ea_scale_t of_out = ea_scale(p->out_multiplier, p->out_shift, p->out_zero_point);
    int32_t i, j, k, n, done = 0;
    for (i = 0; i < p->size[0]; i++) {
        for (j = 0; j < p->size[1]; j++) {
            for (k = 0; k < p->size[2]; k++) {
                int32_t from_a = i * p->a_step[0] + j * p->a_step[1] + k * p->a_step[2];
                int32_t from_b = i * p->b_step[0] + j * p->b_step[1] + k * p->b_step[2];
                for (n = 0; n < p->size[3]; n++, from_a += p->a_step[3], from_b += p->b_step[3], done++) {
                    int32_t x = ea_element(a, from_a, wide) - p->a_zero_point;
                    int32_t y = ea_element(b, from_b, wide) - p->b_zero_point, value;
                    if (operation == EA_MUL) {
                        value = ea_scaled_wide(x * y, of_out);
                    } else {
                        x = ea_scaled(x * (1 << p->left_shift), of_a);
                        y = ea_scaled(y * (1 << p->left_shift), of_b);
                        value = ea_scaled(operation == EA_ADD ? x + y : x - y, of_out);
                    }
                    value = value < p->lo ? p->lo : value > p->hi ? p->hi : value;
                    if (wide)
                        ((int16_t *)out)[done] = (int16_t)value;
                    else
                        ((int8_t *)out)[done] = (int8_t)value;
                }
            }
        }
    }
}

void ea_add_s8(const ea_arithmetic_t *p, const int8_t *a, const int8_t *b, int8_t *out)
{
    ea_each(p, EA_ADD, 0, a, b, out);
}

void ea_sub_s8(const ea_arithmetic_t *p, const int8_t *a, const int8_t *b, int8_t *out)
{
    ea_each(p, EA_SUB, 0, a, b, out);
}

void ea_mul_s8(const ea_arithmetic_t *p, const int8_t *a, const int8_t *b, int8_t *out)
{
    ea_each(p, EA_MUL, 0, a, b, out);
}

void ea_add_s16(const ea_arithmetic_t *p, const int16_t *a, const int16_t *b, int16_t *out)
{
    ea_each(p, EA_ADD, 1, a, b, out);
}

void ea_sub_s16(const ea_arithmetic_t *p, const int16_t *a, const int16_t *b, int16_t *out)
{
    ea_each(p, EA_SUB, 1, a, b, out);
}

void ea_mul_s16(const ea_arithmetic_t *p, const int16_t *a, const int16_t *b, int16_t *out)
{
    ea_each(p, EA_MUL, 1, a, b, out);
}
