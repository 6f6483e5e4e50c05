/* Copies of a few bytes, of which convolutions make many. */
#ifndef EA_MOVE_H
#define EA_MOVE_H

#include <stdint.h>

/* The memory must not overlap. Returns the end of what was written. */
static inline int8_t *ea_move(int8_t *to, const int8_t *from, int32_t count)
{
#if defined(__ARM_FEATURE_UNALIGNED)
    for (; count >= 4; count -= 4, to += 4, from += 4)
        __builtin_memcpy(to, from, 4);
#endif
    for (; count > 0; count--)
        *to++ = *from++;
    return to;
}

static inline int8_t *ea_set(int8_t *to, int8_t value, int32_t count)
{
    for (; count > 0; count--)
        *to++ = value;
    return to;
}

#endif
