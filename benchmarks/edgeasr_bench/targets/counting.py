"""Instructions of one inference, counted by a plugin of qemu: a figure of an emulated board that is no time."""

import hashlib
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

from edgeasr.atomic import replacing
from edgeasr.errors import TargetError
from edgeasr_bench.agent.instructions import MARK_PID

__all__ = ["CALLS", "instructions_per_call", "make_plugin", "plugin_words"]

CALLS = 4


def make_plugin(folder: Path) -> Path:
    """Compile the plugin into a folder, which keeps it.

    Raises:
        TargetError: there is no C compiler, or it fails.
    """
    source = files("edgeasr_bench.targets").joinpath("insncount.c").read_bytes()
    plugin = folder / f"insncount-{hashlib.sha256(source).hexdigest()[:16]}.so"
    if plugin.exists():
        return plugin
    compiler = shutil.which("cc")
    if compiler is None:
        raise TargetError("instructions are not counted: that needs a C compiler, on Debian `sudo apt install gcc`")
    with replacing(plugin) as scratch:
        command = [compiler, "-O2", "-std=c99", "-shared", "-fPIC", "-x", "c", "-", "-o", str(scratch)]
        done = subprocess.run(command, input=source, capture_output=True)
        if done.returncode:
            raise TargetError(f"instructions are not counted: {compiler} cannot compile the plugin of qemu")
    return plugin


def plugin_words(plugin: Path, system_call: int, out: Path) -> str:
    """Write the argument of qemu's option `-plugin`.

    Args:
        plugin: the compiled plugin.
        system_call: number of getpgid on the emulated machine.
        out: file that gets the counts.
    """
    return f"{plugin},sys={system_call},mark={MARK_PID},out={out}"


def instructions_per_call(marks: list[int]) -> list[int]:
    """Give the instructions of one call of each model.

    Args:
        marks: counts at the marks that the agent leaves: two with nothing between, then of each model two around the
            calls that warm it up, and two around those that count.
    """
    nothing = marks[1] - marks[0]
    return [round((marks[end] - marks[end - 1] - nothing) / CALLS) for end in range(5, len(marks), 4)]
