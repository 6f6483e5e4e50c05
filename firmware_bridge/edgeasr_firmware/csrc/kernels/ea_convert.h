/* Between floats and integers, and between integers of other scales. */
#ifndef EA_CONVERT_H
#define EA_CONVERT_H

#include <stdint.h>

typedef struct {
    int32_t count, multiplier, shift, in_zero_point, out_zero_point, lo, hi;
    int32_t negative_multiplier, negative_shift; /* of LEAKY_RELU */
    float scale; /* of the integers that meet floats */
} ea_convert_t;

void ea_quantise_s8(const ea_convert_t *p, const float *in, int8_t *out);
void ea_quantise_s16(const ea_convert_t *p, const float *in, int16_t *out);
void ea_dequantise_s8(const ea_convert_t *p, const int8_t *in, float *out);
void ea_dequantise_s16(const ea_convert_t *p, const int16_t *in, float *out);

/* Also RELU and RELU6. `out` may be `in` where it is not wider. */
void ea_rescale_s8_s16(const ea_convert_t *p, const int8_t *in, int16_t *out);
void ea_rescale_s16_s8(const ea_convert_t *p, const int16_t *in, int8_t *out);
void ea_rescale_s16(const ea_convert_t *p, const int16_t *in, int16_t *out);
void ea_leaky_s16(const ea_convert_t *p, const int16_t *in, int16_t *out);

#endif
