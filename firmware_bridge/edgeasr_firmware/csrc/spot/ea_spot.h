/* The spotter: scores of one inference after the other in, keywords out, as the smoothers and the Decoder of edgeasr do
 * it. Its settings are in ea_spot_config.h, which edgeasr generates. */
#ifndef EA_SPOT_H
#define EA_SPOT_H

#include <stdint.h>

#include "ea_spot_config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The caller's memory. */
typedef struct {
    float scores[EA_SPOT_LABELS]; /* smoothed, of the last inference: for the caller to read */
#if !EA_SPOT_SMOOTHING_EXPONENTIAL
    float recent[EA_SPOT_INFERENCES][EA_SPOT_LABELS];
    uint32_t next;
#endif
    uint32_t wait[EA_SPOT_LABELS]; /* inferences in which a label is not reported again */
#if EA_SPOT_HYSTERESIS
    uint8_t fired[EA_SPOT_LABELS]; /* and its score has not fallen since */
#endif
    uint32_t best, count; /* the label that reached its threshold last, and how often in turn */
} ea_spot;

/* Forget all scores and events. */
void ea_spot_reset(ea_spot *spot);

/* Turn the int8 outputs of a model into scores, EA_SPOT_LABELS each. */
void ea_spot_dequantise(const int8_t *outputs, float *scores);

/* Take the scores of one inference. Returns the index of the label that was heard, or -1. */
int32_t ea_spot_decide(ea_spot *spot, const float *scores);

#ifdef __cplusplus
}
#endif

#endif
