#include "ea_float.h"

typedef enum { EA_FLOAT_ADD, EA_FLOAT_SUB, EA_FLOAT_MUL } ea_float_operation_t;

static inline float ea_limited(float value, float lo, float hi) { return value < lo ? lo : value > hi ? hi : value; }

/* The compiler makes one loop of this for every operation. */
static inline void ea_each_float(const ea_float_t *p, ea_float_operation_t operation, const float *a, const float *b,
                                 float *out)
{
    int32_t i, j, k, n, done = 0;
    for (i = 0; i < p->size[0]; i++) {
        for (j = 0; j < p->size[1]; j++) {
            for (k = 0; k < p->size[2]; k++) {
                int32_t from_a = i * p->a_step[0] + j * p->a_step[1] + k * p->a_step[2];
                int32_t from_b = i * p->b_step[0] + j * p->b_step[1] + k * p->b_step[2];
                for (n = 0; n < p->size[3]; n++, from_a += p->a_step[3], from_b += p->b_step[3], done++) {
                    float x = a[from_a], y = b[from_b];
                    float value = operation == EA_FLOAT_MUL ? x * y : operation == EA_FLOAT_ADD ? x + y : x - y;
                    out[done] = ea_limited(value, p->lo, p->hi);
                }
            }
        }
    }
}

void ea_add_f32(const ea_float_t *p, const float *a, const float *b, float *out)
{
    ea_each_float(p, EA_FLOAT_ADD, a, b, out);
}

void ea_sub_f32(const ea_float_t *p, const float *a, const float *b, float *out)
{
    ea_each_float(p, EA_FLOAT_SUB, a, b, out);
}

void ea_mul_f32(const ea_float_t *p, const float *a, const float *b, float *out)
{
    ea_each_float(p, EA_FLOAT_MUL, a, b, out);
}

void ea_limit_f32(int32_t count, float lo, float hi, const float *in, float *out)
{
    int32_t i;
    for (i = 0; i < count; i++)
        out[i] = ea_limited(in[i], lo, hi);
}
