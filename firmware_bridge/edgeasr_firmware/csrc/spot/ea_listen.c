#include "ea_listen.h"

#include "model.h"

/* Put a frame behind the window, whose first one falls out. */
static void append(ea_listener *listener, const float *features)
{
    int8_t *last = listener->window + (EA_FRONTEND_FRAMES - 1) * EA_FRONTEND_BINS;
    for (int8_t *value = listener->window; value < last; value++)
        *value = value[EA_FRONTEND_BINS];
    ea_quantise(features, last, EA_FRONTEND_BINS, EA_MODEL_INPUT_0_SCALE, EA_MODEL_INPUT_0_ZERO_POINT);
}

void ea_listen_reset(ea_listener *listener)
{
    const int16_t silence = 0;
    float features[EA_FRONTEND_BINS];
    ea_spot_reset(&listener->spot);
    ea_frontend_reset(&listener->frontend);
    listener->missing = EA_SPOT_HOP_FRAMES;
    for (bool complete = false; !complete;) {
        const int16_t *samples = &silence;
        uint32_t count = 1;
        complete = ea_frontend_feed(&listener->frontend, &samples, &count, features);
    }
    for (uint32_t frame = 0; frame < EA_FRONTEND_FRAMES; frame++)
        append(listener, features);
}

bool ea_listen_feed(ea_listener *listener, void *arena, const int16_t **samples, uint32_t *count, int32_t *heard)
{
    float features[EA_FRONTEND_BINS], scores[EA_SPOT_LABELS];
    do {
        if (!ea_frontend_feed(&listener->frontend, samples, count, features))
            return false;
        append(listener, features);
    } while (--listener->missing);
    listener->missing = EA_SPOT_HOP_FRAMES;
    for (uint32_t i = 0; i < sizeof listener->window; i++) /* the model may overwrite its input */
        ea_model_input_0(arena)[i] = listener->window[i];
    ea_model_run(arena);
    ea_spot_dequantise(ea_model_output_0(arena), scores);
    *heard = ea_spot_decide(&listener->spot, scores);
    return true;
}
