"""Compile C for a board, and tell how much memory the result takes."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeasr.errors import FirmwareError, MissingPackageError
from edgeasr_firmware.boards.board import Board

__all__ = ["COMPILER_FLAGS", "SUPPORT", "Sizes", "binutil", "build", "sizes", "tool"]

SUPPORT = Path(__file__).parent / "support"
COMPILER_FLAGS = ("-O2", "-std=c99", "-Wall", "-Wextra", "-Werror")
_TIME_LIMIT_S = 300
_PACKAGES = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "arm-none-eabi-size": "binutils-arm-none-eabi",
    "arm-none-eabi-addr2line": "binutils-arm-none-eabi",
    "node": "nodejs",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "riscv64-unknown-elf-size": "binutils-riscv64-unknown-elf",
    "riscv64-unknown-elf-addr2line": "binutils-riscv64-unknown-elf",
    "size": "binutils",
}


@dataclass(frozen=True)
class Sizes:
    """Memory that a program takes before it runs.

    Attributes:
        flash_bytes: code, constants, and the initial values of variables.
        ram_bytes: variables; the stack comes on top.
    """

    flash_bytes: int
    ram_bytes: int


def build(
    board: Board,
    sources: Sequence[Path],
    program: Path,
    include: Sequence[Path] = (),
    flags: Sequence[str] = (),
) -> Path:
    """Compile C sources with what the board needs to start, with all warnings as errors.

    Args:
        board: to compile for.
        sources: C files with a `main`; they may include `board.h`.
        program: ELF file to write.
        include: folders of headers.
        flags: more flags for the compiler, such as `-DNAME=1` or `-fsanitize=address`.

    Returns:
        `program`.

    Raises:
        FirmwareError: the compiler complains, or the board has not enough memory.
        MissingPackageError: there is no compiler for this board.
    """
    command = [tool(board.compiler, f"building for {board.name}"), *COMPILER_FLAGS, "-g", *board.flags]
    command += ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", f"-I{SUPPORT}"]
    command += [f"-I{folder}" for folder in include] + [*flags, *map(str, sources)]
    if board.flash and board.ram:
        memory = {
            "FLASH_ORIGIN": board.flash.origin,
            "FLASH_BYTES": board.flash.size_bytes,
            "RAM_ORIGIN": board.ram.origin,
            "RAM_BYTES": board.ram.size_bytes,
        }
        core = SUPPORT / ("riscv.c" if board.compiler.startswith("riscv") else "cortex_m.c")
        command += ["-ffreestanding", "-nostdlib", str(SUPPORT / "bare.c"), str(core), f"-T{SUPPORT / 'bare.ld'}"]
        command += [f"-Wl,--defsym={name}={value:#x}" for name, value in memory.items()]
        command += ["-lgcc"]
    else:
        command += [str(SUPPORT / "host.c"), "-lm"]
    done = subprocess.run([*command, "-o", str(program)], capture_output=True, text=True, timeout=_TIME_LIMIT_S)
    if overflow := re.search(r"region `(\w+)' overflowed by (\d+) bytes", done.stderr):
        region = board.flash if overflow[1] == "FLASH" else board.ram
        assert region is not None
        raise FirmwareError(
            f"{board.name}: expected a program that fits its {region.size_bytes} bytes of {overflow[1]}, "
            f"got {overflow[2]} bytes more: take a smaller model or a larger board"
        )
    if done.returncode:
        lines = done.stderr.splitlines() or ["nothing"]
        first = next((line for line in lines if "error" in line), lines[0])
        raise FirmwareError(f"{board.name}: expected C that {board.compiler} compiles, got {first}")
    return program


def sizes(board: Board, program: Path) -> Sizes:
    """Read the memory that a program takes from its ELF file."""
    command = [tool(binutil(board, "size"), "measuring firmware"), "--format=berkeley", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_TIME_LIMIT_S)
    text, data, bss = map(int, done.stdout.splitlines()[1].split()[:3])
    return Sizes(text + data, data + bss)


def binutil(board: Board, name: str) -> str:
    """Name the binutils command that belongs to the compiler of a board."""
    return board.compiler.removesuffix("gcc") + name if board.machine else name


def tool(command: str, purpose: str) -> str:
    """Find a command of the system.

    Raises:
        MissingPackageError: it is not installed.
    """
    path = shutil.which(command)
    if path is None:
        raise MissingPackageError(f"{purpose} needs {command}: apt install {_PACKAGES.get(command, command)}")
    return path
