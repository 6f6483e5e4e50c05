/* The front end: samples of a stream to frames of features, as FrontendConfig of edgeasr says. What kind of features,
 * and all sizes, are in ea_frontend_config.h and ea_frontend_tables.h, which edgeasr generates. */
#ifndef EA_FRONTEND_H
#define EA_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

#include "ea_frontend_config.h"

#if EA_FRONTEND_MICRO
#include "ea_micro.h"
#else
#include "ea_fft.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The caller's memory; all of it is the front end's. */
typedef struct {
    int16_t samples[EA_FRONTEND_WINDOW_SAMPLES];
    uint32_t filled;
#if EA_FRONTEND_MICRO
    ea_micro micro;
#else
    ea_bin bins[EA_FRONTEND_FFT_SIZE / 2 + 1];
#endif
} ea_frontend;

/* Forget all audio: the next frame begins with the next sample. */
void ea_frontend_reset(ea_frontend *frontend);

/* Take samples until a frame is complete or none are left.
 *
 * samples, count: moved past what was taken.
 * features: EA_FRONTEND_BINS values, written when a frame is complete.
 * Returns whether it is:
 *
 *     while (ea_frontend_feed(&frontend, &samples, &count, features))
 *         use(features);
 */
bool ea_frontend_feed(ea_frontend *frontend, const int16_t **samples, uint32_t *count, float *features);

/* Quantise values for a model's int8 input: clip(round(value / scale) + zero_point), halves to the even number. */
void ea_quantise(const float *values, int8_t *quantised, uint32_t count, float scale, int32_t zero_point);

#ifdef __cplusplus
}
#endif

#endif
