/* What a program that is checked asks of its board: files, text, an end, and marks between which instructions count.
 *
 * On this computer it is the C library; on an emulated core it is semihosting, by which the emulator does it for
 * the program. Files are those that `edgeasr_firmware.boards.run` was given, and those that it gives back. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

enum { BOARD_READ, BOARD_WRITE };

/* Open a file. A file that cannot be opened ends the program with its name. */
int32_t board_open(const char *name, int mode);

/* Read or write up to `bytes`; return how many were. */
uint32_t board_read(int32_t file, void *data, uint32_t bytes);
uint32_t board_write(int32_t file, const void *data, uint32_t bytes);

void board_close(int32_t file);

/* Print a text, as it is. */
void board_print(const char *text);

/* End the program; what `main` returns ends it too. Any status but 0 is a failure. */
void board_exit(int status) __attribute__((noreturn));

/* Mark a point in the program. The emulator tells how many instructions were executed between one mark and the next;
 * the mark itself, a hint that no core knows and all take as a no-operation, is not counted. What is measured should be
 * calls of functions of another file, or else the compiler may move it over the mark. */
#if defined(__arm__)
#define BOARD_MARK() __asm__ volatile(".inst.n 0xbff0" ::: "memory")
#elif defined(__riscv)
#define BOARD_MARK() __asm__ volatile(".4byte 0x7ea02013" ::: "memory")
#else
#define BOARD_MARK() ((void)0)
#endif

#endif
