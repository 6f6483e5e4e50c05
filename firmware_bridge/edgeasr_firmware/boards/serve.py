"""A program on an emulated board whose serial line can be opened, as if the board were plugged in."""

import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from edgeasr.errors import FirmwareError
from edgeasr_firmware.boards.board import Board
from edgeasr_firmware.boards.run import emulator

__all__ = ["serve"]

_START_LIMIT_S = 10.0


@contextmanager
def serve(board: Board, program: Path, line: Literal["pty", "tcp"] = "pty") -> Iterator[str]:
    """Run a program until the end of the `with` block.

    Its clock goes by its instructions, one a nanosecond, so that the times it tells are the same each time.

    Args:
        board: it was built for, an emulated one.
        program: ELF file.
        line: what stands for the serial line: a terminal, or a socket of this computer.

    Returns:
        Where the line is, as pyserial takes it: "/dev/pts/3" or "socket://127.0.0.1:5555".

    Raises:
        FirmwareError: the emulator does not start.
        MissingPackageError: it is not installed.
    """
    port = _free_port()
    serial = "pty" if line == "pty" else f"tcp:127.0.0.1:{port},server=on,wait=off,nodelay=on"
    command = [*emulator(board, program), "-icount", "shift=0", "-serial", serial]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _wait(process, log, board, port if line == "tcp" else None)
        finally:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", log: IO[str], board: Board, port: int | None) -> str:
    """Wait until the line is there: the name of the terminal is in the log, or the port takes connections."""
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        log.seek(0)
        if port is None and (found := re.search(r"redirected to (\S+)", log.read())):
            return found[1]
        if port is not None and _listens(port):
            return f"socket://127.0.0.1:{port}"
        time.sleep(0.02)
    log.seek(0)
    raise FirmwareError(f"{board.name}: expected an emulator with a serial line, got {log.read().strip()[:200]!r}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    """Look, without connecting (the emulator would take it for the user), whether a port is taken."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
