/* Convolutions of every kind, slowly: what the fast kernels leave out (int16, groups, depth multipliers, dilated
 * depthwise kernels, sums beyond 30 bits). */
#ifndef EA_GENERAL_H
#define EA_GENERAL_H

#include <stdint.h>

typedef struct {
    const int8_t *weights;
    const int64_t *bias; /* [out_c] */
    const int32_t *multiplier;
    const int8_t *shift; /* positive: to the left */
    int32_t in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t depth;                             /* input channels of one output channel */
    int32_t group;                             /* output channels that share them */
    int32_t step_out, step_y, step_x, step_in; /* between weights */
    int32_t in_zero_point, zero_point, lo, hi;
    int32_t wide; /* the sum is scaled from 64 bits, by 16 bits of the multiplier, as most layers of int16 are */
} ea_general_t;

void ea_general_s8(const ea_general_t *p, const int8_t *in, int8_t *out);
void ea_general_s16(const ea_general_t *p, const int16_t *in, int16_t *out);

#endif
