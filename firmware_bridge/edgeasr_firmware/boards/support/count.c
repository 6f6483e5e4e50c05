/* QEMU plugin: print how many instructions were executed when each BOARD_MARK() of board.h is reached, marks not counted.
 *
 * The functions are those of QEMU's plugin interface, version 1, declared here because Debian has no package with its
 * header. It is a tool of tests, loaded into the emulator; no part of it is in a firmware. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct block;
struct instruction;
enum { NO_REGISTERS = 0, INLINE_ADD = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*translated)(uint64_t, struct block *));
size_t qemu_plugin_tb_n_insns(const struct block *);
struct instruction *qemu_plugin_tb_get_insn(const struct block *, size_t index);
const void *qemu_plugin_insn_data(const struct instruction *);
size_t qemu_plugin_insn_size(const struct instruction *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct instruction *, void (*reached)(unsigned, void *), int flags, void *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct instruction *, int operation, void *counter, uint64_t added);

int qemu_plugin_version = 1;

static const unsigned char arm_mark[2] = {0xf0, 0xbf}, riscv_mark[4] = {0x13, 0x20, 0xa0, 0x7e};
static uint64_t executed;
static FILE *marks;

static void reached(unsigned core, void *nothing)
{
    (void)core, (void)nothing;
    fprintf(marks, "%llu\n", (unsigned long long)executed);
    fflush(marks);
}

static bool is_mark(const struct instruction *instruction)
{
    size_t bytes = qemu_plugin_insn_size(instruction);
    return bytes <= sizeof riscv_mark &&
           memcmp(qemu_plugin_insn_data(instruction), bytes == 2 ? arm_mark : riscv_mark, bytes) == 0;
}

static void translated(uint64_t id, struct block *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct instruction *instruction = qemu_plugin_tb_get_insn(block, i);
        if (is_mark(instruction))
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, reached, NO_REGISTERS, NULL);
        else
            qemu_plugin_register_vcpu_insn_exec_inline(instruction, INLINE_ADD, &executed, 1);
    }
}

int qemu_plugin_install(uint64_t id, const void *machine, int arguments, char **values)
{
    (void)machine;
    if (arguments != 1 || strncmp(values[0], "marks=", 6) != 0 || !(marks = fopen(values[0] + 6, "w")))
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
