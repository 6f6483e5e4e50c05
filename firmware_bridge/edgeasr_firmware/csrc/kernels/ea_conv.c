#include "ea_conv.h"

#include "ea_move.h"
#include "ea_scale.h"

/* Collect what the kernel sees from row y and column x of the input on; outside of it there is the zero point. */
static EA_ALONE void ea_conv_column(const ea_conv_t *p, const int8_t *in, int32_t y, int32_t x, int8_t *to)
{
    const int32_t height = p->in_h, channels = p->in_c, row = p->in_w * channels, dilation = p->dilation_h;
    const int32_t left = x < 0 ? -x : 0, right = x + p->kernel_w > p->in_w ? x + p->kernel_w - p->in_w : 0;
    const int32_t before = left * channels, after = right * channels, inside = p->kernel_w * channels - before - after;
    const int8_t zero_point = p->in_zero_point, *from = in + y * row + (x + left) * channels;
    int32_t k;
    for (k = p->kernel_h; k > 0; k--, y += dilation, from += dilation * row) {
        if (y < 0 || y >= height) {
            to = ea_set(to, zero_point, before + inside + after);
            continue;
        }
        to = ea_set(to, zero_point, before);
        to = ea_move(to, from, inside);
        to = ea_set(to, zero_point, after);
    }
}

/* The same where the kernel leaves out columns of the input. */
static EA_ALONE void ea_conv_column_dilated(const ea_conv_t *p, const int8_t *in, int32_t y, int32_t x, int8_t *to)
{
    int32_t ky, kx;
    for (ky = 0; ky < p->kernel_h; ky++, y += p->dilation_h) {
        for (kx = 0; kx < p->kernel_w; kx++) {
            int32_t at = x + kx * p->dilation_w;
            if (y < 0 || y >= p->in_h || at < 0 || at >= p->in_w)
                to = ea_set(to, p->in_zero_point, p->in_c);
            else
                to = ea_move(to, in + (y * p->in_w + at) * p->in_c, p->in_c);
        }
    }
}

void ea_conv_s8(const ea_conv_t *p, const int8_t *in, int8_t *out, void *scratch)
{
    const int32_t depth = p->dense.depth, channels = p->dense.channels;
    int8_t *column = (int8_t *)scratch + EA_TILE * (EA_COLUMN_BYTES(depth) + 4 * channels);
    int32_t collected = 0, oy, ox;
    for (oy = 0; oy < p->out_h; oy++) {
        for (ox = 0; ox < p->out_w; ox++) {
            int32_t y = oy * p->stride_h - p->pad_top, x = ox * p->stride_w - p->pad_left;
            if (p->dilation_w == 1 && x < p->in_w && x + p->kernel_w > 0)
                ea_conv_column(p, in, y, x, column);
            else
                ea_conv_column_dilated(p, in, y, x, column);
            ea_column_put(scratch, EA_TILE, collected++, column, depth);
            if (collected == EA_TILE) {
                ea_dense_columns(&p->dense, scratch, EA_TILE, collected, out);
                out += EA_TILE * channels;
                collected = 0;
            }
        }
    }
    if (collected)
        ea_dense_columns(&p->dense, scratch, EA_TILE, collected, out);
}
