"""Small programs on every board: files, counts, faults, limits."""

import pytest

from edgeasr.errors import FirmwareError, MissingPackageError
from edgeasr_firmware.boards import BOARDS, build, run, sizes

REAL = ("nano33ble", "stm32f407", "stm32f746")  # cores that are tried by the others, with less memory
SLOW = ("unicorn-m3", "unicorn-m7", "unicorn-m33")
EMULATED = tuple(
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
    for name, board in BOARDS.items()
    if board.machine and name not in REAL
)

ADD = """
#include "board.h"
static int32_t values[100];
int main(void)
{
    int32_t file = board_open("values.bin", BOARD_READ), sum = 0;
    uint32_t bytes = board_read(file, values, sizeof values);
    board_close(file);
    for (uint32_t i = 0; i < bytes / 4; i++)
        sum += values[i];
    file = board_open("sum.bin", BOARD_WRITE);
    board_write(file, &sum, sizeof sum);
    board_close(file);
    board_print("added\\n");
    return 0;
}
"""
COUNT = """
#include "board.h"
int main(void)
{
    BOARD_MARK();
    __asm__ volatile(".rept 100\\n nop\\n .endr");
    BOARD_MARK();
    BOARD_MARK();
    return 0;
}
"""
READ = """
#include "board.h"
__attribute__((noipa)) static uint32_t wild(volatile uint32_t *address) { return *address; }
int main(void) { wild((void *)ADDRESS); return 0; }
"""
RECURSE = """
#include "board.h"
__attribute__((noipa)) static int deep(int n)
{
    volatile char room[1000];
    room[0] = (char)n;
    return n ? deep(n - 1) + room[0] : 0;
}
int main(void)
{
    int32_t file = board_open("depth.bin", BOARD_READ), depth;
    board_read(file, &depth, sizeof depth);
    board_close(file);
    deep(depth);
    return 0;
}
"""


@pytest.fixture
def program(tmp_path, on_board):
    """Give a function that builds a source text for a board."""

    def make(name, source, *flags):
        (tmp_path / "program.c").write_text(source)
        return build(on_board(name), [tmp_path / "program.c"], tmp_path / f"{name}.elf", flags=flags)

    return make


@pytest.mark.parametrize("name", ["host", *EMULATED])
def test_board_takes_and_gives_files(program, name):
    done = run(BOARDS[name], program(name, ADD), {"values.bin": b"".join(n.to_bytes(4, "little") for n in range(90))})
    assert int.from_bytes(done.files["sum.bin"], "little") == 90 * 89 // 2
    assert done.output == "added\n"


@pytest.mark.parametrize("name", EMULATED)
def test_board_counts_to_the_instruction(program, name):
    assert run(BOARDS[name], program(name, COUNT)).instructions == (100, 0)


def test_board_rp2040_counts_cycles(program):
    done = run(BOARDS["rp2040"], program("rp2040", COUNT.replace("nop", "b .+2")))  # a branch takes 2
    assert (done.instructions, done.cycles) == ((100, 0), (200, 0))


def test_host_counts_nothing(program):
    source = '#include "board.h"\nint main(void) { BOARD_MARK(); return 0; }'
    done = run(BOARDS["host"], program("host", source))
    assert (done.instructions, done.cycles, done.stack_bytes) == (None, None, None)


@pytest.mark.parametrize("name", EMULATED)
def test_board_measures_the_stack_and_tells_when_it_overflows(program, name):
    elf = program(name, RECURSE)

    def stack_bytes(depth):
        return run(BOARDS[name], elf, {"depth.bin": depth.to_bytes(4, "little")}).stack_bytes

    assert 10_000 <= stack_bytes(20) - stack_bytes(10) <= 10_400
    with pytest.raises(FirmwareError, match="stack that grew into the variables"):
        stack_bytes(60_000)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("cortex-m0", "hard fault"),
        ("cortex-m4f", "bus error"),
        ("riscv32", "bus error"),
        ("rp2040", "bus error"),
        ("unicorn-m4f", "bus error"),
    ],
)
def test_board_names_a_fault_and_its_place(program, name, what):
    with pytest.raises(FirmwareError, match=rf"{name}.*{what} at 0x[0-9a-f]{{8}} in wild \(program.c:3\)"):
        run(BOARDS[name], program(name, READ, "-DADDRESS=0xa0000000"))


@pytest.mark.parametrize("name", ["cortex-m0", "rp2040"])
def test_board_m0_refuses_unaligned_addresses(program, name):
    with pytest.raises(FirmwareError, match="in wild"):
        run(BOARDS[name], program(name, READ, "-DADDRESS=0x20000001"))


def test_board_m3_takes_unaligned_addresses(program):
    run(BOARDS["cortex-m3"], program("cortex-m3", READ, "-DADDRESS=0x20000001"))


@pytest.mark.parametrize("name", ["host", "cortex-m4f", "riscv32", "rp2040", "unicorn-m4f"])
def test_board_tells_of_status_and_time(program, name):
    with pytest.raises(FirmwareError, match="status 3: it printed nothing"):
        run(BOARDS[name], program(name, "int main(void) { return 3; }"))
    with pytest.raises(FirmwareError, match="cannot open values.bin"):
        run(BOARDS[name], program(name, ADD))
    with pytest.raises(FirmwareError, match=r"to end within 0.5 s"):
        run(BOARDS[name], program(name, "int main(void) { for (;;) ; }"), time_limit_s=0.5)


def test_host_tells_of_a_signal(program):
    with pytest.raises(FirmwareError, match="signal 11"):
        run(BOARDS["host"], program("host", READ, "-DADDRESS=8"))


def test_build_tells_of_mistakes_in_c(program):
    with pytest.raises(FirmwareError, match=r"program.c:1.*unused variable"):
        program("cortex-m4f", "int main(void) { int unused = 0; return 0; }")


@pytest.mark.parametrize(
    ("source", "memory"),
    [
        ("static volatile char v[600000]; int main(void) { return v[5]; }", "524288 bytes of RAM"),
        ("static const volatile char v[600000] = {1}; int main(void) { return v[5]; }", "524288 bytes of FLASH"),
    ],
)
def test_build_refuses_what_does_not_fit(program, source, memory):
    with pytest.raises(FirmwareError, match=rf"cortex-m55.*{memory}, got \d+ bytes more"):
        program("cortex-m55", source)


def test_sizes_tell_flash_and_ram_apart(program):
    source = "static volatile char zero[4000], one[400] = {1}; int main(void) { return zero[9] + one[9]; }"
    small = sizes(BOARDS["cortex-m3"], program("cortex-m3", "int main(void) { return 0; }"))
    large = sizes(BOARDS["cortex-m3"], program("cortex-m3", source))
    assert large.ram_bytes - small.ram_bytes == 4400
    assert 400 <= large.flash_bytes - small.flash_bytes <= 464


@pytest.mark.parametrize(
    ("name", "feature"),
    [("cortex-m4f", "DSP"), ("cortex-m7", "DSP"), ("cortex-m33", "DSP"), ("cortex-m55", "MVE"), ("cortex-m4f", "FMA")],
)
def test_board_has_what_its_flags_promise(program, name, feature):
    source = """
#include <arm_acle.h>
#if __ARM_FEATURE_MVE
#include <arm_mve.h>
#endif
static volatile int32_t a = 0x00030002, b = 0x00050007;
int main(void)
{
#ifndef __ARM_FEATURE_FEATURE
#error the feature is not there
#endif
#if __ARM_FEATURE_MVE
    return vmladavq_s32(vdupq_n_s32(a), vdupq_n_s32(1)) != 4 * a;
#else
    volatile float half = 0.5f;
    return __smlad(a, b, 1) != 30 || half + half != 1.0f;
#endif
}
""".replace("FEATURE_FEATURE", f"FEATURE_{feature}")
    run(BOARDS[name], program(name, source))


def test_board_names_the_tool_that_is_missing(program, tmp_path, monkeypatch):
    elf = program("cortex-m4f", COUNT)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPackageError, match="arm-none-eabi-gcc: apt install gcc-arm-none-eabi"):
        build(BOARDS["cortex-m4f"], [], tmp_path / "x.elf")
    with pytest.raises(MissingPackageError, match="qemu-system-arm: apt install qemu-system-arm"):
        run(BOARDS["cortex-m4f"], elf)
