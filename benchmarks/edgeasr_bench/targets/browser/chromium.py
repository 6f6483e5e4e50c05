"""Chromium without a window, with a profile of its own that is gone afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from edgeasr.errors import TargetError

__all__ = ["Browser", "find_chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-dev-shm-usage",  # which containers have little of
    "--enable-logging=stderr",
)
_END_S = 5


class Browser:
    """A running browser that shows one address, for as long as the `with` block lasts."""

    def __init__(self, address: str) -> None:
        self._command = [find_chromium(), *_FLAGS, address]
        if os.geteuid() == 0:  # Chromium refuses to run as root with its sandbox
            self._command.insert(1, "--no-sandbox")

    def __enter__(self) -> "Browser":
        self._folder = tempfile.TemporaryDirectory(prefix="edgeasr-browser.", ignore_cleanup_errors=True)
        self._log = Path(self._folder.name) / "log"
        self._command.insert(1, f"--user-data-dir={self._folder.name}/profile")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)  # all of its processes
                self._process.wait(_END_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self._folder.cleanup()

    def check(self) -> None:
        """Check that it still runs.

        Raises:
            TargetError: it does not.
        """
        if self._process.poll() is not None:
            raise TargetError(f"the browser ended with code {self._process.returncode}{self.complaint()}")

    def complaint(self) -> str:
        """Give the last error that the page or the browser wrote, in brackets; nothing where there is none."""
        lines = self._log.read_text(errors="replace").splitlines()
        found = ([line for line in lines if word in line] for word in ("CONSOLE", "FATAL", "ERROR"))
        telling = next(filter(None, found), [])
        return f" ({telling[-1].strip()[:300]})" if telling else ""


def find_chromium() -> str:
    """Find the browser.

    Raises:
        TargetError: it is not installed.
    """
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    raise TargetError("Chromium is not installed: on Debian `sudo apt install chromium`")
