/* The real FFT of KISS FFT with 16 bits, of EA_FRONTEND_FFT_SIZE = 512 samples, rounding by rounding. */
#ifndef EA_MICRO_FFT_H
#define EA_MICRO_FFT_H

#include <stdint.h>

/* Give the place of sample n among those that the transform takes. */
uint32_t ea_micro_place(uint32_t n);

/* Transform 512 samples in their places into bins 1 to 255: real and imaginary part of bin k at 2k and 2k + 1. */
void ea_micro_fft(int16_t *values, const int16_t *cosine);

#endif
