/* Depthwise convolution of int8 [in_h, in_w, in_c] to int8 [out_h, out_w, in_c], without dilation. */
#ifndef EA_DEPTHWISE_H
#define EA_DEPTHWISE_H

#include <stdint.h>

typedef struct {
    const int8_t *weights; /* [kernel_h, kernel_w, in_c]; 15 bytes behind the last may be read */
    const int32_t *bias;   /* [in_c], the input's zero point folded in */
    const int32_t *multiplier;
    const int8_t *shift; /* positive: to the left */
    int32_t in_h, in_w, in_c, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w;
    int32_t pad_top, pad_left, band_rows, zero_point;
    int8_t in_zero_point, lo, hi;
} ea_depthwise_t;

/* Goes through bands of `band_rows` output rows. With stride 1 and an output as large as the
 * input, both may be the same memory. `scratch`, aligned to 4, holds 4 bytes for each output of a band and channel, and
 * 2 for each of (band_rows - 1) * stride_h + kernel_h rows of (out_w - 1) * stride_w + kernel_w columns. */
void ea_depthwise_s8(const ea_depthwise_t *p, const int8_t *in, int8_t *out, void *scratch);

#endif
