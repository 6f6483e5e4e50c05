/* Mean and maximum of int8 or int16 over some dimensions. */
#ifndef EA_REDUCE_H
#define EA_REDUCE_H

#include <stdint.h>

#define EA_REDUCE_DIMS 4

typedef struct {
    int32_t kept[EA_REDUCE_DIMS], kept_step[EA_REDUCE_DIMS]; /* dimensions of the output; steps in elements */
    int32_t gone[EA_REDUCE_DIMS], gone_step[EA_REDUCE_DIMS]; /* dimensions that are reduced */
    int32_t offset; /* of the sum: its zero points */
    int32_t multiplier, shift, zero_point;
} ea_reduce_t;

void ea_mean_s8(const ea_reduce_t *p, const int8_t *in, int8_t *out);
void ea_mean_s16(const ea_reduce_t *p, const int16_t *in, int16_t *out);
void ea_max_s8(const ea_reduce_t *p, const int8_t *in, int8_t *out);
void ea_max_s16(const ea_reduce_t *p, const int16_t *in, int16_t *out);

#endif
