/* The integer front end of microWakeWord and of TFLM's micro_speech, to the bit; edgeasr.features.micro says what it
 * computes. All its constants are in ea_frontend_tables.h, which edgeasr generates. */
#ifndef EA_MICRO_H
#define EA_MICRO_H

#include <stdint.h>

#include "ea_frontend_config.h"

/* The caller's memory: the estimate of the noise, which goes from frame to frame, and room to compute in. */
typedef struct {
    uint32_t noise[EA_FRONTEND_BINS];
    int16_t spectrum[EA_FRONTEND_FFT_SIZE];
} ea_micro;

/* Forget the noise. */
void ea_micro_reset(ea_micro *micro);

/* Compute the frame of EA_FRONTEND_WINDOW_SAMPLES samples, the next of a stream: EA_FRONTEND_BINS features. */
void ea_micro_analyse(ea_micro *micro, const int16_t *samples, float *features);

#endif
