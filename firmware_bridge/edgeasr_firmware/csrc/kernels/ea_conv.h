/* 2-D convolution of int8 [in_h, in_w, in_c] to int8 [out_h, out_w, channels]. */
#ifndef EA_CONV_H
#define EA_CONV_H

#include "ea_dense.h"

typedef struct {
    ea_dense_t dense; /* depth = kernel_h * kernel_w * in_c */
    int32_t in_h, in_w, in_c, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int8_t in_zero_point;
} ea_conv_t;

/* `scratch` holds EA_TILE * (EA_COLUMN_BYTES(depth) + 4 * channels) + depth bytes, aligned to 8. */
void ea_conv_s8(const ea_conv_t *p, const int8_t *in, int8_t *out, void *scratch);

#endif
