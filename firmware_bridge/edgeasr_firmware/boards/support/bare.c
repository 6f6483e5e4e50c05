/* An emulated board without an operating system: memory, semihosting, stack depth. No C library is linked.
 *
 * Lines of output that begin with "@board " are for edgeasr_firmware.boards, which reads them and takes them away. */
#include "bare.h"

#include <stddef.h>

#include "board.h"

#define STACK_PAINT 0xc0de57acu

enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT_EXTENDED = 0x20 };

extern int main(void);

/* The compiler calls these for copies and initialisers; the attribute keeps it from doing so inside of them. */
#define PLAIN __attribute__((optimize("no-tree-loop-distribute-patterns"), used))

PLAIN void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if ((((uintptr_t)t | (uintptr_t)f) & 3u) == 0)
        for (; bytes >= 4; bytes -= 4, t += 4, f += 4)
            *(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
    while (bytes--)
        *t++ = *f++;
    return to;
}

PLAIN void *memset(void *to, int value, size_t bytes)
{
    uint8_t *t = to;
    if (((uintptr_t)t & 3u) == 0)
        for (; bytes >= 4; bytes -= 4, t += 4)
            *(uint32_t *)(void *)t = (uint8_t)value * 0x01010101u;
    while (bytes--)
        *t++ = (uint8_t)value;
    return to;
}

PLAIN void *memmove(void *to, const void *from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if ((uintptr_t)t <= (uintptr_t)f)
        return memcpy(to, from, bytes);
    while (bytes--)
        t[bytes] = f[bytes];
    return to;
}

void board_print(const char *text) { semihost(SYS_WRITE0, text); }

static void print_number(uint32_t value)
{
    char text[11], *digit = text + sizeof text - 1;
    *digit = 0;
    do {
        *--digit = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    board_print(digit);
}

static void leave(int status) __attribute__((noreturn));
static void leave(int status)
{
    const uint32_t stopped[2] = {0x20026u, (uint32_t)status};
    for (;;)
        semihost(SYS_EXIT_EXTENDED, stopped);
}

void board_exit(int status)
{
    const uint32_t *lowest = board_bss_end;
    while (lowest < board_stack_top && *lowest == STACK_PAINT)
        lowest++;
    board_print("\n@board stack ");
    print_number((uint32_t)((const char *)board_stack_top - (const char *)lowest));
    board_print(lowest == board_bss_end ? " overflow\n" : "\n");
    leave(status);
}

int32_t board_open(const char *name, int mode)
{
    uint32_t length = 0;
    while (name[length])
        length++;
    const uint32_t arguments[3] = {(uint32_t)name, mode == BOARD_WRITE ? 5u : 1u, length}; /* "wb", "rb" */
    int32_t file = semihost(SYS_OPEN, arguments);
    if (file < 0) {
        board_print("cannot open ");
        board_print(name);
        board_exit(1);
    }
    return file;
}

/* SYS_READ and SYS_WRITE return how many bytes were not read or written. */
uint32_t board_read(int32_t file, void *data, uint32_t bytes)
{
    const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)data, bytes};
    return bytes - (uint32_t)semihost(SYS_READ, arguments);
}

uint32_t board_write(int32_t file, const void *data, uint32_t bytes)
{
    const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)data, bytes};
    return bytes - (uint32_t)semihost(SYS_WRITE, arguments);
}

void board_close(int32_t file)
{
    const uint32_t arguments[1] = {(uint32_t)file};
    semihost(SYS_CLOSE, arguments);
}

void start(const uint32_t *stack)
{
    memcpy(board_data, board_data_source, (size_t)((char *)board_data_end - (char *)board_data));
    memset(board_bss, 0, (size_t)((char *)board_bss_end - (char *)board_bss));
    /* `volatile` keeps the loop from becoming a call, whose own frame it would paint over. */
    for (volatile uint32_t *p = board_bss_end; p < stack - 32; p++)
        *p = STACK_PAINT;
    board_exit(main());
}

void report_fault(const uint32_t *stack, uint32_t address, uint32_t status)
{
    if (stack < board_bss_end) {
        board_print("\n@board stack 0 overflow\n");
        leave(1);
    }
    board_print("\n@board fault ");
    print_number(address);
    board_print(" ");
    print_number(status);
    board_print("\n");
    leave(1);
}
