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

#endif
