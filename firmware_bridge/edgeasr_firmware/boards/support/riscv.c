/* The start and the faults of a 32-bit RISC-V core in machine mode. */
#include "bare.h"

enum { BUS_FETCH = 1 << 8, BUS = 1 << 9, UNDEFINED = 1 << 16, STATE = 1 << 17, UNALIGNED = 1 << 24 };

/* What the causes of a trap are in the CFSR of Armv7-M. */
static const uint32_t causes[8] = {STATE, BUS_FETCH, UNDEFINED, 0, UNALIGNED, BUS, UNALIGNED, BUS};

/* RISC-V semihosting: an `ebreak` between two shifts that do nothing, all three of 4 bytes and on one page. */
int32_t semihost(int32_t operation, const void *argument)
{
    register int32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".option push\n.option norvc\n.balign 16\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

static void __attribute__((used, noreturn)) take_trap(const uint32_t *stack, uint32_t address, uint32_t cause)
{
    report_fault(stack, address, cause < 8 ? causes[cause] : 0);
}

/* The stack pointer may be what is wrong: report from a stack at the other end of the memory. */
static void __attribute__((naked, used, aligned(4))) trap(void)
{
    __asm__(".option arch, +zicsr\n mv a0, sp\n csrr a1, mepc\n csrr a2, mcause\n la sp, board_bss_end + 1024\n j take_trap");
}

static void __attribute__((used, noreturn)) begin(void) { start((const uint32_t *)__builtin_frame_address(0)); }

void __attribute__((naked, section(".vectors"))) reset(void)
{
    __asm__(".option arch, +zicsr\n la sp, board_stack_top\n la t0, trap\n csrw mtvec, t0\n j begin");
}
