"""A connection of the user's own OpenSSH client: its settings, agent, jump hosts and known hosts hold."""

import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from edgeasr.errors import ConfigError, TargetError

__all__ = ["LOST", "Connection", "check_address", "connect"]

LOST = 255  # the exit code of ssh itself, where it has no other of the command

_CONNECT_S = 10
_ALIVE_S = 5  # a device that answers nothing for three times as long is lost
_OPTIONS = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",  # whatever the user's settings say
    "ConnectTimeout": str(_CONNECT_S),
    "ServerAliveInterval": str(_ALIVE_S),
    "ServerAliveCountMax": "3",
    "ControlPersist": "no",
    "ForwardX11": "no",
    "RequestTTY": "no",
}
# What ssh says, and what that means; the first that is found.
_REASONS: Mapping[str, str] = {
    "REMOTE HOST IDENTIFICATION HAS CHANGED": "its host key is another than the one that ssh knows: if that is right, "
    "forget the old one with `ssh-keygen -R`, and connect once by hand",
    "Host key verification failed": "its host key is not known: connect once by hand with ssh, and check the key",
    "Permission denied": "it accepts no key of yours: add one with `ssh-copy-id`, or start ssh-agent",
    "Connection refused": "connection refused: check that sshd runs there, and the port",
    "Could not resolve hostname": "there is no such host: check its name",
    "timed out": f"no answer within {_CONNECT_S} s: check that it is switched on, and its address",
    "No route to host": "there is no route to it: check that it is switched on, and its address",
}


class Connection:
    """An open connection, which all commands share; `connect` makes one."""

    def __init__(self, address: str, socket: Path) -> None:
        self._words = ["ssh", "-S", str(socket), "-o", "ControlMaster=no", "-o", "BatchMode=yes", address]

    def words(self, script: str) -> list[str]:
        """Write the command that runs a script in the device's `sh`, whatever the user's shell there is."""
        # `exit $?` keeps sh from becoming its last command: it turns a signal into a code, of which ssh tells nothing.
        quoted = shlex.quote(f"{script}\nexit $?")
        return [*self._words, f"sh -c {quoted}"]

    def run(self, script: str) -> "subprocess.CompletedProcess[str]":
        """Run a script to its end.

        Raises:
            TargetError: the device was lost.
        """
        done = subprocess.run(self.words(script), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode == LOST:
            raise TargetError(f"the device was lost ({last_line(done.stderr)})")
        return done


def check_address(address: str) -> None:
    """Check an address of the form `ssh://[USER@]HOST[:PORT]`.

    Raises:
        ConfigError: it is another.
    """
    with suppress(ValueError):  # brackets that do not close, or a port that is no number
        parts = urlsplit(address)
        port = parts.port  # 0 is none to connect to
        if parts.hostname and port != 0 and not (parts.path or parts.query or parts.fragment or parts.password):
            return
    raise ConfigError(f"unknown address {address!r}: expected ssh://[USER@]HOST[:PORT]")


@contextmanager
def connect(address: str) -> Iterator[Connection]:
    """Open a connection, for as long as the `with` block lasts.

    Raises:
        TargetError: it cannot be opened; the message says why.
    """
    if shutil.which("ssh") is None:
        raise TargetError("ssh, the OpenSSH client, is not installed: on Debian `sudo apt install openssh-client`")
    with tempfile.TemporaryDirectory(prefix="edgeasr-ssh.") as scratch:
        socket, log = Path(scratch) / "socket", Path(scratch) / "log"
        options = [word for key, value in _OPTIONS.items() for word in ("-o", f"{key}={value}")]
        with log.open("wb") as output:
            master = subprocess.Popen(
                ["ssh", "-N", "-M", "-S", str(socket), *options, address],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            while not socket.exists():
                if master.poll() is not None:
                    raise TargetError(_reason(log.read_text(errors="replace")))
                time.sleep(0.01)
            yield Connection(address, socket)
        finally:
            master.terminate()
            master.wait()


def last_line(text: str) -> str:
    """Give the last line that says something."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def _reason(log: str) -> str:
    found = (reason for pattern, reason in _REASONS.items() if re.search(pattern, log))
    return next(found, f"ssh cannot connect ({last_line(log)})")
