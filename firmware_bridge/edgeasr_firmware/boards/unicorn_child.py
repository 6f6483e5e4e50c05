"""Run an ELF file on a Cortex-M of unicorn, in a process of its own: it needs no package of the system, and no root.

`python unicorn_child.py MODEL FILE MARKS ORIGIN BYTES ORIGIN BYTES`: the core, the program, the file that gets a line
at each mark, flash and RAM. Files are opened in the current folder. What is served: semihosting, marks, faults.
"""

import importlib
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

__all__ = ["Machine", "main"]

_MARK, _BREAKPOINT = 0xBFF0, 0xBEAB  # BOARD_MARK and semihosting, as instructions
_OPEN, _CLOSE, _WRITE0, _WRITE, _READ, _EXIT = 1, 2, 4, 5, 6, 0x20
_SYSTEM = 0xE000_0000
_CFSR = 0xE000_ED28
_BUS_ERROR, _UNDEFINED, _UNALIGNED = 1 << 9, 1 << 16, 1 << 24
_HARD_FAULT = 3  # its number among the vectors
_LONG_PREFIXES = (0x1D, 0x1E, 0x1F)  # first 5 bits of an instruction of 4 bytes


class Machine:
    """A core, its memory, its open files and its counts."""

    def __init__(self, model: str, marks: IO[str], memories: Sequence[tuple[int, int]]) -> None:
        self._unicorn = importlib.import_module("unicorn")
        self._names = importlib.import_module("unicorn.arm_const")
        unicorn = self._unicorn
        self._core = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._core.ctl_set_cpu_model(getattr(self._names, f"UC_CPU_ARM_{model}"))
        for origin, size in (*memories, (_SYSTEM, 1 << 20)):
            self._core.mem_map(origin, size)
        self._core.hook_add(unicorn.UC_HOOK_INTR, self._interrupt)
        self._core.hook_add(unicorn.UC_HOOK_BLOCK, self._block)
        self._vectors = memories[0][0]
        self._marks = marks
        self._blocks: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
        self._files: dict[int, IO[bytes]] = {}
        self._executed = 0
        self._status: int | None = None
        self._fault = 0

    def load(self, file: bytes) -> None:
        """Put the segments of an ELF file of 32 bits where they are stored."""
        (table,), (size, count) = struct.unpack_from("<I", file, 28), struct.unpack_from("<HH", file, 42)
        for number in range(count):
            kind, offset, _, address, length = struct.unpack_from("<5I", file, table + number * size)
            if kind == 1 and length:
                self._core.mem_write(address, file[offset : offset + length])

    def run(self) -> int:
        """Run from the reset vector until the program ends; give its status."""
        stack, begin = struct.unpack("<II", self._core.mem_read(self._vectors, 8))
        self._set("SP", stack)
        while self._status is None:
            try:
                self._core.emu_start(begin | 1, 0xFFFF_FFFE)
            except self._unicorn.UcError as error:
                undefined = error.errno == self._unicorn.UC_ERR_INSN_INVALID
                self._fault = _UNDEFINED if undefined else _BUS_ERROR
            if self._status is None:
                begin = self._take_fault()
        for file in self._files.values():
            file.close()
        return self._status

    def _take_fault(self) -> int:
        """Do what the core does for a fault: push registers, and go to the handler. Give its address."""
        frame = self._get("SP") - 32
        pushed = [self._get(name) for name in ("R0", "R1", "R2", "R3", "R12", "LR", "PC", "XPSR")]
        with suppress(self._unicorn.UcError):  # the stack has left the memory: the handler finds out
            self._core.mem_write(frame, struct.pack("<8I", *pushed))
        self._core.mem_write(_CFSR, struct.pack("<I", self._fault))
        self._set("SP", frame)
        (handler,) = struct.unpack("<I", self._core.mem_read(self._vectors + 4 * _HARD_FAULT, 4))
        return int(handler)

    def _interrupt(self, core: Any, number: int, nothing: Any) -> None:
        """Serve an exception: a breakpoint is semihosting, what else there is a fault."""
        place = self._get("PC")
        try:
            (instruction,) = struct.unpack("<H", core.mem_read(place, 2))
        except self._unicorn.UcError:
            instruction = 0
        if instruction != _BREAKPOINT:
            self._fault = _UNDEFINED if number == 1 else _UNALIGNED
            core.emu_stop()
            return
        answer = self._semihost(self._get("R0"), self._get("R1"))
        if self._status is not None:
            core.emu_stop()
            return
        self._set("R0", answer & 0xFFFF_FFFF)
        self._set("PC", (place + 2) | 1)

    def _semihost(self, operation: int, argument: int) -> int:
        if operation == _WRITE0:
            sys.stdout.write(self._text(argument))
            return 0
        first, second, third = struct.unpack("<3I", self._core.mem_read(argument, 12))
        if operation == _OPEN:
            return self._open(self._text(first), "wb" if second >= 4 else "rb")
        if operation == _CLOSE:
            self._files.pop(first).close()
        elif operation == _READ:
            content: bytes = self._files[first].read(third)
            self._core.mem_write(second, content)
            return int(third) - len(content)
        elif operation == _WRITE:
            self._files[first].write(self._core.mem_read(second, third))
        elif operation == _EXIT:
            self._status = second
        return 0

    def _open(self, name: str, mode: str) -> int:
        handle = max(self._files, default=0) + 1
        try:
            self._files[handle] = open(name, mode)  # noqa: SIM115 - the program closes it
        except OSError:
            return -1
        return handle

    def _block(self, core: Any, address: int, size: int, nothing: Any) -> None:
        """Count the instructions of a block that begins, and write those of its marks."""
        if (address, size) not in self._blocks:
            self._blocks[address, size] = self._decode(bytes(core.mem_read(address, size)))
        count, marks = self._blocks[address, size]
        for before in marks:
            self._marks.write(f"{self._executed + before}\n")
        self._executed += count

    @staticmethod
    def _decode(code: bytes) -> tuple[int, tuple[int, ...]]:
        """Count the instructions in code, marks not among them, and those before each mark."""
        at, count, marks = 0, 0, []
        while at < len(code):
            (half,) = struct.unpack_from("<H", code, at)
            at += 4 if half >> 11 in _LONG_PREFIXES else 2
            if half == _MARK:
                marks.append(count)
            else:
                count += 1
        return count, tuple(marks)

    def _text(self, address: int) -> str:
        found = bytearray()
        while (byte := self._core.mem_read(address + len(found), 1)) != b"\0":
            found += byte
        return found.decode(errors="replace")

    def _get(self, register: str) -> int:
        return int(self._core.reg_read(getattr(self._names, f"UC_ARM_REG_{register}")))

    def _set(self, register: str, value: int) -> None:
        self._core.reg_write(getattr(self._names, f"UC_ARM_REG_{register}"), value)


def main(model: str, program: str, marks: str, *memory: str) -> int:
    """Run a program; give its status."""
    numbers = list(map(int, memory))
    with open(marks, "w") as file:
        machine = Machine(model, file, list(zip(numbers[::2], numbers[1::2], strict=True)))
        machine.load(Path(program).read_bytes())
        return machine.run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
