/* From samples to keywords: front end, model and spotter, one behind the other, as the class Spotter of edgeasr. */
#ifndef EA_LISTEN_H
#define EA_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "ea_frontend.h"
#include "ea_spot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The caller's memory; the model's arena comes on top. */
typedef struct {
    ea_frontend frontend;
    ea_spot spot;
    int8_t window[EA_FRONTEND_FRAMES * EA_FRONTEND_BINS]; /* quantised, what the model sees */
    uint32_t missing;                                     /* frames until the next inference */
} ea_listener;

/* Begin a stream, after silence. The arena is one that `ea_model_start` has prepared. */
void ea_listen_reset(ea_listener *listener);

/* Take samples until an inference is done or none are left.
 *
 * samples, count: moved past what was taken.
 * heard: the index of the label that the inference brought about, or -1; its score is in listener->spot.scores.
 * Returns whether there was an inference.
 */
bool ea_listen_feed(ea_listener *listener, void *arena, const int16_t **samples, uint32_t *count, int32_t *heard);

#ifdef __cplusplus
}
#endif

#endif
