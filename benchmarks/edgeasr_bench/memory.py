"""Memory and load time of an artefact, in a fresh process that holds only its runtime."""

from dataclasses import dataclass
from pathlib import Path

from edgeasr.child import start
from edgeasr.errors import ArtefactError

__all__ = ["Footprint", "measure_footprint"]

_TIME_LIMIT_S = 300


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
        ArtefactError: the child failed, crashed or hung; the message says how.
    """
    arguments = (str(path), runtime, str(threads))
    with start("edgeasr_bench.footprint_child", *arguments, time_limit_s=_TIME_LIMIT_S) as child:
        for found in child.reports():
            if "error" in found:
                raise ArtefactError(found["error"])
            return Footprint(**found)
        raise ArtefactError(f"{path}: {child.ending('the process that loads and runs it')}")
