#include "ea_lookup.h"

void ea_lookup(const uint8_t *table, int32_t count, const void *in, void *out)
{
    const uint8_t *from = (const uint8_t *)in;
    uint8_t *to = (uint8_t *)out;
    for (; count > 0; count--)
        *to++ = table[*from++];
}
