#include "ea_pool.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

typedef struct {
    int32_t top, bottom, left, right; /* the part of a window that is inside the input; the ends do not belong to it */
} ea_window_t;

static ea_window_t ea_window(const ea_pool_t *p, int32_t oy, int32_t ox)
{
    ea_window_t window;
    int32_t y = oy * p->stride_h - p->pad_top, x = ox * p->stride_w - p->pad_left;
    window.top = y > 0 ? y : 0;
    window.left = x > 0 ? x : 0;
    window.bottom = y + p->kernel_h < p->in_h ? y + p->kernel_h : p->in_h;
    window.right = x + p->kernel_w < p->in_w ? x + p->kernel_w : p->in_w;
    return window;
}

static int32_t ea_average(const ea_pool_t *p, int32_t sum, int32_t count)
{
    int32_t value = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return value < p->lo ? p->lo : value > p->hi ? p->hi : value;
}

/* Sum or maximum of a window of one channel. */
static inline int32_t ea_pooled(const ea_pool_t *p, ea_window_t window, const void *in, int32_t c, int most, int s16)
{
    const int32_t step = p->channels;
    int32_t result = most ? -32768 : 0, x, y;
    for (y = window.top; y < window.bottom; y++) {
        int32_t from = (y * p->in_w + window.left) * step + c;
        for (x = window.right - window.left; x > 0; x--, from += step) {
            int32_t value = s16 ? ((const int16_t *)in)[from] : ((const int8_t *)in)[from];
            result = !most ? result + value : value > result ? value : result;
        }
    }
    return result;
}

#if defined(__ARM_FEATURE_MVE)

/* The averages of four channels. */
static void ea_average_four(const ea_pool_t *p, ea_window_t window, const int8_t *in, int32_t count, int8_t *out)
{
    const int32_t step = p->channels;
    int32_t sums[4], i, x, y;
    int32x4_t sum = vdupq_n_s32(0);
    for (y = window.top; y < window.bottom; y++) {
        const int8_t *from = in + (y * p->in_w + window.left) * step;
        for (x = window.right - window.left; x > 0; x--, from += step)
            sum = vaddq_s32(sum, vldrbq_s32(from));
    }
    vstrwq_s32(sums, sum);
    for (i = 0; i < 4; i++)
        out[i] = (int8_t)ea_average(p, sums[i], count);
}

#endif

/* The compiler makes one loop of this for each use. */
static inline void ea_pool(const ea_pool_t *p, const void *in, void *out, int most, int s16)
{
    int32_t oy, ox, c, done = 0;
    for (oy = 0; oy < p->out_h; oy++) {
        for (ox = 0; ox < p->out_w; ox++) {
            ea_window_t window = ea_window(p, oy, ox);
            int32_t count = (window.bottom - window.top) * (window.right - window.left);
            c = 0;
#if defined(__ARM_FEATURE_MVE)
            for (; !most && !s16 && c + 4 <= p->channels; c += 4, done += 4)
                ea_average_four(p, window, (const int8_t *)in + c, count, (int8_t *)out + done);
#endif
            for (; c < p->channels; c++, done++) {
                int32_t value = ea_pooled(p, window, in, c, most, s16);
                value = ea_average(p, value, most ? 1 : count);
                if (s16)
                    ((int16_t *)out)[done] = (int16_t)value;
                else
                    ((int8_t *)out)[done] = (int8_t)value;
            }
        }
    }
}

void ea_average_pool_s8(const ea_pool_t *p, const int8_t *in, int8_t *out)
{
    ea_pool(p, in, out, 0, 0);
}

void ea_max_pool_s8(const ea_pool_t *p, const int8_t *in, int8_t *out)
{
    ea_pool(p, in, out, 1, 0);
}

void ea_average_pool_s16(const ea_pool_t *p, const int16_t *in, int16_t *out)
{
    ea_pool(p, in, out, 0, 1);
}

void ea_max_pool_s16(const ea_pool_t *p, const int16_t *in, int16_t *out)
{
    ea_pool(p, in, out, 1, 1);
}
