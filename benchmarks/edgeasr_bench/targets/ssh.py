"""A device over ssh, which needs Python there and nothing else; all that is put there is in one folder."""

import gzip
import json
import shlex
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from signal import Signals

from edgeasr.child import Child, start_command
from edgeasr.config import from_mapping
from edgeasr.errors import TargetError
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.measurement import Measured
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.record import Kind
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets.connection import LOST, Connection, check_address, connect, last_line
from edgeasr_bench.targets.remote import measure_on, prepare
from edgeasr_bench.targets.source import OLDEST_PYTHON, for_old_python
from edgeasr_bench.targets.wheels import PACKAGES, System, environment_for

__all__ = ["SshDevice", "measure", "probe"]

FOLDER = ".edgeasr-bench"  # in the user's home there

_LIMIT_S = 300  # from one report to the next: a large model on a slow device
_NOT_FIT, _NO_PYTHON, _NO_FOLDER = 92, 93, 94
_NEWEST_MINOR = 14


@dataclass(frozen=True)
class Found:
    """What a device is and has, as `agent/probe.py` tells it."""

    python: tuple[int, ...]
    executable: str
    architecture: str
    libc: tuple[str, str]
    folder: str
    there: tuple[str, ...]
    free_bytes: int
    free_memory_bytes: int | None
    modules: tuple[str, ...]

    @property
    def system(self) -> System:
        """What its wheels must fit."""
        minor = self.libc[1].partition(".")[2]
        return System((self.python[0], self.python[1]), self.architecture, int(minor) if minor.isdigit() else 0)


class SshDevice:
    """A device that a connection leads to, as a `Device`.

    Attributes:
        packages: folders there to import the runtimes from; none for those of its Python.
    """

    kind: Kind = "measured"

    def __init__(self, connection: Connection, found: Found, progress: Progress) -> None:
        self.packages: Sequence[str] = ()
        self._connection = connection
        self._found = found
        self._there = set(found.there)
        self._progress = progress

    def send(self, files: Mapping[str, Path]) -> dict[str, str]:
        missing = {name: path for name, path in files.items() if name not in self._there}
        if missing:
            self._send(missing)
            self._there |= set(missing)
        return {name: f"{self._found.folder}/{name}" for name in files}

    def start(self, agent: str, module: str, *arguments: str) -> AbstractContextManager[Child]:
        path = ":".join((agent, *self.packages))
        command = shlex.join([self._found.executable, "-m", module, *arguments])
        # What the runtimes keep for themselves goes into the folder too, so that --clean finds it.
        script = (
            f"cd {shlex.quote(self._found.folder)} && "
            f'XDG_CACHE_HOME="$PWD/cache" PYTHONPATH={shlex.quote(path)} {command}'
        )
        return start_command(self._connection.words(script), time_limit_s=_LIMIT_S)

    def why(self, child: Child) -> str:
        code = child.code or 0
        if not child.stopped and code == LOST:
            return f"the device was lost in the middle ({child.ending('ssh')})"
        if not child.stopped and code > 128:
            with suppress(ValueError):
                return f"the process there was ended by {Signals(code - 128).name}{self._memory()}"
        return child.ending("the process there")

    def _memory(self) -> str:
        free = self._found.free_memory_bytes
        return f", perhaps for want of memory: {free // 1_000_000} MB were free" if free is not None else ""

    def _send(self, missing: Mapping[str, Path]) -> None:
        total = sum(map(_size, missing.values()))
        if total > self._found.free_bytes:
            raise TargetError(
                f"its disk is too full: {total / 1e6:.1f} MB are to be sent, "
                f"{self._found.free_bytes / 1e6:.1f} MB are free"
            )
        # Whole under its name or not there at all, whatever breaks off.
        script = (
            f"cd {shlex.quote(self._found.folder)} && mkdir incoming.$$ && trap 'rm -rf incoming.$$' EXIT && "
            "gzip -dc | tar -xf - -C incoming.$$ && mv incoming.$$/* ."
        )
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                self._connection.words(script), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
            )
            assert process.stdin is not None
            with (
                suppress(BrokenPipeError),
                process.stdin as stdin,
                gzip.open(stdin, "wb", compresslevel=1) as packed,
                tarfile.open(fileobj=packed, mode="w|") as archive,
            ):
                sent_bytes = 0
                for name, path in missing.items():
                    archive.add(path, name, filter=_anonymous)
                    sent_bytes += _size(path)
                    self._progress("sending", sent_bytes / total)
            code = process.wait()
            errors.seek(0)
            if code:
                said = last_line(errors.read().decode(errors="replace"))
                reason = "the device was lost" if code == LOST else "files cannot be written there"
                raise TargetError(f"{reason} ({said})")


def _size(top: Path) -> int:
    """Give the bytes of a file, or of all in a folder."""
    return sum(path.stat().st_size for path in (top, *top.rglob("*")) if path.is_file())


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out who owns a file here, and what Python has compiled."""
    if Path(member.name).name == "__pycache__":
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def measure(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Measure candidates on a device, as `Measure` says.

    Args:
        place: `//[USER@]HOST[:PORT]`.
        candidates, settings, note, progress: as of `Measure`.
    """
    address = f"ssh:{place}"
    check_address(address)
    with tempfile.TemporaryDirectory(prefix="edgeasr-ssh.") as folder, connect(address) as connection:
        progress("looking at the device", 0.0)
        found = probe(connection)
        device = SshDevice(connection, found, progress)
        try:
            subjects = prepare(candidates, settings, Path(folder), note)
            runtimes = list(dict.fromkeys(one.candidate.runtime for one in subjects))
            if settings.bootstrap:
                progress("fetching wheels", 0.0)
                packages = environment_for(runtimes, found.system, "numpy" in found.modules)
                device.packages = list(device.send({path.name: path for path in packages}).values())
            else:
                _check_modules(found, runtimes)
            return measure_on(device, subjects, settings, Path(folder), note, progress)
        finally:
            if settings.clean:
                with suppress(TargetError):
                    connection.run(f"rm -rf {shlex.quote(found.folder)}")


def probe(connection: Connection) -> Found:
    """Look at a device, and make the folder there.

    Raises:
        TargetError: it has no Python, or an old one only, or no place for the folder.
    """
    oldest = ".".join(map(str, OLDEST_PYTHON))
    names = ["python3", *(f"python3.{minor}" for minor in range(_NEWEST_MINOR, OLDEST_PYTHON[1] - 1, -1))]
    source = shlex.quote(for_old_python(files("edgeasr_bench.agent").joinpath("probe.py").read_text(encoding="utf-8")))
    script = f"""\
cd && mkdir -p {FOLDER} || exit {_NO_FOLDER}
for python in {" ".join(names)}; do
    path=$(command -v $python) || continue
    there=$path
    "$path" -c {source} {FOLDER} "$path" {oldest} && exit
done
test -n "$there" || exit {_NO_PYTHON}
"$there" --version
exit {_NOT_FIT}"""
    done = connection.run(script)
    for line in done.stdout.splitlines():
        if line.startswith("@probe "):
            return from_mapping(Found, json.loads(line.removeprefix("@probe ")), "the device")
    reasons = {
        _NOT_FIT: f"expected Python {oldest} or newer that works, got {last_line(done.stdout)}: install one there",
        _NO_PYTHON: f"there is no python3: install Python {oldest} or newer there",
        _NO_FOLDER: f"the folder ~/{FOLDER} cannot be made there ({last_line(done.stderr)})",
    }
    raise TargetError(reasons.get(done.returncode, f"its shell does not work ({last_line(done.stderr)})"))


def _check_modules(found: Found, runtimes: Sequence[str]) -> None:
    """Check that NumPy and the runtimes are there."""
    wanted = {"numpy": ("numpy",), **{runtime: PACKAGES.get(runtime, (runtime,)) for runtime in runtimes}}
    missing = [
        name
        for name, packages in wanted.items()
        if packages and not {package.replace("-", "_") for package in packages} & set(found.modules)
    ]
    if missing:
        raise TargetError(
            f"the Python there has no {' and no '.join(missing)}: pass --bootstrap, "
            f"which puts what is needed into ~/{FOLDER}"
        )
