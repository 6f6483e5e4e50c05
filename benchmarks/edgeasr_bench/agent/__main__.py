"""Measure models in this process and report what comes of it, as it comes.

`python -m edgeasr_bench.agent JOB`; the job is a JSON object with these keys:

- models: objects with `path`, `runtime`, `features` (a .npy file: float32 [clips, frames, bins]) and `score`, whether
  their scores are wanted.
- threads: for the inference.
- seconds: of timing, for each.
- cpus: numbers of the cores to run on; empty for all.
- duty_cycle_ms: hop of the duty cycle; null for none.
- window_s: length of the windows in which inferences are counted; null for none.
- profile: whether the time of each kind of operator is wanted, where the runtime tells it.
- count_calls: calls of each model to count the instructions of, between marks (`instructions.py`); 0 to measure times.

Reported, in this order: `machine` and `packages`; `models`, what was loaded; `scored`, progress, and `scores` of each
model; `layout` of the workloads; `rounds` of timings, many times; `settled`, `before` and `after`; `counted`,
progress, and `throughput` of each model; `duty` of each model that can spot; `operators` of each model whose runtime
tells them. Or an `error`, in one line.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.child import report
from edgeasr.errors import EdgeASRError
from edgeasr.machine import installed_packages, read_machine
from edgeasr.runtime.base import Runtime, load
from edgeasr_bench.agent.instructions import mark
from edgeasr_bench.agent.wire import pack
from edgeasr_bench.agent.work import duty_cycle, make_spotter, pinned, throughputs, time_watched, workloads
from edgeasr_bench.profile import profile_onnx

__all__ = ["main"]

_REPORT_EVERY_S = 0.5


def main(text: str) -> None:
    """Do a job, given as JSON."""
    job: dict[str, Any] = json.loads(text)
    with pinned(job["cpus"]):
        _work(job)


def _work(job: dict[str, Any]) -> None:
    report(machine=asdict(read_machine()), packages=installed_packages())
    models = [load(one["path"], one["runtime"], job["threads"]) for one in job["models"]]
    spotters = [make_spotter(model, job["duty_cycle_ms"]) for model in models]  # now, where its hop may be wrong
    report(models=[{"version": model.version, "threads": model.threads} for model in models])
    features = [np.load(one["features"]) for one in job["models"]]
    if job["count_calls"]:
        _count(models, features, job["count_calls"])
        return
    for number, (one, model, given) in enumerate(zip(job["models"], models, features, strict=True)):
        if one["score"]:
            _score(number, model, given)
    _time(models, features, job["seconds"], job["window_s"])
    for number, (model, spotter) in enumerate(zip(models, spotters, strict=True)):
        if spotter and model.frontend:
            report(duty=number, found=asdict(duty_cycle(spotter, model.frontend, job["seconds"])))
    for number, model in enumerate(models):
        if job["profile"] and model.name == "onnxruntime":
            report(operators=number, found=[asdict(one) for one in profile_onnx(model.path, model.threads)])


def _score(number: int, model: Runtime, features: NDArray[np.float32]) -> None:
    reported_s = time.monotonic()

    def progress(done: float) -> None:
        nonlocal reported_s
        if time.monotonic() - reported_s > _REPORT_EVERY_S:
            reported_s = time.monotonic()
            report(scored=number, done=done)

    report(scores=number, array=pack(model.run_batch(features, progress)))


def _time(
    models: Sequence[Runtime], features: Sequence[NDArray[np.float32]], seconds: float, window_s: float | None
) -> None:
    """Time the models, and report the rounds a bundle at a time: what has come stays when the device is lost."""
    todo, layout = workloads(models, features)
    report(layout=asdict(layout))
    kept: list[Sequence[NDArray[np.int64]]] = []
    reported_s = time.monotonic()

    def progress(done: float) -> None:
        nonlocal reported_s
        if time.monotonic() - reported_s > _REPORT_EVERY_S:
            report(rounds=[[pack(taken) for taken in one] for one in kept], done=done)
            kept.clear()
            reported_s = time.monotonic()

    timed = time_watched(todo, seconds, progress=progress, keep=kept.append)
    report(rounds=[[pack(taken) for taken in one] for one in kept], done=1.0)
    report(
        settled=[timing.settled for timing in timed.timings],
        before=asdict(timed.before),
        after=asdict(timed.after),
    )
    for number, found in throughputs(models, todo, window_s, lambda done: report(counted=done)).items():
        report(throughput=number, found=asdict(found))


def _count(models: Sequence[Runtime], features: Sequence[NDArray[np.float32]], calls: int) -> None:
    """Call each model between two marks, after as many calls that warm it up."""
    mark()
    mark()
    for model, given in zip(models, features, strict=True):
        for _ in range(2):
            mark()
            for call in range(calls):
                model.run(given[call % len(given)])
            mark()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EdgeASRError as error:
        report(error=str(error))
    except MemoryError:
        report(error="the memory does not suffice: bench a smaller model")
