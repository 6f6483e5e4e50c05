/* Power spectrum of real numbers in fixed point, in blocks that share an exponent: exact where float32 loses the digits
 * of a quiet band beside a loud one, and no work for an FPU. */
#ifndef EA_FFT_H
#define EA_FFT_H

#include <stdint.h>

typedef struct {
    int32_t re, im;
} ea_complex;

typedef union {
    ea_complex number;
    uint64_t power;
} ea_bin;

/* Replace numbers by the power of their spectrum.
 *
 * bins: in: size / 2 times x[2n], x[2n + 1] as re and im of `number`, |x| < 2^30;
 *       out: size / 2 + 1 times |X[k]|^2 as `power`, X = sum x[n] W^(nk).
 * sine: size values of sin(2 pi n / size) * 2^29.
 * size: a power of two, 8 to 32768.
 * Returns e: the powers are to be multiplied by 4^e. */
int ea_fft_power(ea_bin *bins, const int32_t *sine, uint32_t size);

#endif
