"""Conversion in a child process, which may crash or hang without harm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeasr.child import Child, start
from edgeasr.errors import ExportError

__all__ = ["ENVIRONMENT", "ORIGINAL", "WORKER", "Conversion", "convert"]

ORIGINAL = "original"  # the step before the conversions: load the model and run it
WORKER = "edgeasr_export.worker"
ENVIRONMENT = {  # of a process that converts
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_ONEDNN_USE_SYSTEM_ALLOCATOR": "1",  # the other never gives back what a large model once took
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # a third of the time went into handing out memory page by page
}


@dataclass(frozen=True)
class Conversion:
    """What became of one step.

    Attributes:
        step: `FORMAT:SCHEME`.
        file: the artefact, in the folder of the work.
        baseline: the float32 file of the same form.
        notes: what a reader must know of it.
        failure: why there is none.
    """

    step: str
    file: str = ""
    baseline: str = ""
    notes: tuple[str, ...] = ()
    failure: str = ""


def convert(work: Path, steps: Sequence[str], time_limit_s: float, progress: Callable[[str], None]) -> list[Conversion]:
    """Convert what stands in `work` (see `worker`); a step that kills the worker costs only itself.

    Args:
        work: folder with the model, the features, the settings and the card; the results come there too, and
            `worker.log`.
        steps: `FORMAT:SCHEME`, in order.
        time_limit_s: for one step.
        progress: called with each step as it starts.

    Raises:
        ExportError: the original itself cannot be loaded or run, or not in that time.
    """
    results: list[Conversion] = []
    waiting = [ORIGINAL, *steps]
    while waiting:
        done = _run_worker(work, waiting, time_limit_s, progress)
        results += done
        waiting = waiting[len(done) :]
    return [result for result in results if result.step != ORIGINAL]


def _run_worker(
    work: Path, steps: Sequence[str], time_limit_s: float, progress: Callable[[str], None]
) -> list[Conversion]:
    """Run a worker until it ends; give what became of the steps that it began (at least one)."""
    done: list[Conversion] = []
    began = ""
    with start(
        WORKER, str(work), *steps, time_limit_s=time_limit_s, environment=ENVIRONMENT, log=work / "worker.log"
    ) as worker:
        for report in worker.reports():
            if "note" in report:
                progress(report["note"])
            elif "start" in report:
                began = report["start"]
                progress(began)
            else:
                done.append(Conversion(**{**report, "notes": tuple(report.get("notes", ()))}))
                began = ""
        if began or not done:
            done.append(_failed(began or steps[0], worker))
    return done


def _failed(step: str, worker: Child) -> Conversion:
    ending = worker.ending("the process" if step == ORIGINAL else "the converter")
    if worker.stopped:
        ending += ": give it a longer --time-limit"
    elif ending.endswith("(SIGKILL)"):
        ending += ": the memory ran out, most likely: export on a machine that has more"
    if step == ORIGINAL:
        raise ExportError(f"the original cannot be loaded and run: {ending}")
    return Conversion(step, failure=ending)
