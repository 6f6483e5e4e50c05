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

static int8_t ea_within(const ea_pool_t *p, int32_t value)
{
    return (int8_t)(value < p->lo ? p->lo : value > p->hi ? p->hi : value);
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
        out[i] = ea_within(p, (sums[i] > 0 ? sums[i] + count / 2 : sums[i] - count / 2) / count);
}

#endif

void ea_average_pool_s8(const ea_pool_t *p, const int8_t *in, int8_t *out)
{
    int32_t oy, ox, c, y, x;
    for (oy = 0; oy < p->out_h; oy++) {
        for (ox = 0; ox < p->out_w; ox++) {
            ea_window_t window = ea_window(p, oy, ox);
            int32_t count = (window.bottom - window.top) * (window.right - window.left);
            c = 0;
#if defined(__ARM_FEATURE_MVE)
            for (; c + 4 <= p->channels; c += 4, out += 4)
                ea_average_four(p, window, in + c, count, out);
#endif
            for (; c < p->channels; c++) {
                int32_t sum = 0;
                for (y = window.top; y < window.bottom; y++) {
                    const int8_t *from = in + (y * p->in_w + window.left) * p->channels + c;
                    for (x = window.left; x < window.right; x++, from += p->channels)
                        sum += *from;
                }
                *out++ = ea_within(p, (sum > 0 ? sum + count / 2 : sum - count / 2) / count);
            }
        }
    }
}

void ea_max_pool_s8(const ea_pool_t *p, const int8_t *in, int8_t *out)
{
    int32_t oy, ox, c, y, x;
    for (oy = 0; oy < p->out_h; oy++) {
        for (ox = 0; ox < p->out_w; ox++) {
            ea_window_t window = ea_window(p, oy, ox);
            for (c = 0; c < p->channels; c++) {
                int32_t most = -128;
                for (y = window.top; y < window.bottom; y++) {
                    const int8_t *from = in + (y * p->in_w + window.left) * p->channels + c;
                    for (x = window.left; x < window.right; x++, from += p->channels)
                        most = *from > most ? *from : most;
                }
                *out++ = ea_within(p, most);
            }
        }
    }
}
