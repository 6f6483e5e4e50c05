"""The boards that firmware is built for: this computer, and others as emulators have them."""

from dataclasses import dataclass

__all__ = ["BOARDS", "Board", "Memory"]


@dataclass(frozen=True)
class Memory:
    """A range of addresses.

    Attributes:
        origin: first address.
        size_bytes: how many follow.
    """

    origin: int
    size_bytes: int


@dataclass(frozen=True)
class Board:
    """A board, and how to compile for it.

    Attributes:
        name: as on the command line.
        compiler: command of its C compiler.
        flags: what the compiler must know of the core; it chooses the kernels by the feature macros these set.
        machine: the emulator's name of it; empty where programs run on this computer.
        flash, ram: its memory; None where the system gives it.
        emulator: QEMU's command for this core, or "unicorn" or "rp2040js".
    """

    name: str
    compiler: str
    flags: tuple[str, ...]
    machine: str = ""
    flash: Memory | None = None
    ram: Memory | None = None
    emulator: str = "qemu-system-arm"


_LOW_4M = Memory(0, 4 << 20), Memory(0x2000_0000, 4 << 20)


def _flags(core: str) -> tuple[str, ...]:
    """Give the compiler's flags for a Cortex-M."""
    fpu = {"m4f": "fpv4-sp-d16", "m7": "fpv5-d16", "m33": "fpv5-sp-d16", "m55": "auto"}.get(core)
    float_flags = ("-mfloat-abi=hard", f"-mfpu={fpu}") if fpu else ("-mfloat-abi=soft",)
    return (f"-mcpu=cortex-{core.removesuffix('f')}", "-mthumb", *float_flags)


def _cortex(core: str, machine: str, flash: Memory, ram: Memory) -> Board:
    return Board(f"cortex-{core}", "arm-none-eabi-gcc", _flags(core), machine, flash, ram)


def _real(name: str, core: str, machine: str, flash_kib: int, ram_kib: int) -> Board:
    """Give a board that is sold: the same core as an emulated one, and no more memory than it has."""
    flash, ram = Memory(0, flash_kib << 10), Memory(0x2000_0000, ram_kib << 10)
    return Board(name, "arm-none-eabi-gcc", _flags(core), machine, flash, ram)


def _unicorn(core: str) -> Board:
    name, model = f"unicorn-{core}", f"CORTEX_{core.removesuffix('f').upper()}"
    ram = Memory(0x2000_0000, 512 << 10)  # it is painted at the start, and unicorn is slow
    return Board(name, "arm-none-eabi-gcc", _flags(core), model, Memory(0, 4 << 20), ram, "unicorn")


BOARDS = {
    board.name: board
    for board in (
        Board("host", "gcc", ()),
        # ARMv6-M code runs on the M3, which knows all its instructions; cortex_m.c turns its alignment faults on.
        _cortex("m0", "mps2-an385", *_LOW_4M),
        _cortex("m3", "mps2-an385", *_LOW_4M),
        _cortex("m4f", "mps2-an386", *_LOW_4M),
        _cortex("m7", "mps2-an500", *_LOW_4M),
        _cortex("m33", "mps2-an505", Memory(0x1000_0000, 4 << 20), Memory(0x3800_0000, 4 << 20)),
        _cortex("m55", "mps3-an547", Memory(0, 512 << 10), Memory(0x2000_0000, 512 << 10)),
        Board(
            "riscv32", "riscv64-unknown-elf-gcc", ("-march=rv32imac", "-mabi=ilp32"), "virt",
            Memory(0x8000_0000, 4 << 20), Memory(0x8040_0000, 4 << 20), "qemu-system-riscv32",
        ),
        Board(
            "rp2040", "arm-none-eabi-gcc", _flags("m0plus"), "rp2040",
            Memory(0x1000_0000, 2 << 20), Memory(0x2000_0000, 264 << 10), "rp2040js",
        ),
        *(_unicorn(core) for core in ("m0", "m3", "m4f", "m7", "m33")),
        _real("nano33ble", "m4f", "mps2-an386", 1024, 256),  # nRF52840
        _real("stm32f407", "m4f", "mps2-an386", 1024, 192),
        _real("stm32f746", "m7", "mps2-an500", 1024, 320),
    )
}  # fmt: skip
