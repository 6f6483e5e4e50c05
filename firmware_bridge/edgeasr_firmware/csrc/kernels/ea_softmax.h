/* Softmax over the last dimension of int8 [rows, depth]. */
#ifndef EA_SOFTMAX_H
#define EA_SOFTMAX_H

#include <stdint.h>

typedef struct {
    const int32_t *exponentials; /* of -0, -1, -2 .. steps below the largest input, 31 fractional bits */
    int32_t count, rows, depth;
} ea_softmax_t;

/* Both may be the same memory. The output has the scale 1/256 and the zero point -128. */
void ea_softmax_s8(const ea_softmax_t *p, const int8_t *in, int8_t *out);

/* The output has the scale 1/65536 and the zero point -32768. */
void ea_softmax_s8_s16(const ea_softmax_t *p, const int8_t *in, int16_t *out);

typedef struct {
    const int16_t *exponentials, *reciprocals; /* [513] knots from -10 to 0, and of 1 / (1 + x) from 0 to 1 */
    int32_t multiplier, shift, rows, depth;
} ea_softmax_wide_t;

/* The output has the scale 1/32768. Both may be the same memory. */
void ea_softmax_s16(const ea_softmax_wide_t *p, const int16_t *in, int16_t *out);

#endif
