#include "ea_frontend.h"

#if EA_FRONTEND_MICRO

static void analyse(ea_frontend *frontend, float *features)
{
    ea_micro_analyse(&frontend->micro, frontend->samples, features);
}

void ea_frontend_reset(ea_frontend *frontend)
{
    frontend->filled = 0;
    ea_micro_reset(&frontend->micro);
}

#else

/* The window, * 2^31; what ea_fft.h and ea_math.h want; for each mel filter the first bin of the spectrum that it takes,
 * how many it takes, and the weights of all, * 2^32; the rows of the DCT; mean and 1 / std. */
#include "ea_frontend_tables.h"
#include "ea_math.h"

#define FRACTION_BITS 15 /* of a sample */

/* Sample n, scaled up to fill 30 bits and multiplied with the window; zero behind it. */
static inline int32_t windowed(const int16_t *samples, uint32_t n, int32_t factor)
{
    if (n >= EA_FRONTEND_WINDOW_SAMPLES)
        return 0;
    return (int32_t)((ea_multiply(samples[n] * factor, ea_window[n]) + (INT64_C(1) << 31)) >> 32);
}

/* Returns by how many bits the samples were scaled up. */
static int apply_window(const int16_t *samples, ea_bin *bins)
{
    uint32_t bits = 0;
    for (uint32_t n = 0; n < EA_FRONTEND_WINDOW_SAMPLES; n++)
        bits |= (uint32_t)(samples[n] < 0 ? -samples[n] : samples[n]);
    const int scale = ea_headroom(bits);
    for (uint32_t n = 0; n < EA_FRONTEND_FFT_SIZE; n += 2) {
        bins[n / 2].number.re = windowed(samples, n, 1 << scale);
        bins[n / 2].number.im = windowed(samples, n + 1, 1 << scale);
    }
    return scale - 1; /* of the 31 bits behind the point of the window 32 were dropped */
}

/* Give the feature of a power in fixed point, to be multiplied by 2^exponent. */
static float finish(uint64_t power, int exponent)
{
#if EA_FRONTEND_LOG
    int32_t log = EA_FRONTEND_LOG_FLOOR_24;
    if (power) {
        const int length = ea_length64(power);
        const int32_t own = ea_log(ea_upper(power, length), exponent + length - 32, ea_log_inverse, ea_log_value);
        log = own > log ? own : log;
    }
    return (float)log * 0x1p-24f;
#else
    return ea_sqrt((float)power * ea_power_of_two(exponent));
#endif
}

#if EA_FRONTEND_MEL_BINS
/* Sum powers with their weights. All powers of a band are brought to the 32 bits in which its loudest has its first. */
static void sum_bands(const ea_bin *bins, int exponent, float *bands)
{
    const uint32_t *weight = ea_mel_weights;
    for (uint32_t band = 0; band < EA_FRONTEND_MEL_BINS; band++) {
        const ea_bin *first = bins + ea_mel_first[band], *end = first + ea_mel_count[band];
        uint64_t bits = 0, sum = 0;
        for (const ea_bin *bin = first; bin < end; bin++)
            bits |= bin->power;
        const int length = ea_length64(bits | 1);
        for (const ea_bin *bin = first; bin < end; bin++)
            sum += ((uint64_t)ea_upper(bin->power, length) * *weight++) >> 32;
        bands[band] = finish(sum, exponent + length - 32);
    }
}
#endif

static void analyse(ea_frontend *frontend, float *features)
{
    const int scale = apply_window(frontend->samples, frontend->bins);
    const int exponent = 2 * (ea_fft_power(frontend->bins, ea_sine, EA_FRONTEND_FFT_SIZE) - scale - FRACTION_BITS);
#if EA_FRONTEND_COEFFICIENTS
    float bands[EA_FRONTEND_MEL_BINS];
    sum_bands(frontend->bins, exponent, bands);
    for (uint32_t i = 0; i < EA_FRONTEND_COEFFICIENTS; i++) {
        float sum = 0;
        for (uint32_t band = 0; band < EA_FRONTEND_MEL_BINS; band++)
            sum += bands[band] * ea_dct[i][band];
        features[i] = sum;
    }
#elif EA_FRONTEND_MEL_BINS
    sum_bands(frontend->bins, exponent, features);
#else
    for (uint32_t bin = 0; bin < EA_FRONTEND_BINS; bin++)
        features[bin] = finish(frontend->bins[bin].power, exponent);
#endif
#if EA_FRONTEND_NORMALISED
    for (uint32_t bin = 0; bin < EA_FRONTEND_BINS; bin++)
        features[bin] = (features[bin] - ea_mean[bin]) * ea_inverse_std[bin];
#endif
}

void ea_frontend_reset(ea_frontend *frontend) { frontend->filled = 0; }

#endif

bool ea_frontend_feed(ea_frontend *frontend, const int16_t **samples, uint32_t *count, float *features)
{
    for (; frontend->filled < EA_FRONTEND_WINDOW_SAMPLES; frontend->filled++, --*count) {
        if (*count == 0)
            return false;
        frontend->samples[frontend->filled] = *(*samples)++;
    }
    analyse(frontend, features);
    frontend->filled = EA_FRONTEND_WINDOW_SAMPLES - EA_FRONTEND_HOP_SAMPLES;
    for (uint32_t n = 0; n < frontend->filled; n++)
        frontend->samples[n] = frontend->samples[n + EA_FRONTEND_HOP_SAMPLES];
    return true;
}

void ea_quantise(const float *values, int8_t *quantised, uint32_t count, float scale, int32_t zero_point)
{
    const float round = 0x1.8p23f; /* added and taken away it leaves a whole number, as the core rounds */
    for (uint32_t i = 0; i < count; i++) {
        float value = values[i] / scale + (float)zero_point;
        value = value < -128.0f ? -128.0f : value > 127.0f ? 127.0f : value;
        quantised[i] = (int8_t)((value + round) - round);
    }
}
