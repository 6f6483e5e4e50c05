"""The command that `edgeasr listen --exec` runs for each event."""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable

from edgeasr.errors import ConfigError
from edgeasr.spot import Event

__all__ = ["EventCommand"]

_EVERY_S = 1.0
_LAST_S = 5.0
_STDERR = 2


class EventCommand:
    """Run a command for events, without a shell; label, score and time are in its environment.

    It never holds the listening up: it is started and left alone. While it runs, and within a second of its start,
    further events do not start it again, but are counted.

    Attributes:
        skipped: events that it was not run for.
    """

    def __init__(self, line: str, notify: Callable[[str], None]) -> None:
        """Set up the command.

        Args:
            line: the command and its arguments, quoted as in a shell.
            notify: takes a line for the user.

        Raises:
            ConfigError: there is no such command.
        """
        try:
            self._arguments = shlex.split(line)
        except ValueError as error:
            raise ConfigError(f"--exec {line!r}: expected a command ({error}): close the quotes") from error
        if not self._arguments or shutil.which(self._arguments[0]) is None:
            raise ConfigError(f"--exec {line!r}: expected a command, found no such program: give its path")
        self._notify = notify
        self._process: subprocess.Popen[bytes] | None = None
        self._free_s = 0.0
        self.skipped = 0

    def __call__(self, event: Event) -> None:
        """Run it for an event, if it is not held back."""
        self._look()
        if self._process or time.monotonic() < self._free_s:
            self.skipped += 1
            return
        self._free_s = time.monotonic() + _EVERY_S
        values = {
            "EDGEASR_LABEL": event.label,
            "EDGEASR_SCORE": f"{event.score:.4f}",
            "EDGEASR_TIME_S": f"{event.time_s:.3f}",
        }
        try:
            # What it prints goes to stderr: stdout is for the events.
            self._process = subprocess.Popen(
                self._arguments, stdin=subprocess.DEVNULL, stdout=_STDERR, env={**os.environ, **values}
            )
        except OSError as error:
            self._notify(f"--exec: {self._arguments[0]}: {error.strerror}")

    def finish(self) -> None:
        """Wait for the last one, a while."""
        try:
            if self._process:
                self._process.wait(_LAST_S)
        except subprocess.TimeoutExpired:
            self._notify(f"--exec: {self._arguments[0]} still runs after {_LAST_S:g} s, and is left alone")
        self._look()

    def _look(self) -> None:
        """Forget the last one if it has ended; tell if it failed."""
        code = self._process.poll() if self._process else None
        if code is not None:
            self._process = None
        if code:
            self._notify(f"--exec: {self._arguments[0]} ended with {code}")
