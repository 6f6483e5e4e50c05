#include "ea_micro_fft.h"

/* Four passes of radix 4 over 256 complex numbers, whose parts are the even and the odd samples, and one that takes the
 * spectra of the two apart. Every pass divides by its radix first; what leaves 16 bits all the same is cut, as there. */

#define POINTS 256u
#define QUARTER 8191 /* of 2^15: what KISS FFT divides by 4 with */
#define HALF 16383

typedef struct {
    int16_t re, im;
} number;

static int16_t rounded(int32_t value) { return (int16_t)((value + (1 << 14)) >> 15); }

static number plus(number a, number b) { return (number){(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)}; }

static number minus(number a, number b) { return (number){(int16_t)(a.re - b.re), (int16_t)(a.im - b.im)}; }

static number scaled(number a, int16_t factor) { return (number){rounded(a.re * factor), rounded(a.im * factor)}; }

/* a times exp(-2 pi i turns / 512) */
static number turned(number a, const int16_t *cosine, uint32_t turns)
{
    const int32_t re = cosine[turns % 512], im = cosine[(turns + 128) % 512];
    return (number){rounded(a.re * re - a.im * im), rounded(a.re * im + a.im * re)};
}

uint32_t ea_micro_place(uint32_t n)
{
    const uint32_t pair = n / 2;
    return 2 * (((pair & 3) << 6) | ((pair & 12) << 2) | ((pair & 48) >> 2) | (pair >> 6)) + n % 2;
}

static void butterfly(number *z, uint32_t span, uint32_t k, const int16_t *cosine)
{
    const uint32_t turns = k * (128 / span);
    const number a = scaled(z[0], QUARTER);
    number b = scaled(z[span], QUARTER), c = scaled(z[2 * span], QUARTER), d = scaled(z[3 * span], QUARTER);
    if (turns) { /* not to turn changes nothing */
        b = turned(b, cosine, turns);
        c = turned(c, cosine, 2 * turns);
        d = turned(d, cosine, 3 * turns);
    }
    const number sum = plus(a, c), difference = minus(a, c), other = plus(b, d), odd = minus(b, d);
    const number across = {odd.im, (int16_t)-odd.re}; /* odd / i */
    z[0] = plus(sum, other);
    z[span] = plus(difference, across);
    z[2 * span] = minus(sum, other);
    z[3 * span] = minus(difference, across);
}

static void split(number *z, uint32_t k, const int16_t *cosine)
{
    const number direct = scaled(z[k], HALF);
    const number mirrored = scaled((number){z[POINTS - k].re, (int16_t)-z[POINTS - k].im}, HALF);
    const number even = plus(direct, mirrored), odd = turned(minus(direct, mirrored), cosine, k + 128);
    z[k] = (number){(int16_t)((even.re + odd.re) >> 1), (int16_t)((even.im + odd.im) >> 1)};
    z[POINTS - k] = (number){(int16_t)((even.re - odd.re) >> 1), (int16_t)((odd.im - even.im) >> 1)};
}

void ea_micro_fft(int16_t *values, const int16_t *cosine)
{
    number *z = (number *)(void *)values;
    for (uint32_t span = 1; span < POINTS; span *= 4)
        for (uint32_t start = 0; start < POINTS; start += 4 * span)
            for (uint32_t k = 0; k < span; k++)
                butterfly(z + start + k, span, k, cosine);
    for (uint32_t k = 1; k <= POINTS / 2; k++)
        split(z, k, cosine);
}
