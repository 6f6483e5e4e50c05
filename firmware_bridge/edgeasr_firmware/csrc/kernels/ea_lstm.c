#include "ea_lstm.h"

#include "ea_scale.h"

static int32_t ea_short(int32_t value)
{
    return value < -32768 ? -32768 : value > 32767 ? 32767 : value;
}

static int32_t ea_wider(int64_t sum, int32_t multiplier, int32_t shift, int s16)
{
    int32_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
    if (!s16)
        return ea_scaled_wide((int32_t)sum, ea_scale(multiplier, shift, 0));
    return (int32_t)((sum * reduced + ((int64_t)1 << (14 - shift))) >> (15 - shift));
}

static inline int64_t ea_row(const int8_t *weights, const void *values, int32_t count, int64_t sum, int s16)
{
    int32_t k;
    for (k = 0; k < count; k++)
        sum += weights[k] * (s16 ? ((const int16_t *)values)[k] : ((const int8_t *)values)[k]);
    return sum;
}

/* State i of a gate before its function. */
static inline int32_t ea_gate(const ea_lstm_t *p, const ea_gate_t *gate, int32_t i, const void *in, const void *hidden,
                              int s16)
{
    int64_t of_input = ea_row(gate->weights + i * p->inputs, in, p->inputs, gate->bias[i], s16);
    int64_t of_state = ea_row(gate->recurrent + i * p->states, hidden, p->states, gate->recurrent_bias[i], s16);
    return ea_short(ea_short(ea_wider(of_input, gate->multiplier, gate->shift, s16)) +
                    ea_short(ea_wider(of_state, gate->recurrent_multiplier, gate->recurrent_shift, s16)));
}

static int32_t ea_times(int32_t a, int32_t b, int32_t multiplier, int32_t shift)
{
    return ea_short(ea_scaled_wide(a * b, ea_scale(multiplier, shift, 0)));
}

/* One frame of one sequence: the new state goes to `next`. */
static inline void ea_frame(const ea_lstm_t *p, const void *in, const void *hidden, int16_t *cell, void *next, int s16)
{
    int32_t i;
    for (i = 0; i < p->states; i++) {
        int32_t forget = ea_logistic_of(&p->gate, ea_gate(p, &p->forget, i, in, hidden, s16));
        int32_t enter = ea_logistic_of(&p->gate, ea_gate(p, &p->input, i, in, hidden, s16));
        int32_t added = ea_tanh_of(&p->gate, ea_gate(p, &p->cell, i, in, hidden, s16));
        int32_t leave = ea_logistic_of(&p->gate, ea_gate(p, &p->output, i, in, hidden, s16)), value;
        value = ea_short(ea_times(forget, cell[i], p->keep_multiplier, p->keep_shift) +
                         ea_times(enter, added, p->update_multiplier, p->update_shift));
        if (p->cell_limit)
            value = value < -p->cell_limit ? -p->cell_limit : value > p->cell_limit ? p->cell_limit : value;
        cell[i] = (int16_t)value;
        value = ea_tanh_of(&p->cell_tanh, value) * leave;
        value = ea_scaled_wide(value, ea_scale(p->out_multiplier, p->out_shift, p->out_zero_point));
        if (s16)
            ((int16_t *)next)[i] = (int16_t)ea_short(value);
        else
            ((int8_t *)next)[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}

static inline void ea_lstm(const ea_lstm_t *p, const void *in, void *hidden, int16_t *cell, void *out, void *scratch,
                           int s16)
{
    int32_t bytes = s16 ? 2 : 1, b, frame, i;
    const uint8_t *new_state = (const uint8_t *)scratch;
    for (b = 0; b < p->batch; b++) {
        uint8_t *state = (uint8_t *)hidden + b * p->states * bytes;
        for (frame = 0; frame < p->frames; frame++) {
            int32_t place = b * p->batch_step + frame * p->frame_step;
            uint8_t *to = (uint8_t *)out + place * p->states * bytes;
            ea_frame(p, (const uint8_t *)in + place * p->inputs * bytes, state, cell + b * p->states, scratch, s16);
            for (i = 0; i < p->states * bytes; i++)
                to[i] = state[i] = new_state[i];
        }
    }
}

void ea_lstm_s8(const ea_lstm_t *p, const int8_t *in, int8_t *hidden, int16_t *cell, int8_t *out, void *scratch)
{
    ea_lstm(p, in, hidden, cell, out, scratch, 0);
}

void ea_lstm_s16(const ea_lstm_t *p, const int16_t *in, int16_t *hidden, int16_t *cell, int16_t *out, void *scratch)
{
    ea_lstm(p, in, hidden, cell, out, scratch, 1);
}
