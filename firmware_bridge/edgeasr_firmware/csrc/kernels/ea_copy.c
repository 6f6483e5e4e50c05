#include "ea_copy.h"

#include "ea_move.h"

void ea_copy(const ea_copy_t *p, const void *in, void *out)
{
    const int8_t *from = (const int8_t *)in + p->from;
    int8_t *to = (int8_t *)out + p->to;
    int32_t i[EA_COPY_DIMS] = {0, 0, 0, 0, 0}, d;
    for (;;) {
        ea_move(to, from, p->run);
        for (d = EA_COPY_DIMS - 1; d >= 0; d--) { /* to the next run, the last dimension first */
            from += p->from_step[d], to += p->to_step[d];
            if (++i[d] < p->size[d])
                break;
            from -= p->size[d] * p->from_step[d], to -= p->size[d] * p->to_step[d];
            i[d] = 0;
        }
        if (d < 0)
            return;
    }
}

void ea_fill(void *out, int32_t count, int32_t bytes, int32_t value)
{
    uint8_t *to = (uint8_t *)out;
    int32_t k;
    for (; count > 0; count--)
        for (k = 0; k < bytes; k++)
            *to++ = (uint8_t)((uint32_t)value >> (8 * k));
}
