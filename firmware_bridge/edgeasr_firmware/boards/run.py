"""Run a program on its board, with files in and files out, and count what it executes."""

import atexit
import functools
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeasr.errors import FirmwareError, MissingPackageError
from edgeasr.packages import check_installed
from edgeasr_firmware.boards.board import Board
from edgeasr_firmware.boards.build import SUPPORT, binutil, tool

__all__ = ["Run", "emulator", "npm_package", "run"]

# Configurable Fault Status Register, Armv7-M Architecture Reference Manual (ARM DDI 0403E), B3.2.15
_FAULTS = {
    0: "instruction access violation",
    1: "data access violation",
    8: "instruction bus error",
    9: "bus error",
    10: "imprecise bus error",
    16: "undefined instruction",
    17: "invalid state",
    18: "invalid return",
    19: "no coprocessor or FPU",
    24: "unaligned access",
    25: "division by zero",
}


@dataclass(frozen=True)
class Run:
    """What a program did.

    Attributes:
        output: what it printed.
        files: the files it left, those it was given included: name to content.
        instructions: executed between each `BOARD_MARK()` and the next; None where the board cannot tell.
        cycles: of the core, as `instructions`.
        stack_bytes: depth that the stack reached; None where the board cannot tell.
    """

    output: str
    files: dict[str, bytes]
    instructions: tuple[int, ...] | None
    cycles: tuple[int, ...] | None
    stack_bytes: int | None


def run(board: Board, program: Path, files: Mapping[str, bytes] | None = None, time_limit_s: float = 60) -> Run:
    """Run a program that `build` made to its end.

    Args:
        board: it was built for.
        program: ELF file.
        files: what it can open, name to content.
        time_limit_s: longest time on the clock of this computer.

    Raises:
        FirmwareError: it ends in a fault, by a signal, with a status other than 0, or not in time.
        MissingPackageError: there is no emulator for this board.
    """
    with tempfile.TemporaryDirectory(prefix="edgeasr-board-") as scratch:
        folder, marks = Path(scratch) / "files", Path(scratch) / "marks"
        folder.mkdir()
        for name, content in (files or {}).items():
            (folder / name).write_bytes(content)
        command = _command(board, program, marks)
        try:
            done = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=time_limit_s
            )
        except subprocess.TimeoutExpired as error:
            raise FirmwareError(
                f"{board.name}: expected {program.name} to end within {time_limit_s:g} s, it did not"
            ) from error
        output, notes = _split((done.stdout + done.stderr).decode(errors="replace"))
        if complaint := _complaint(board, program, done, notes):
            raise FirmwareError(f"{board.name}: expected {program.name} to end well, got {complaint}: {_last(output)}")
        lines = [tuple(map(int, line.split())) for line in marks.read_text().splitlines()] if board.machine else []
        columns = [tuple(end - begin for begin, end in itertools.pairwise(each)) for each in zip(*lines, strict=True)]
        return Run(
            output,
            {path.name: path.read_bytes() for path in folder.iterdir()},
            next(iter(columns), ()) if board.machine else None,
            columns[1] if len(columns) > 1 else None,
            int(notes["stack"].split()[0]) if board.machine else None,
        )


def _command(board: Board, program: Path, marks: Path) -> list[str]:
    """Give the command that runs a program, and writes a line at each mark: instructions, and cycles where it can."""
    file = str(program.resolve())
    if not board.machine:
        return [file]
    memories = filter(None, (board.flash, board.ram))
    ranges = [str(number) for memory in memories for number in (memory.origin, memory.size_bytes)]
    if board.emulator == "unicorn":
        check_installed("unicorn", "emulators", f"running {board.name}")
        child = Path(__file__).parent / "unicorn_child.py"
        return [sys.executable, "-P", str(child), board.machine, file, str(marks), *ranges]
    if board.emulator == "rp2040js":
        node = tool("node", f"running {board.name}")
        return [node, str(SUPPORT / "rp2040.mjs"), str(npm_package("rp2040js")), file, str(marks), *ranges]
    return [*emulator(board, program), "-serial", "null", "-plugin", f"{_counter()},marks={marks}"]


@functools.cache
def npm_package(name: str) -> Path:
    """Find a package of npm: among those of this folder, or those that are installed for all.

    Raises:
        MissingPackageError: it is not installed.
    """
    asked = subprocess.run([tool("npm", f"finding {name}"), "root", "-g"], capture_output=True, text=True, timeout=60)
    for folder in (Path("node_modules"), Path(asked.stdout.strip())):
        if (folder / name).exists():
            return (folder / name).resolve()
    raise MissingPackageError(f"this board needs {name}: npm install -g {name}")


def emulator(board: Board, program: Path) -> list[str]:
    """Give the command that runs a program on an emulated board; the UART and what else is wanted may follow.

    Raises:
        MissingPackageError: QEMU is not installed.
    """
    command = [tool(board.emulator, f"running {board.name}"), "-machine", board.machine, "-display", "none"]
    command += ["-monitor", "none", "-semihosting-config", "enable=on,target=native"]
    return [*command, *(("-bios", "none") if "riscv" in board.emulator else ()), "-kernel", str(program.resolve())]


@functools.cache
def _counter() -> Path:
    """Compile the plugin that counts, once in a process."""
    folder = Path(tempfile.mkdtemp(prefix="edgeasr-count-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [tool("gcc", "counting instructions"), "-O2", "-shared", "-fPIC", str(SUPPORT / "count.c")]
    subprocess.run([*command, "-o", str(folder / "count.so")], check=True, capture_output=True, timeout=60)
    return folder / "count.so"


def _split(printed: str) -> tuple[str, dict[str, str]]:
    """Part what a program printed from what the start-up code of the board said: the text, and note to value."""
    pattern = r"\n@board (\w+) (\d+(?: \w+)?)\n"
    return re.sub(pattern, "", printed), dict(re.findall(pattern, printed))


def _complaint(
    board: Board, program: Path, done: "subprocess.CompletedProcess[bytes]", notes: Mapping[str, str]
) -> str:
    """Say what was wrong with a run, or nothing."""
    if notes.get("stack", "").endswith("overflow"):
        return "a stack that grew into the variables"
    if "fault" in notes:
        address, status = map(int, notes["fault"].split())
        names = [name for bit, name in _FAULTS.items() if status >> bit & 1] or ["hard fault"]
        return f"{' and '.join(names)} at {address:#010x} in {_place(board, program, address)}"
    if done.returncode:
        return f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    return "no end of its own" if board.machine and "stack" not in notes else ""


def _place(board: Board, program: Path, address: int) -> str:
    """Name the function and the line of an address."""
    command = [tool(binutil(board, "addr2line"), "naming a fault"), "-f", "-e", str(program), hex(address)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    function, _, line = done.stdout.strip().partition("\n")
    return f"{function} ({Path(line).name})" if function != "??" else "no function of the program"


def _last(output: str) -> str:
    """Give the last line that was printed, or that in which an emulator or a sanitiser says why it stopped."""
    lines = output.strip().splitlines()
    telling = [line for line in lines if re.match(r"qemu|SUMMARY:|.*: runtime error:", line)]
    return f"it last printed {(telling or lines)[-1][:200]!r}" if lines else "it printed nothing"
