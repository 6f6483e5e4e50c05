/* Logistic function and hyperbolic tangent of int16, between the knots of a table. */
#ifndef EA_SIGMOID_H
#define EA_SIGMOID_H

#include <stdint.h>

typedef struct {
    const uint16_t *knots; /* [256] of the logistic function, 24 a unit, 16 fractional bits */
    int32_t factor, shift; /* the place of a value is (value * factor + half) >> shift */
} ea_sigmoid_t;

int16_t ea_logistic_of(const ea_sigmoid_t *p, int32_t value);
int16_t ea_tanh_of(const ea_sigmoid_t *p, int32_t value);

/* Both may be the same memory. */
void ea_logistic_s16(const ea_sigmoid_t *p, int32_t count, const int16_t *in, int16_t *out);
void ea_tanh_s16(const ea_sigmoid_t *p, int32_t count, const int16_t *in, int16_t *out);

#endif
