/* A function of one byte, as a table: activations, and from one 8-bit scale to another. */
#ifndef EA_LOOKUP_H
#define EA_LOOKUP_H

#include <stdint.h>

/* table: what the function gives for the bytes 0 .. 255. Both may be the same memory. */
void ea_lookup(const uint8_t *table, int32_t count, const void *in, void *out);

#endif
