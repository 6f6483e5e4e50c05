/* The emulated Cortex-M: vectors, start-up, semihosting, stack depth, faults. No C library is linked.
 *
 * Lines of output that begin with "@board " are for edgeasr_firmware.boards, which reads them and takes them away. */
#include "board.h"

#include <stddef.h>

#define STACK_PAINT 0xc0de57acu
#define SCB_CFSR ((volatile uint32_t *)0xe000ed28u)
#define SCB_CCR ((volatile uint32_t *)0xe000ed14u)
#define SCB_CPACR ((volatile uint32_t *)0xe000ed88u)

enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT_EXTENDED = 0x20 };

extern uint32_t board_data_source[], board_data[], board_data_end[], board_bss[], board_bss_end[], board_stack_top[];
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

static int32_t semihost(int32_t operation, const void *argument)
{
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
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

/* `frame` is what the core pushed when it took the fault: r0-r3, r12, lr, the address of the instruction, flags. */
static void __attribute__((used, noreturn)) report_fault(const uint32_t *frame)
{
    if (frame < board_bss_end) {
        board_print("\n@board stack 0 overflow\n"); /* and what is at `frame` may be no memory */
        leave(1);
    }
    board_print("\n@board fault ");
    print_number(frame[6]);
    board_print(" ");
#if __ARM_ARCH_ISA_THUMB == 2
    print_number(*SCB_CFSR);
#else
    print_number(0);
#endif
    board_print("\n");
    leave(1);
}

/* The stack pointer may be what is wrong: report from a stack at the other end of the memory. */
static void __attribute__((naked)) fault(void)
{
    __asm__("mov r0, sp\n ldr r1, =board_bss_end + 1024\n mov sp, r1\n b report_fault");
}

static void __attribute__((noreturn, used)) reset(void)
{
    memcpy(board_data, board_data_source, (size_t)((char *)board_data_end - (char *)board_data));
    memset(board_bss, 0, (size_t)((char *)board_bss_end - (char *)board_bss));
    /* `volatile` keeps the loop from becoming a call, whose own frame it would paint over. */
    for (volatile uint32_t *p = board_bss_end; p < (uint32_t *)__builtin_frame_address(0) - 8; p++)
        *p = STACK_PAINT;
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    *SCB_CPACR |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
#if __ARM_ARCH_ISA_THUMB == 1
    *SCB_CCR |= 1u << 3; /* run on a larger core, which shall fault on unaligned addresses as an ARMv6-M core does */
#endif
    board_exit(main());
}

static void *const vectors[16] __attribute__((section(".vectors"), used)) = {
    board_stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
