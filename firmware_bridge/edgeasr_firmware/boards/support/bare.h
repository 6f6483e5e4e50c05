/* What the start-up code of a core shares with bare.c. */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

/* Of the linker's script. */
extern uint32_t board_data_source[], board_data[], board_data_end[], board_bss[], board_bss_end[], board_stack_top[];

/* Ask the emulator for something; how is the core's. */
int32_t semihost(int32_t operation, const void *argument);

/* Set up the memory, run `main`, and end; `stack` is an address near the current end of the stack. */
void start(const uint32_t *stack) __attribute__((noreturn));

/* Tell of a fault at an address, its kind as a bit of the CFSR of Armv7-M, and end. */
void report_fault(const uint32_t *stack, uint32_t address, uint32_t status) __attribute__((noreturn));

#endif
