"""A throw-away sshd on loopback with its own keys, home and programs; and what a missing program means."""

import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeasr.data.mlperf_kws import LABELS
from edgeasr_bench import Settings


@pytest.fixture(scope="session")
def needs() -> Callable[[str, str], str]:
    """Give a function that finds a program, or skips the test where it is not; under CI=true that is an error."""

    def find(program: str, package: str) -> str:
        path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if path is None:
            message = f"{program} is not installed: apt install {package}"
            if os.environ.get("CI") == "true":
                pytest.fail(message)
            pytest.skip(message)
        return path

    return find


@dataclass(frozen=True)
class Board:
    """A device on loopback.

    Attributes:
        address: of the target.
        home: of the user there.
        programs: the first folder of the PATH there.
        known_hosts: what the client knows.
        pid: of the sshd.
    """

    address: str
    home: Path
    programs: Path
    known_hosts: Path
    pid: int

    @property
    def folder(self) -> Path:
        return self.home / ".edgeasr-bench"

    def put_program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: Callable[[str, str], str]) -> Iterator[Board]:
    """Give a device on loopback whose Python is this one; the client is the real one, with settings of its own."""
    sshd, ssh = needs("sshd", "openssh-server"), needs("ssh", "openssh-client")
    folder = tmp_path / "sshd"
    home, programs, client = (folder / part for part in ("home", "programs", "client"))
    for part in (home, programs, client):
        part.mkdir(parents=True)
    for key in ("host", "user"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(words, check=True, timeout=20)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(
        f"""\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
SetEnv HOME={home} PATH={programs}:/usr/bin:/bin PYTHONPATH=
"""
    )
    known_hosts = folder / "known_hosts"
    key = (folder / "host.pub").read_text().split()
    known_hosts.write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")
    (client / "ssh").write_text(
        f"#!/bin/sh\nexec {ssh} -F none -i {folder}/user -o IdentitiesOnly=yes "
        f'-o UserKnownHostsFile={known_hosts} "$@"\n'
    )
    (client / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{client}:{os.environ['PATH']}")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "config")], stdout=log, stderr=log)
    found = Board(f"ssh://127.0.0.1:{port}", home, programs, known_hosts, server.pid)
    found.put_program("python3", f'PYTHONPATH="$PYTHONPATH:{site_packages()}" exec {sys.executable} "$@"')
    try:
        while not reachable(port):
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        yield found
    finally:
        server.terminate()
        server.wait()


def site_packages() -> str:
    """Give the places of installed packages, without this checkout: the agent has to bring its own."""
    return os.pathsep.join(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))


def reachable(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def keyword_model(real: Callable[[str], Path]) -> Path:
    """Give the int8 keyword model of MLPerf Tiny, whose file says nothing about itself."""
    return real("models/mlperf_kws_int8.tflite")


@pytest.fixture(scope="session")
def keyword_settings(real: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give the settings that bench it on the first twelve of its test inputs."""
    small = tmp_path_factory.mktemp("mlperf") / "kws12.zip"
    with zipfile.ZipFile(real("mlperf_tiny_kws01.zip")) as archive, zipfile.ZipFile(small, "w") as kept:
        table = next(name for name in archive.namelist() if name.endswith("y_labels.csv"))
        lines = archive.read(table).decode().splitlines()[:12]
        kept.writestr("y_labels.csv", "\n".join(lines))
        names = {line.split(",")[0] for line in lines}
        for name in archive.namelist():
            if name.rpartition("/")[2] in names:
                kept.writestr(name, archive.read(name))
    return Settings(data=(f"mlperf-kws:{small}",), labels=LABELS)
