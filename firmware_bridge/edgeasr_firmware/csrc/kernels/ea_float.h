/* What int8 models keep in float32: sums, differences and products of two tensors, with broadcasting, and limits. */
#ifndef EA_FLOAT_H
#define EA_FLOAT_H

#include <stdint.h>

#define EA_FLOAT_DIMS 4

typedef struct {
    int32_t size[EA_FLOAT_DIMS];                          /* of the output */
    int32_t a_step[EA_FLOAT_DIMS], b_step[EA_FLOAT_DIMS]; /* elements; 0 where one is repeated */
    float lo, hi;
} ea_float_t;

void ea_add_f32(const ea_float_t *p, const float *a, const float *b, float *out);
void ea_sub_f32(const ea_float_t *p, const float *a, const float *b, float *out);
void ea_mul_f32(const ea_float_t *p, const float *a, const float *b, float *out);
void ea_limit_f32(int32_t count, float lo, float hi, const float *in, float *out);

#endif
