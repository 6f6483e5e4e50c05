"""Memory and load time of an artefact, in a fresh process that holds only its runtime."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import edgeasr
from edgeasr.errors import ArtefactError

__all__ = ["Footprint", "measure_footprint"]

_TIME_LIMIT_S = 300
_PACKAGES = dict.fromkeys((str(Path(edgeasr.__file__).parents[1]), str(Path(__file__).parents[1])))


@dataclass(frozen=True)
class Footprint:
    """What a process that holds one model takes.

    Attributes:
        load_ms: import of the runtime and loading of the model.
        first_inference_ms: the first call after that.
        peak_rss_bytes: its largest resident memory, Python included.
    """

    load_ms: float
    first_inference_ms: float
    peak_rss_bytes: int


def measure_footprint(path: Path, runtime: str, threads: int) -> Footprint:
    """Load and run a model once in a child process.

    Args:
        path: what `edgeasr.runtime.load` takes.
        runtime: key of `RUNTIMES`.
        threads: for the inference.

    Raises:
        ArtefactError: the child failed or crashed; the message has its last line.
    """
    # The child finds the packages where this process has them: a checkout need not be installed.
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [*_PACKAGES, *inherited]))}
    command = [sys.executable, "-m", "edgeasr_bench.probe", str(path), runtime, str(threads)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise ArtefactError(f"{path}: not loaded and run after {_TIME_LIMIT_S} s in {runtime}") from None
    if done.returncode != 0:
        raise ArtefactError(f"{path}: {_reason(done)}")
    return Footprint(**json.loads(done.stdout.splitlines()[-1]))


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"the process that loads and runs it was ended by {signal.Signals(-done.returncode).name}"
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"the process that loads and runs it failed with code {done.returncode}"
