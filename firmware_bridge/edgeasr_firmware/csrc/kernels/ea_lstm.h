/* LSTM with integer gates: int8 or int16 in and out, an int16 cell. */
#ifndef EA_LSTM_H
#define EA_LSTM_H

#include "ea_sigmoid.h"

typedef struct {
    const int8_t *weights;    /* of the input, [states, inputs] */
    const int8_t *recurrent;  /* of the state, [states, states] */
    const int64_t *bias;      /* [states], the input's zero point folded in */
    const int64_t *recurrent_bias; /* [states]: the state's zero point */
    int32_t multiplier, shift, recurrent_multiplier, recurrent_shift;
} ea_gate_t;

typedef struct {
    ea_gate_t input, forget, cell, output;
    ea_sigmoid_t gate;      /* of gates, 12 fractional bits */
    ea_sigmoid_t cell_tanh; /* of the cell */
    int32_t keep_multiplier, keep_shift, update_multiplier, update_shift, out_multiplier, out_shift, out_zero_point;
    int32_t cell_limit;     /* 0: none */
    int32_t batch, frames, inputs, states, batch_step, frame_step; /* steps in vectors: [batch, frames] or turned */
} ea_lstm_t;

/* hidden: as out, [batch, states]; cell: int16 [batch, states]; both are kept for the next call.
 * scratch: int16 [states] and the new hidden state, 4 * states bytes. */
void ea_lstm_s8(const ea_lstm_t *p, const int8_t *in, int8_t *hidden, int16_t *cell, int8_t *out, void *scratch);
void ea_lstm_s16(const ea_lstm_t *p, const int16_t *in, int16_t *hidden, int16_t *cell, int16_t *out, void *scratch);

#endif
