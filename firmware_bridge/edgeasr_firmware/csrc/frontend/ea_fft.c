#include "ea_fft.h"

#include "ea_math.h"

typedef struct {
    int64_t re, im;
} complex64;

typedef struct {
    int32_t cosine, sine;
} twiddle;

/* z * exp(-i angle), * 2^29 */
static inline complex64 rotate(ea_complex z, twiddle w)
{
    const complex64 result = {ea_multiply(z.re, w.cosine) + ea_multiply(z.im, w.sine),
                              ea_multiply(z.im, w.cosine) - ea_multiply(z.re, w.sine)};
    return result;
}

/* z * 2^29, and half a unit of what is left after a shift by `bits`, which is thereby rounded. */
static inline complex64 widen(ea_complex z, int bits)
{
    const int64_t factor = INT64_C(1) << 29, half = INT64_C(1) << (bits - 1);
    const complex64 result = {z.re * factor + half, z.im * factor + half};
    return result;
}

static inline complex64 add(complex64 a, complex64 b)
{
    const complex64 result = {a.re + b.re, a.im + b.im};
    return result;
}

static inline complex64 subtract(complex64 a, complex64 b)
{
    const complex64 result = {a.re - b.re, a.im - b.im};
    return result;
}

/* z * -i */
static inline complex64 turn(complex64 z)
{
    const complex64 result = {z.im, -z.re};
    return result;
}

static inline ea_complex narrow(complex64 z, int bits)
{
    const ea_complex result = {(int32_t)(z.re >> bits), (int32_t)(z.im >> bits)};
    return result;
}

static inline ea_complex halve(ea_complex z)
{
    const ea_complex result = {z.re >> 1, z.im >> 1};
    return result;
}

static inline twiddle twiddle_at(const int32_t *sine, uint32_t size, uint32_t index)
{
    const twiddle result = {sine[index + size / 4], sine[index]};
    return result;
}

/* Read a number, scaled up. */
static inline ea_complex load(const ea_bin *bin, int32_t factor)
{
    const ea_complex result = {bin->number.re * factor, bin->number.im * factor};
    return result;
}

static inline void store(ea_bin *bin, ea_complex z, uint32_t *bits)
{
    bin->number = z;
    *bits |= (uint32_t)(z.re ^ (z.re >> 31)) | (uint32_t)(z.im ^ (z.im >> 31));
}

static void swap_to_reversed_order(ea_bin *bins, uint32_t numbers)
{
    for (uint32_t index = 0, reversed = 0; index < numbers; index++) {
        if (index < reversed) {
            const ea_complex kept = bins[index].number;
            bins[index].number = bins[reversed].number;
            bins[reversed].number = kept;
        }
        uint32_t bit = numbers;
        do { /* count up from the other end */
            bit >>= 1;
            reversed ^= bit;
        } while (bit && !(reversed & bit));
    }
}

/* Radix 2, for sizes that are no power of four: all twiddles are one. */
static uint32_t first_pairs(ea_bin *bins, uint32_t numbers)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < numbers; i += 2) {
        const ea_complex a = load(bins + i, 1), b = load(bins + i + 1, 1);
        const ea_complex sum = {a.re + b.re, a.im + b.im}, difference = {a.re - b.re, a.im - b.im};
        store(bins + i, sum, &bits);
        store(bins + i + 1, difference, &bits);
    }
    return bits;
}

/* Two decimations in time at once: transforms of `length` numbers become transforms of 4 * length. Numbers are scaled
 * up by `factor` first. Results are divided by 8, which keeps them in 32 bits: four numbers of 31.5 bits (31 in each
 * part) add up to 33.5. */
static uint32_t quadruple(ea_bin *bins, uint32_t numbers, uint32_t length, const int32_t *sine, int32_t factor)
{
    const uint32_t step = numbers / (2 * length), size = 2 * numbers; /* of the table, for a transform 4 * length */
    uint32_t bits = 0;
    for (uint32_t j = 0; j < length; j++) {
        const twiddle w1 = twiddle_at(sine, size, j * step), w2 = twiddle_at(sine, size, 2 * j * step),
                      w3 = twiddle_at(sine, size, 3 * j * step);
        for (uint32_t i = j; i < numbers; i += 4 * length) {
            const complex64 a = widen(load(bins + i, factor), 32), b = rotate(load(bins + i + length, factor), w2),
                            c = rotate(load(bins + i + 2 * length, factor), w1),
                            d = rotate(load(bins + i + 3 * length, factor), w3);
            const complex64 ab = add(a, b), a_b = subtract(a, b), cd = add(c, d), c_d = turn(subtract(c, d));
            store(bins + i, narrow(add(ab, cd), 32), &bits);
            store(bins + i + length, narrow(add(a_b, c_d), 32), &bits);
            store(bins + i + 2 * length, narrow(subtract(ab, cd), 32), &bits);
            store(bins + i + 3 * length, narrow(subtract(a_b, c_d), 32), &bits);
        }
    }
    return bits;
}

static inline uint64_t power(ea_complex z) { return (uint64_t)(ea_multiply(z.re, z.re) + ea_multiply(z.im, z.im)); }

/* From the transform Z of x[2n] + i x[2n + 1] to the power of that of x:
 * 2 X[k] = E + T and 2 conj X[N - k] = E - T with E = Z[k] + conj Z[N - k], T = -i W^k (Z[k] - conj Z[N - k]).
 * Numbers are scaled up by `factor` and halved, so that they can be added; results are halved once more. */
static void split(ea_bin *bins, uint32_t numbers, const int32_t *sine, int32_t factor)
{
    const ea_complex z0 = halve(load(bins, factor));
    const ea_complex first = {(z0.re + z0.im) / 2, 0}, last = {(z0.re - z0.im) / 2, 0};
    bins[0].power = power(first);
    bins[numbers].power = power(last);
    bins[numbers / 2].power = power(halve(halve(load(bins + numbers / 2, factor))));
    for (uint32_t k = 1; k < numbers / 2; k++) {
        const ea_complex z = halve(load(bins + k, factor)), y = halve(load(bins + numbers - k, factor));
        const ea_complex sum = {z.re + y.re, z.im - y.im}, difference = {z.re - y.re, z.im + y.im};
        const complex64 e = widen(sum, 31), t = turn(rotate(difference, twiddle_at(sine, 2 * numbers, k)));
        bins[k].power = power(narrow(add(e, t), 31));
        bins[numbers - k].power = power(narrow(subtract(e, t), 31));
    }
}

int ea_fft_power(ea_bin *bins, const int32_t *sine, uint32_t size)
{
    const uint32_t numbers = size / 2;
    uint32_t length = 1, bits = UINT32_MAX >> 2;
    int exponent = 0;
    swap_to_reversed_order(bins, numbers);
    if ((numbers & 0x55555555u) == 0) {
        bits = first_pairs(bins, numbers);
        length = 2;
    }
    for (; length < numbers; length *= 4) {
        const int scale = ea_headroom(bits);
        bits = quadruple(bins, numbers, length, sine, 1 << scale);
        exponent += 3 - scale;
    }
    const int scale = ea_headroom(bits);
    split(bins, numbers, sine, 1 << scale);
    return exponent + 2 - scale;
}
