#include "ea_spot.h"

/* Whether each label is reported, and from which score on; below which score it may be again; for logits
 * exp(-n * scale). */
#include "ea_spot_tables.h"

void ea_spot_reset(ea_spot *spot)
{
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++) {
#if !EA_SPOT_SMOOTHING_EXPONENTIAL
        for (uint32_t inference = 0; inference < EA_SPOT_INFERENCES; inference++)
            spot->recent[inference][label] = 0;
#endif
#if EA_SPOT_HYSTERESIS
        spot->fired[label] = 0;
#endif
        spot->scores[label] = 0;
        spot->wait[label] = 0;
    }
#if !EA_SPOT_SMOOTHING_EXPONENTIAL
    spot->next = 0;
#endif
    spot->best = 0;
    spot->count = 0;
}

#if EA_SPOT_LOGITS
void ea_spot_dequantise(const int8_t *outputs, float *scores)
{
    int32_t highest = outputs[0];
    for (uint32_t label = 1; label < EA_SPOT_LABELS; label++)
        if (outputs[label] > highest)
            highest = outputs[label];
    float sum = 0;
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++) {
        scores[label] = ea_spot_exponentials[highest - outputs[label]];
        sum += scores[label];
    }
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++)
        scores[label] /= sum;
}
#else
void ea_spot_dequantise(const int8_t *outputs, float *scores)
{
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++)
        scores[label] = (float)(outputs[label] - EA_SPOT_ZERO_POINT) * EA_SPOT_SCALE;
}
#endif

#if EA_SPOT_SMOOTHING_EXPONENTIAL
static void smooth(ea_spot *spot, const float *scores)
{
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++)
        spot->scores[label] += (2.0f / (EA_SPOT_INFERENCES + 1)) * (scores[label] - spot->scores[label]);
}
#else
static void smooth(ea_spot *spot, const float *scores)
{
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++) {
        spot->recent[spot->next][label] = scores[label];
        float smoothed = 0;
        for (uint32_t inference = 0; inference < EA_SPOT_INFERENCES; inference++) {
            const float score = spot->recent[inference][label];
#if EA_SPOT_SMOOTHING_MAX
            if (score > smoothed)
                smoothed = score;
#else
            smoothed += score;
#endif
        }
        spot->scores[label] = EA_SPOT_SMOOTHING_MAX ? smoothed : smoothed / EA_SPOT_INFERENCES;
    }
    spot->next = (spot->next + 1) % EA_SPOT_INFERENCES;
}
#endif

int32_t ea_spot_decide(ea_spot *spot, const float *scores)
{
    uint32_t best = 0;
    smooth(spot, scores);
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++) {
        if (spot->scores[label] > spot->scores[best])
            best = label;
        if (spot->wait[label])
            spot->wait[label]--;
#if EA_SPOT_HYSTERESIS
        if (spot->scores[label] < ea_spot_releases[label])
            spot->fired[label] = 0;
#endif
    }
    if (!ea_spot_reported[best] || spot->scores[best] < ea_spot_thresholds[best]) {
        spot->count = 0;
        return -1;
    }
    spot->count = spot->count && best == spot->best ? spot->count + (spot->count < EA_SPOT_MINIMUM_COUNT) : 1;
    spot->best = best;
    if (spot->count < EA_SPOT_MINIMUM_COUNT || spot->wait[best])
        return -1;
#if EA_SPOT_HYSTERESIS
    if (spot->fired[best])
        return -1;
    spot->fired[best] = 1;
#endif
    spot->wait[best] = EA_SPOT_WAIT_INFERENCES;
    return (int32_t)best;
}
