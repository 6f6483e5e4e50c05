/* The start and the faults of a Cortex-M. */
#include <stddef.h>

#include "bare.h"

#define SCB_CFSR ((volatile uint32_t *)0xe000ed28u)
#define SCB_CCR ((volatile uint32_t *)0xe000ed14u)
#define SCB_CPACR ((volatile uint32_t *)0xe000ed88u)

int32_t semihost(int32_t operation, const void *argument)
{
    register int32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* `frame` is what the core pushed when it took the fault: r0-r3, r12, lr, the address of the instruction, flags. */
static void __attribute__((used, noreturn)) take_fault(const uint32_t *frame)
{
    uint32_t address = frame < board_bss_end ? 0 : frame[6]; /* below there may be no memory */
#if __ARM_ARCH_ISA_THUMB == 2
    report_fault(frame, address, *SCB_CFSR);
#else
    report_fault(frame, address, 0);
#endif
}

/* The stack pointer may be what is wrong: report from a stack at the other end of the memory. */
static void __attribute__((naked)) fault(void)
{
    __asm__("mov r0, sp\n ldr r1, =board_bss_end + 1024\n mov sp, r1\n b take_fault");
}

static void __attribute__((noreturn, used)) reset(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    *SCB_CPACR |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
#if __ARM_ARCH_ISA_THUMB == 1
    *SCB_CCR |= 1u << 3; /* run on a larger core, which shall fault on unaligned addresses as an ARMv6-M core does */
#endif
    start((const uint32_t *)__builtin_frame_address(0));
}

static void *const vectors[16] __attribute__((section(".vectors"), used)) = {
    board_stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
