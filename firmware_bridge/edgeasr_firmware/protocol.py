"""The host's side of the MLPerf Tiny protocol: drive a device over a serial line, ours or anybody's.

Commands end with "%", an answer is lines and ends with "m-ready"
(https://github.com/mlcommons/tiny, benchmark/api/internally_implemented.cpp).
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edgeasr.errors import TargetError
from edgeasr.packages import require

__all__ = ["Device", "Inference", "connect"]

_BYTES_A_COMMAND = 31  # what the runner of MLPerf Tiny sends, and every device takes
_READ_LIMIT_S = 0.05  # of one look at the line
_BOOTED = "m-init-done"


@dataclass(frozen=True)
class Inference:
    """What a device said of one input.

    Attributes:
        results: its scores.
        latency_us: time of one inference by the device's own clock, the mean of those that were asked for.
        attempts: 1, or more where the device was reset or the line disturbed in between.
    """

    results: tuple[float, ...]
    latency_us: float
    attempts: int


class Device:
    """A device that answers; `connect` makes one.

    Attributes:
        name: of the device.
        model: of what it runs, such as "kws01".
    """

    def __init__(self, line: Any, where: str, time_limit_s: float) -> None:
        self._line, self._where, self._time_limit_s = line, where, time_limit_s
        self.reset()
        self.name = _value(self._ask("name"), r"m-name-dut-\[(.*)\]", where)
        self.model = _value(self._ask("profile"), r"m-model-\[(.*)\]", where)

    def reset(self) -> None:
        """Forget what is on the line, and wait until the device answers to its name.

        Raises:
            TargetError: it does not.
        """
        deadline = time.monotonic() + self._time_limit_s
        self._send("")  # ends what it may have of a command
        while time.monotonic() < deadline:
            self._drain()
            try:
                lines = self._ask("name", limit_s=min(1.0, self._time_limit_s))
            except TargetError:
                continue
            if any(line.startswith("m-name-") for line in lines):
                self._drain()
                return
        raise TargetError(
            f"{self._where}: expected a device that speaks the MLPerf Tiny protocol, got no answer within "
            f"{self._time_limit_s:g} s: check the port and its speed, or reset the device"
        )

    def infer(self, data: bytes, inferences: int = 1, warmups: int = 0, attempts: int = 3) -> Inference:
        """Give the device an input and let it run.

        Args:
            data: the input tensor, as it lies in memory.
            inferences: how many are timed.
            warmups: how many come before.
            attempts: how often to try, where a device is reset or the line disturbed.

        Raises:
            TargetError: no attempt was successful.
        """
        for attempt in range(1, attempts + 1):
            try:
                return self._infer(data, inferences, warmups, attempt)
            except TargetError:
                if attempt == attempts:
                    raise
                self.reset()
        raise ValueError(f"attempts must be positive, got {attempts}")

    def _infer(self, data: bytes, inferences: int, warmups: int, attempt: int) -> Inference:
        lines = self._ask(f"db load {len(data)}")
        for start in range(0, len(data), _BYTES_A_COMMAND):
            lines = self._ask(f"db {data[start : start + _BYTES_A_COMMAND].hex()}")
        if "m-load-done" not in lines:
            raise TargetError(f"{self._where}: expected m-load-done after {len(data)} bytes, got {_text(lines)}")
        lines = self._ask(f"infer {inferences} {warmups}")
        laps = [int(found[1]) for line in lines if (found := re.fullmatch(r"m-lap-us-(\d+)", line))]
        results = _value(lines, r"m-results-\[(.*)\]", self._where)
        try:
            begin, end = laps
            scores = tuple(float(text) for text in results.split(","))
        except ValueError as error:
            raise TargetError(f"{self._where}: expected two laps and numbers, got {_text(lines)}") from error
        return Inference(scores, ((end - begin) & 0xFFFFFFFF) / inferences, attempt)

    def _ask(self, command: str, limit_s: float | None = None) -> list[str]:
        """Send a command and give the lines of the answer."""
        limit_s = limit_s or self._time_limit_s
        self._send(command)
        lines, received = [], b""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            *whole, received = (received + self._receive()).split(b"\n")
            lines += [line.decode(errors="replace").strip() for line in whole]
            if "m-ready" in lines:
                break
        else:
            raise TargetError(
                f"{self._where}: expected an answer to {command!r} within {limit_s:g} s, got {_text(lines)}"
            )
        if _BOOTED in lines:
            raise TargetError(f"{self._where}: the device was reset while it was asked {command!r}")
        for line in lines:
            if line.startswith("e-["):
                raise TargetError(f"{self._where}: the device answers {command!r} with {line}")
        return lines

    def _send(self, command: str) -> None:
        try:
            self._line.write(f"{command}%".encode())
        except OSError as error:
            raise TargetError(f"{self._where}: the line is lost ({error}): plug the device in again") from error

    def _receive(self) -> bytes:
        """Give what came, after at most `_READ_LIMIT_S`."""
        try:
            return bytes(self._line.read(max(1, self._line.in_waiting)))
        except OSError as error:
            raise TargetError(f"{self._where}: the line is lost ({error}): plug the device in again") from error

    def _drain(self) -> None:
        """Take what is on the line until it is silent, or as long as a device may talk that is asked nothing."""
        deadline = time.monotonic() + self._time_limit_s
        while self._receive() and time.monotonic() < deadline:
            pass


@contextmanager
def connect(url: str, baud: int = 115200, time_limit_s: float = 10) -> Iterator[Device]:
    """Open a serial line and wait until a device answers.

    Args:
        url: a port, such as "/dev/ttyACM0" or "COM3", or what else pyserial takes: "socket://host:5555".
        baud: its speed.
        time_limit_s: longest wait for an answer.

    Raises:
        MissingPackageError: pyserial is not installed.
        TargetError: there is no such line, or no device answers.

    Example:
        >>> with connect("/dev/ttyACM0") as device:  # doctest: +SKIP
        ...     device.infer(data).results
    """
    serial = require("serial", "serial", "talking to a device")
    try:
        line = serial.serial_for_url(url, baudrate=baud, timeout=_READ_LIMIT_S, write_timeout=time_limit_s)
    except (OSError, ValueError) as error:
        raise TargetError(f"{url}: cannot be opened ({error}): name a serial port such as /dev/ttyACM0") from error
    with line:
        yield Device(line, url, time_limit_s)


def _value(lines: Sequence[str], pattern: str, where: str) -> str:
    """Find the one thing in an answer that was asked for."""
    for line in lines:
        if found := re.fullmatch(pattern, line):
            return found[1]
    raise TargetError(f"{where}: expected an answer like {pattern}, got {_text(lines)}")


def _text(lines: Sequence[str]) -> str:
    return repr(" ".join(lines)[:200]) if lines else "nothing"
