"""The host's side of the MLPerf Tiny protocol: drive a device over a serial line, ours or anybody's.

Commands end with "%", an answer is lines and ends with "m-ready"
(https://github.com/mlcommons/tiny, benchmark/api/internally_implemented.cpp).
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from edgeasr.errors import TargetError
from edgeasr.packages import require

__all__ = ["Device", "Inference", "connect"]

_BYTES_A_COMMAND = 31  # what the runner of MLPerf Tiny sends, and every device takes
_READ_LIMIT_S = 0.05  # of one look at the line
_OPEN_AGAIN_S = 0.2  # from one try to the next, where a device was unplugged
_RESETS = 3  # tries
_FILLER = b" " * 2048  # more than any block of samples that a device may still wait for
_BOOTED, _READY = "m-init-done", "m-ready"


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

    def __init__(self, open_line: Callable[[], Any], where: str, time_limit_s: float) -> None:
        self._open, self._where, self._time_limit_s = open_line, where, time_limit_s
        self._line: Any = open_line()
        self.reset()
        self.name = _value(self.ask("name"), r"m-name-dut-\[(.*)\]", where)
        self.model = _value(self.ask("profile"), r"m-model-\[(.*)\]", where)

    def reset(self) -> None:
        """Forget what is on the line, which is opened again where it was lost, and wait until the device answers.

        Raises:
            TargetError: it does not.
        """
        deadline = time.monotonic() + self._time_limit_s
        filler = b""
        while time.monotonic() < deadline:
            with suppress(TargetError):
                if self._line is None:
                    self._open_again()
                # The first "%" ends what it may have of a command, the filler what it may want of samples.
                self._write(filler + b"%name%")
                filler = _FILLER
                limit_s = min(deadline - time.monotonic(), self._time_limit_s / _RESETS)
                if _is_named(self._read(_is_named, limit_s)):
                    self._drain()
                    return
        raise TargetError(
            f"{self._where}: expected a device that speaks the MLPerf Tiny protocol, got no answer within "
            f"{self._time_limit_s:g} s: check the port and its speed, or reset the device"
        )

    def infer(
        self, data: bytes, inferences: int = 1, warmups: int = 0, attempts: int = 3, expected_s: float = 0
    ) -> Inference:
        """Give the device an input and let it run.

        Args:
            data: the input tensor, as it lies in memory.
            inferences: how many are timed.
            warmups: how many come before.
            attempts: how often to try, where a device is reset or the line disturbed.
            expected_s: how long all these inferences may take, in which the device says nothing.

        Raises:
            TargetError: no attempt was successful.
        """
        for attempt in range(1, attempts + 1):
            try:
                return self._infer(data, inferences, warmups, attempt, expected_s)
            except TargetError:
                if attempt == attempts:
                    raise
                self.reset()
        raise ValueError(f"attempts must be positive, got {attempts}")

    def _infer(self, data: bytes, inferences: int, warmups: int, attempt: int, expected_s: float) -> Inference:
        lines = self.ask(f"db load {len(data)}")
        for start in range(0, len(data), _BYTES_A_COMMAND):
            lines = self.ask(f"db {data[start : start + _BYTES_A_COMMAND].hex()}")
        if "m-load-done" not in lines:
            raise TargetError(f"{self._where}: expected m-load-done after {len(data)} bytes, got {_text(lines)}")
        lines = self.ask(f"infer {inferences} {warmups}", patience_s=expected_s)
        laps = [int(found[1]) for line in lines if (found := re.fullmatch(r"m-lap-us-(\d+)", line))]
        results = _value(lines, r"m-results-\[(.*)\]", self._where)
        try:
            begin, end = laps
            scores = tuple(float(text) for text in results.split(","))
        except ValueError as error:
            raise TargetError(f"{self._where}: expected two laps and numbers, got {_text(lines)}") from error
        return Inference(scores, ((end - begin) & 0xFFFFFFFF) / inferences, attempt)

    def ask(self, command: str, data: bytes = b"", patience_s: float = 0) -> list[str]:
        """Send a command and give the lines of the answer.

        Args:
            command: without the "%" at its end.
            data: that follows it.
            patience_s: how much longer than usual to wait for the answer.

        Raises:
            TargetError: there is none, the device calls it an error, or it was reset.
        """
        self._write(f"{command}%".encode() + data)
        limit_s = self._time_limit_s + patience_s
        lines = self._read(lambda lines: _READY in lines, limit_s)
        if _READY not in lines:
            raise TargetError(
                f"{self._where}: expected an answer to {command!r} within {limit_s:g} s, got {_text(lines)}"
            )
        if _BOOTED in lines:
            raise TargetError(f"{self._where}: the device was reset while it was asked {command!r}")
        for line in lines:
            if line.startswith("e-["):
                raise TargetError(f"{self._where}: the device answers {command!r} with {line}")
        return lines

    def close(self) -> None:
        """Close the line."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _open_again(self) -> None:
        try:
            self._line = self._open()
        except OSError as error:
            time.sleep(_OPEN_AGAIN_S)
            raise TargetError(f"{self._where}: cannot be opened again ({error})") from error

    def _read(self, is_all: Callable[[list[str]], bool], limit_s: float) -> list[str]:
        """Give the lines that come, until they are all, or the time is up."""
        lines: list[str] = []
        received = b""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and not is_all(lines):
            *whole, received = (received + self._receive()).split(b"\n")
            lines += [line.decode(errors="replace").strip() for line in whole]
        return lines

    def _write(self, data: bytes) -> None:
        try:
            self._line.write(data)
        except OSError as error:
            raise self._lost(error) from error

    def _receive(self) -> bytes:
        """Give what came, after at most `_READ_LIMIT_S`."""
        try:
            return bytes(self._line.read(max(1, self._line.in_waiting)))
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: OSError) -> TargetError:
        with suppress(OSError):
            self.close()
        self._line = None
        return TargetError(f"{self._where}: the line is lost ({error}): plug the device in again")

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
    serial = require("serial", "firmware", "talking to a device")

    def open_line() -> Any:
        return serial.serial_for_url(url, baudrate=baud, timeout=_READ_LIMIT_S, write_timeout=time_limit_s)

    try:
        device = Device(open_line, url, time_limit_s)
    except (OSError, ValueError) as error:
        reason = getattr(error.__context__, "strerror", None) or error  # pyserial makes sentences of it
        todo = "check that a device listens there" if "://" in url else "name a serial port such as /dev/ttyACM0"
        raise TargetError(f"{url}: cannot be opened ({reason}): {todo}") from error
    try:
        yield device
    finally:
        device.close()


def _value(lines: Sequence[str], pattern: str, where: str) -> str:
    """Find the one thing in an answer that was asked for."""
    for line in lines:
        if found := re.fullmatch(pattern, line):
            return found[1]
    raise TargetError(f"{where}: expected an answer like {pattern}, got {_text(lines)}")


def _is_named(lines: Sequence[str]) -> bool:
    """Tell whether the answer to `name` is among lines, to its end."""
    named = [place for place, line in enumerate(lines) if line.startswith("m-name-")]
    return bool(named) and _READY in lines[named[0] :]


def _text(lines: Sequence[str]) -> str:
    return repr(" ".join(lines)[:200]) if lines else "nothing"
