/* Element-wise sums, differences and products of two tensors, with broadcasting. */
#ifndef EA_ARITHMETIC_H
#define EA_ARITHMETIC_H

#include <stdint.h>

#define EA_ARITHMETIC_DIMS 4

typedef struct {
    int32_t size[EA_ARITHMETIC_DIMS];                                       /* of the output */
    int32_t a_step[EA_ARITHMETIC_DIMS], b_step[EA_ARITHMETIC_DIMS]; /* elements; 0 where one is repeated */
    int32_t a_zero_point, b_zero_point, out_zero_point, lo, hi;
    int32_t left_shift, a_multiplier, a_shift, b_multiplier, b_shift; /* of sums */
    int32_t out_multiplier, out_shift;
} ea_arithmetic_t;

void ea_add_s8(const ea_arithmetic_t *p, const int8_t *a, const int8_t *b, int8_t *out);
void ea_sub_s8(const ea_arithmetic_t *p, const int8_t *a, const int8_t *b, int8_t *out);
void ea_mul_s8(const ea_arithmetic_t *p, const int8_t *a, const int8_t *b, int8_t *out);
void ea_add_s16(const ea_arithmetic_t *p, const int16_t *a, const int16_t *b, int16_t *out);
void ea_sub_s16(const ea_arithmetic_t *p, const int16_t *a, const int16_t *b, int16_t *out);
void ea_mul_s16(const ea_arithmetic_t *p, const int16_t *a, const int16_t *b, int16_t *out);

#endif
