#include "ea_spot.h"

/* Whether each label is reported; for logits exp(-n * scale). */
#include "ea_spot_tables.h"

void ea_spot_reset(ea_spot *spot)
{
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++) {
        for (uint32_t inference = 0; inference < EA_SPOT_INFERENCES; inference++)
            spot->recent[inference][label] = 0;
        spot->scores[label] = 0;
        spot->wait[label] = 0;
    }
    spot->next = 0;
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

int32_t ea_spot_decide(ea_spot *spot, const float *scores)
{
    uint32_t best = 0;
    for (uint32_t label = 0; label < EA_SPOT_LABELS; label++) {
        spot->recent[spot->next][label] = scores[label];
        float sum = 0;
        for (uint32_t inference = 0; inference < EA_SPOT_INFERENCES; inference++)
            sum += spot->recent[inference][label];
        spot->scores[label] = sum / EA_SPOT_INFERENCES;
        if (spot->scores[label] > spot->scores[best])
            best = label;
        if (spot->wait[label])
            spot->wait[label]--;
    }
    spot->next = (spot->next + 1) % EA_SPOT_INFERENCES;
    if (!ea_spot_reported[best] || spot->scores[best] < EA_SPOT_THRESHOLD || spot->wait[best])
        return -1;
    spot->wait[best] = EA_SPOT_WAIT_INFERENCES;
    return (int32_t)best;
}
