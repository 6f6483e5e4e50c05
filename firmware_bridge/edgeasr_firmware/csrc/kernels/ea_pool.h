/* Pooling over windows of int8 or int16 [in_h, in_w, channels]; padding does not count. */
#ifndef EA_POOL_H
#define EA_POOL_H

#include <stdint.h>

typedef struct {
    int32_t in_h, in_w, channels, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
    int32_t lo, hi; /* range of the outputs */
} ea_pool_t;

void ea_average_pool_s8(const ea_pool_t *p, const int8_t *in, int8_t *out);
void ea_max_pool_s8(const ea_pool_t *p, const int8_t *in, int8_t *out);
void ea_average_pool_s16(const ea_pool_t *p, const int16_t *in, int16_t *out);
void ea_max_pool_s16(const ea_pool_t *p, const int16_t *in, int16_t *out);

#endif
