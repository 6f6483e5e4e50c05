#include "ea_micro.h"

/* The window; the cosine of the FFT; of each bin that is used the channel whose filter rises over it, its weight there
 * and in the channel after that; of each number of bits of the noise the parabola of the gain; log2(1 + x) - x. */
#include "ea_frontend_tables.h"
#include "ea_math.h"
#include "ea_micro_fft.h"

/* Returns by how many bits the samples were scaled up. */
static int apply_window(const int16_t *samples, int16_t *values)
{
    int32_t highest = 0;
    for (uint32_t n = 0; n < EA_FRONTEND_FFT_SIZE; n++) {
        const int32_t value =
            n < EA_FRONTEND_WINDOW_SAMPLES ? (samples[n] * ea_micro_window[n]) >> EA_MICRO_WINDOW_BITS : 0;
        const int32_t magnitude = value < 0 ? -value : value;
        values[ea_micro_place(n)] = (int16_t)value;
        if (magnitude > highest && value != INT16_MIN) /* which has no magnitude in 16 bits */
            highest = magnitude;
    }
    const int shift = 15 - ea_length((uint32_t)highest);
    for (uint32_t n = 0; n < EA_FRONTEND_FFT_SIZE; n++)
        values[n] = (int16_t)(uint16_t)((uint32_t)(uint16_t)values[n] << shift);
    return shift;
}

/* The nearest whole number to the root; of a number of 32 bits it has 16. */
static uint32_t root(uint64_t value)
{
    uint64_t rest = value, result = 0;
    for (uint64_t bit = UINT64_C(1) << ((ea_length64(value | 1) - 1) & ~1); bit; bit >>= 2) {
        if (rest >= result + bit) {
            rest -= result + bit;
            result = (result >> 1) + bit;
        } else {
            result >>= 1;
        }
    }
    return (uint32_t)(rest > result && result != 0xFFFF ? result + 1 : result);
}

/* Sum the energy of each channel, and give the root of it. */
static void sum_channels(const int16_t *values, int shift, uint32_t *signal)
{
    uint64_t rising = 0, falling = 0;
    uint32_t channel = 0;
    for (uint32_t i = 0; channel <= EA_FRONTEND_BINS; i++) {
        const uint32_t next = i < EA_MICRO_USED_BINS ? ea_micro_channels[i] : EA_FRONTEND_BINS + 1;
        for (; channel < next; channel++) {
            if (channel > 0)
                signal[channel - 1] = root(rising) >> shift;
            rising = falling;
            falling = 0;
        }
        if (i < EA_MICRO_USED_BINS) {
            const int32_t re = values[2 * (EA_MICRO_FIRST_BIN + i)], im = values[2 * (EA_MICRO_FIRST_BIN + i) + 1];
            const uint64_t energy = (uint32_t)(re * re) + (uint32_t)(im * im);
            rising += energy * (uint32_t)ea_micro_rising[i];
            falling += energy * (uint32_t)ea_micro_falling[i];
        }
    }
}

/* Bring the estimate of the noise up to date; give the signal without it, but not less than a share of the signal. */
static uint32_t subtract(uint32_t signal, uint32_t smoothing, uint32_t *noise)
{
    const uint32_t raised = signal << EA_MICRO_SIGNAL_BITS, whole = 1u << EA_MICRO_NOISE_BITS;
    *noise = (uint32_t)(((uint64_t)raised * smoothing + (uint64_t)*noise * (whole - smoothing)) >> EA_MICRO_NOISE_BITS);
    const uint32_t taken = *noise < raised ? *noise : raised;
    const uint32_t left = (raised - taken) >> EA_MICRO_SIGNAL_BITS;
    const uint32_t least = (uint32_t)(((uint64_t)signal * EA_MICRO_LEAST_SIGNAL) >> EA_MICRO_NOISE_BITS);
    return left > least ? left : least;
}

/* Divide a signal by a power of the noise, and compress it. */
static uint32_t amplify(uint32_t signal, uint32_t noise)
{
    const int bits = ea_length(noise);
    int32_t gain = ea_micro_gains[0][bits];
    if (bits > 1) {
        const int32_t within = (bits < 11 ? noise << (11 - bits) : noise >> (bits - 11)) & 0x3FF;
        gain += (((ea_micro_gains[2][bits] * within >> 5) + ea_micro_gains[1][bits] * 32) * within + (1 << 14)) >> 15;
    }
    const uint32_t ratio = (uint32_t)(((uint64_t)signal * (uint32_t)gain) >> EA_MICRO_GAIN_SHIFT);
    return ratio < 2u << EA_MICRO_SNR_BITS ? ratio * ratio >> (2 * EA_MICRO_SNR_BITS - 4)
                                           : (ratio >> (EA_MICRO_SNR_BITS - 6)) - 64;
}

/* 64 times the natural logarithm, at most 65535. */
static uint32_t logarithm(uint32_t signal)
{
    const uint32_t value = signal << EA_MICRO_CORRECTION_BITS;
    if (value < 2)
        return 0;
    const int whole = ea_length(value) - 1;
    const uint32_t share = (uint32_t)(((uint64_t)value << 16) >> whole) & 0xFFFF, segment = share >> 9;
    const int32_t low = ea_micro_logs[segment], step = ea_micro_logs[segment + 1] - low;
    const uint32_t log2 =
        ((uint32_t)whole << 16) + share + (uint32_t)(low + (step * (int32_t)(share & 0x1FF) >> 16));
    const uint32_t natural = (uint32_t)(((uint64_t)EA_MICRO_LOG_COEFFICIENT * log2 + 32768) >> 16);
    const uint32_t result = ((natural << EA_MICRO_LOG_SHIFT) + 32768) >> 16;
    return result < 0xFFFF ? result : 0xFFFF;
}

void ea_micro_reset(ea_micro *micro)
{
    for (uint32_t i = 0; i < EA_FRONTEND_BINS; i++)
        micro->noise[i] = 0;
}

void ea_micro_analyse(ea_micro *micro, const int16_t *samples, float *features)
{
    uint32_t signal[EA_FRONTEND_BINS];
    const int shift = apply_window(samples, micro->spectrum);
    ea_micro_fft(micro->spectrum, ea_micro_cosine);
    sum_channels(micro->spectrum, shift, signal);
    for (uint32_t i = 0; i < EA_FRONTEND_BINS; i++) {
        const uint32_t smoothing = i % 2 ? EA_MICRO_SMOOTHING_ODD : EA_MICRO_SMOOTHING_EVEN;
        const uint32_t clean = subtract(signal[i], smoothing, &micro->noise[i]);
        features[i] = (float)logarithm(amplify(clean, micro->noise[i])) * EA_MICRO_STEP;
    }
}
