"""A Raspberry Pi emulated in user space by qemu: right results, and times that say nothing of the board."""

import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from edgeasr.atomic import replacing
from edgeasr.child import Child, start_command
from edgeasr.data.download import cache_folder
from edgeasr.errors import ConfigError, TargetError
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.measurement import Measured
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.record import Kind
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets.boards import BOARDS, Board, write_facts
from edgeasr_bench.targets.counting import CALLS, instructions_per_call, make_plugin, plugin_words
from edgeasr_bench.targets.remote import Subject, files_of, job_of, measure_on, prepare
from edgeasr_bench.targets.source import write_agent
from edgeasr_bench.targets.sysroot import make_sysroot
from edgeasr_bench.targets.wheels import environment_for

__all__ = ["EmulatedBoard", "make_root", "measure"]

_LIMIT_S = 300  # from one report to the next: qemu takes fifty times as long as a processor
_SECONDS = 0.2  # of timing: enough to see that it works


class EmulatedBoard:
    """A board, as a `Device`."""

    kind: Kind = "emulated"

    def __init__(self, board: Board, root: Path, packages: Sequence[Path]) -> None:
        self.board = board
        self._root = root
        self._packages = packages

    def send(self, files: Mapping[str, Path]) -> dict[str, str]:
        return {name: str(path.resolve()) for name, path in files.items()}  # qemu sees the files of this machine

    def start(self, agent: str, module: str, *arguments: str, plugin: str = "") -> AbstractContextManager[Child]:
        site = self._root / "usr/lib/python3/dist-packages"
        environment = {
            "PYTHONPATH": os.pathsep.join(map(str, (agent, *self._packages, site))),
            "PYTHONHASHSEED": "0",  # counts of instructions come out the same
            "PYTHONPYCACHEPREFIX": str(cache_folder() / "emulated" / "compiled"),  # Debian compiles when it installs
            "PYTHONDONTWRITEBYTECODE": "",
        }
        qemu = [self.board.qemu, "-cpu", self.board.cpu, "-L", str(self._root)]
        if self.board.libraries:
            qemu += ["-E", f"LD_LIBRARY_PATH={':'.join(str(self._root / folder) for folder in self.board.libraries)}"]
        if plugin:
            qemu += ["-plugin", plugin]
        command = [*qemu, str(self._root / "usr/bin/python3.11"), "-m", module, *arguments]
        return start_command(command, time_limit_s=_LIMIT_S, environment=environment)

    def why(self, child: Child) -> str:
        return child.ending("the emulation")

    def count_instructions(self, subjects: Sequence[Subject], settings: Settings, folder: Path) -> list[int | None]:
        """Count the instructions of one inference of each subject.

        Raises:
            TargetError: they cannot be counted here, or it fails.
        """
        counts = folder / "counts"
        plugin = plugin_words(make_plugin(cache_folder() / "emulated"), self.board.getpgid, counts)
        agent = write_agent()
        paths = self.send(files_of(subjects, agent, folder))
        job = job_of(subjects, paths, settings, threads=1, count_calls=CALLS)
        with self.start(paths[agent.name], "edgeasr_bench.agent", json.dumps(job), plugin=plugin) as child:
            for _ in child.reports():
                pass
            if child.code != 0:
                raise TargetError(f"instructions are not counted: {self.why(child)}")
        return list(instructions_per_call([int(line) for line in counts.read_text().split()]))


def measure(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Measure candidates on an emulated board, as `Measure` says; the first time a user space for it is fetched.

    Args:
        place: key of `BOARDS`.
        settings: how; the times being those of the emulation, they are taken for a moment only.
        candidates, note, progress: as of `Measure`.
    """
    if place not in BOARDS:
        raise ConfigError(
            f"unknown board {place!r}: expected one of {', '.join(f'emulated:{name}' for name in BOARDS)}"
        )
    board = BOARDS[place]
    if shutil.which(board.qemu) is None:
        raise TargetError(f"{board.qemu} is not installed: on Debian `sudo apt install qemu-user`")
    settings = replace(settings, seconds=min(settings.seconds, _SECONDS), cpus=(), duty_cycle_ms=None, window_s=None)
    with tempfile.TemporaryDirectory(prefix="edgeasr-emulated.") as scratch:
        folder = Path(scratch)
        subjects = prepare(candidates, settings, folder, note)
        progress("making the user space", 0.0)
        runtimes = list(dict.fromkeys(one.candidate.runtime for one in subjects))
        packages = environment_for(runtimes, board.system, numpy_there="python3-numpy" in board.packages)
        device = EmulatedBoard(board, make_root(place, board), packages)
        measured = measure_on(device, subjects, settings, folder, note, progress)
        progress("counting instructions", 0.0)
        try:
            counts = device.count_instructions(subjects, settings, folder)
        except TargetError as error:
            note(str(error))
            counts = [None] * len(subjects)
    note("emulated: what it answers is right; times and memory are those of the emulation and say nothing of the board")
    measurements = []
    for one, count in zip(measured.measurements, itertools.cycle(counts), strict=False):
        # Whether an emulator's time settles is nobody's concern.
        inference = one.inference and replace(one.inference, settled=True)
        single = count if one.threads == 1 else None  # of several threads the plugin would lose some
        measurements.append(replace(one, inference=inference, instructions=single))
    environment = replace(  # what is this machine's, and not the board's, is not said
        measured.environment, memory_bytes=None, load_average=None, governor=None, kernel=_version(board.qemu)
    )
    return Measured("emulated", environment, tuple(measurements), None, None, measured.lost)


def _version(qemu: str) -> str:
    """Give the first line of what qemu says of itself."""
    return subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout.partition("\n")[0]


def make_root(name: str, board: Board) -> Path:
    """Give the root of a board, once made: that of its architecture, with what its own kernel would say."""
    shared = make_sysroot(cache_folder() / "emulated" / board.debian, board.debian, board.packages)
    root = cache_folder() / "emulated" / name
    if not root.exists():
        with replacing(root) as scratch:
            scratch.mkdir()
            for part in shared.iterdir():
                if part.name not in ("proc", "sys"):
                    (scratch / part.name).symlink_to(Path("..") / board.debian / part.name)
            write_facts(board, scratch)
    return root
