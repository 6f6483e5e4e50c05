"""The boards that firmware is built for: this computer, and Cortex-M boards as QEMU emulates them."""

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
        machine: QEMU's name of the board; empty where programs run on this computer.
        flash, ram: its memory; None where the system gives it.
    """

    name: str
    compiler: str
    flags: tuple[str, ...]
    machine: str = ""
    flash: Memory | None = None
    ram: Memory | None = None


def _cortex(core: str, fpu: str, machine: str, flash: Memory, ram: Memory) -> Board:
    float_flags = ("-mfloat-abi=hard", f"-mfpu={fpu}") if fpu else ("-mfloat-abi=soft",)
    flags = (f"-mcpu=cortex-{core.removesuffix('f')}", "-mthumb", *float_flags)
    return Board(f"cortex-{core}", "arm-none-eabi-gcc", flags, machine, flash, ram)


_LOW_4M = Memory(0, 4 << 20), Memory(0x2000_0000, 4 << 20)

BOARDS = {
    board.name: board
    for board in (
        Board("host", "gcc", ()),
        # ARMv6-M code runs on the M3, which knows all its instructions; cortex_m.c turns its alignment faults on.
        _cortex("m0", "", "mps2-an385", *_LOW_4M),
        _cortex("m3", "", "mps2-an385", *_LOW_4M),
        _cortex("m4f", "fpv4-sp-d16", "mps2-an386", *_LOW_4M),
        _cortex("m7", "fpv5-d16", "mps2-an500", *_LOW_4M),
        _cortex("m33", "fpv5-sp-d16", "mps2-an505", Memory(0x1000_0000, 4 << 20), Memory(0x3800_0000, 4 << 20)),
        _cortex("m55", "auto", "mps3-an547", Memory(0, 512 << 10), Memory(0x2000_0000, 512 << 10)),
    )
}
