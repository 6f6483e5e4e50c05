/* Moving elements: every operator that only moves them is one or more of these copies. */
#ifndef EA_COPY_H
#define EA_COPY_H

#include <stdint.h>

#define EA_COPY_DIMS 5

typedef struct {
    int32_t run;                                                    /* bytes that lie together on both sides */
    int32_t size[EA_COPY_DIMS];                                     /* how many runs in each dimension */
    int32_t from, from_step[EA_COPY_DIMS], to, to_step[EA_COPY_DIMS]; /* bytes */
} ea_copy_t;

/* The memory must not overlap. */
void ea_copy(const ea_copy_t *p, const void *in, void *out);

/* Set `count` elements of `bytes` bytes, 1, 2 or 4, to the low bytes of `value`. */
void ea_fill(void *out, int32_t count, int32_t bytes, int32_t value);

#endif
