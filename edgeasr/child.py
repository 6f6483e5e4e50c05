"""A Python process beside this one, which reports in JSON, and may print noise, hang or crash without harm."""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

__all__ = ["Child", "report", "start", "start_command"]

_MARK = b"@edgeasr "  # before each line of ours: packages print to standard output too
_READ_BYTES = 1 << 20  # at least what a pipe holds
_STDERR_BYTES = 1 << 16  # of its end, searched for the last line


def report(**values: Any) -> None:
    """Tell the parent something, in the child."""
    # The line break in front ends whatever was printed without one.
    print(f"\n{_MARK.decode()}{json.dumps(values)}", flush=True)


class Child:
    """A running child; `start` makes one.

    Attributes:
        stopped: it was killed because it took too long.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", stderr: IO[bytes], time_limit_s: float) -> None:
        assert process.stdout is not None
        self.stopped = False
        self._process = process
        self._stdout = process.stdout.fileno()
        self._stderr = stderr
        self._stderr_start = stderr.tell()
        self._time_limit_s = time_limit_s
        self._deadline = time.monotonic() + time_limit_s

    @property
    def code(self) -> int | None:
        """Its exit code, or less than 0 the number of the signal that ended it; None while it runs."""
        return self._process.returncode

    @property
    def crashed(self) -> bool:
        """Whether a signal ended it that was not ours."""
        return not self.stopped and (self._process.returncode or 0) < 0

    def reports(self) -> Iterator[dict[str, Any]]:
        """Give each report as it comes, until the process has ended or was stopped.

        The time limit starts with the process, and again with each report. What was reported in time is given
        however late it is asked for.
        """
        rest = b""
        for output in self._output():
            *lines, rest = (rest + output).split(b"\n")
            for line in lines:
                if line.startswith(_MARK):
                    self._deadline = time.monotonic() + self._time_limit_s
                    yield json.loads(line.removeprefix(_MARK))
            if not rest.startswith(_MARK):
                rest = rest[: len(_MARK)]  # enough to know what it is: noise may come without line breaks

    def ending(self, subject: str) -> str:
        """Say how the process ended, once `reports` has given the last.

        Args:
            subject: what to call the process.

        Returns:
            "SUBJECT was stopped after 5 s", "SUBJECT crashed (SIGSEGV)", the last line that it wrote to standard
            error, or "SUBJECT ended with code 3".
        """
        code = self._process.returncode
        if self.stopped:
            return f"{subject} was stopped after {self._time_limit_s:g} s"
        if self.crashed:
            return f"{subject} crashed ({_signal_name(-code)})"
        return self._last_line() or f"{subject} ended with code {code}"

    def _output(self) -> Iterator[bytes]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while (left_s := self._deadline - time.monotonic()) > 0 and selector.select(left_s):
                output = os.read(self._stdout, _READ_BYTES)
                if not output:
                    break
                yield output
            try:
                self._process.wait(max(0.0, self._deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.stopped = True
                _kill(self._process)
            # Once more, for what came in time, and not until the end: its own children may hold the pipe.
            if selector.select(0):
                yield os.read(self._stdout, _READ_BYTES)

    def _last_line(self) -> str:
        end = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(self._stderr_start, end - _STDERR_BYTES))
        text = self._stderr.read().decode(errors="replace").strip()
        return text.splitlines()[-1].strip() if text else ""


@contextmanager
def start(
    module: str,
    *arguments: str,
    time_limit_s: float,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Child]:
    """Run `python -m MODULE ARGUMENTS`, for as long as the `with` block lasts: it is killed at the end of that.

    Args:
        module: dotted name of a module that calls `report`.
        arguments: of its command line.
        time_limit_s: for each report, and for the end after the last.
        environment: variables to set beside those of this process.
        log: file that its standard error is appended to.

    Example:
        >>> with start("edgeasr.doctor", "numpy", time_limit_s=30) as child:
        ...     [answer["status"] for answer in child.reports()]
        ['ok']
    """
    # The child looks for packages where this process does, whatever way it was started, and nowhere else (-P).
    found = os.pathsep.join(path or os.getcwd() for path in sys.path)
    command = (sys.executable, "-P", "-m", module, *arguments)
    environment = {**(environment or {}), "PYTHONPATH": found}
    with start_command(command, time_limit_s=time_limit_s, environment=environment, log=log) as child:
        yield child


@contextmanager
def start_command(
    command: Sequence[str],
    *,
    time_limit_s: float,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Child]:
    """Run a command whose program calls `report`, wherever that runs; the rest is as in `start`."""
    with log.open("a+b") if log else tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **(environment or {})},
        )
        try:
            yield Child(process, stderr, time_limit_s)
        finally:
            _kill(process)
            if process.stdout:
                process.stdout.close()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    with suppress(subprocess.TimeoutExpired):  # stuck in a driver, where no signal reaches it
        process.wait(timeout=1)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
