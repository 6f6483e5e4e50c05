/* Matrix product of int8 weights and columns of int8 inputs: what convolution and fully connected layers share. */
#ifndef EA_DENSE_H
#define EA_DENSE_H

#include <stdint.h>

#define EA_TILE 4 /* columns that are multiplied together */
#define EA_COLUMN_BYTES(depth) (((depth) + 15) / 16 * 32)

typedef struct {
    const int8_t *weights; /* [channels, depth]; 15 bytes behind the last may be read */
    const int32_t *bias;   /* [channels], the input's zero point folded in */
    const int32_t *multiplier;
    const int8_t *shift; /* positive: to the left */
    int32_t channels, depth, zero_point;
    int8_t lo, hi; /* range of the outputs */
    int8_t down;   /* whether every shift is to the right */
} ea_dense_t;

/* Put int8 [depth] as one of `tile` columns, 1 or EA_TILE, that stand beside each other in the scratch memory.
 * `columns` holds tile * (EA_COLUMN_BYTES(depth) + 4 * channels) bytes, aligned to 8. */
void ea_column_put(void *columns, int32_t tile, int32_t column, const int8_t *values, int32_t depth);

/* out[i, channel] = weights[channel] . column[i], scaled; for the first `count` of `tile` columns. */
void ea_dense_columns(const ea_dense_t *p, void *columns, int32_t tile, int32_t count, int8_t *out);

/* in: int8 [rows, depth], out: int8 [rows, channels]; may be the same memory where channels <= depth. */
void ea_dense_s8(const ea_dense_t *p, int32_t rows, const int8_t *in, int8_t *out, void *scratch);

#endif
