"""Measuring on a device: the agent measures there, this process gives it the inputs and reads the answers."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgeasr.errors import TargetError
from edgeasr.runtime import Runtime, load
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.inputs import Inputs, read_inputs
from edgeasr_bench.measurement import Measured, Measurement, file_sha256, measurement_of, read_answers
from edgeasr_bench.memory import Footprint
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets.device import Device, run_agent
from edgeasr_bench.targets.reports import Reports
from edgeasr_bench.targets.source import write_agent

__all__ = ["Subject", "files_of", "job_of", "measure_on", "prepare"]


@dataclass(frozen=True)
class Subject:
    """What this machine knows of a candidate that a device is to run.

    Attributes:
        candidate: the artefact.
        model: the same, loaded here, to read its answers.
        inputs: what it is given.
        file: name of the artefact on the device.
        features: name of the inputs there, and of the file here.
    """

    candidate: Candidate
    model: Runtime
    inputs: Inputs
    file: str
    features: str


def prepare(candidates: Sequence[Candidate], settings: Settings, folder: Path, note: Note) -> list[Subject]:
    """Load what can run on a device, and write its inputs into a folder.

    Raises:
        TargetError: there is nothing that runs on a device.
        EdgeASRError: a candidate cannot be run, or does not fit the data set.
    """
    portable = [one for one in candidates if one.runtime != "keras"]
    if len(portable) < len(candidates):
        note("the Keras original is left out: it does not run on a device")
    if not portable:
        raise TargetError("expected artefacts to run on a device, got none: make them with `edgeasr export`")
    models = [load(one.source, one.runtime) for one in portable]
    subjects = []
    for one, model, inputs in zip(portable, models, read_inputs(portable, models, settings), strict=True):
        file = f"{file_sha256(one.file)[:32]}{one.file.suffix}"
        subjects.append(Subject(one, model, inputs, file, _write_features(inputs, folder)))
    return subjects


def measure_on(
    device: Device, subjects: Sequence[Subject], settings: Settings, folder: Path, note: Note, progress: Progress
) -> Measured:
    """Measure on a device.

    Args:
        device: ready to run the agent.
        subjects: what to measure.
        settings: how.
        folder: where `prepare` wrote the inputs.
        note: told a line at a time what is doubtful.
        progress: called with the stage and the share of it that is done.

    Raises:
        TargetError: something fails there, or the device is lost before there is a result.
    """
    progress("sending", 0.0)
    agent = write_agent()
    session = _Session(device, subjects, settings, device.send(files_of(subjects, agent, folder)), agent.name, progress)
    measurements: list[Measurement] = []
    sweep: list[Reports] = []
    lost = ""
    for threads in settings.threads:
        try:
            footprints = session.load_each(threads)
            reports, lost = session.measure(threads)
        except TargetError as error:
            if not sweep:
                raise
            lost = str(error)
            note(f"not measured with {threads} threads, nor what comes after: {lost}")
            break
        sweep.append(reports)
        for number, (one, footprint) in enumerate(zip(subjects, footprints, strict=True)):
            measurements.append(_measurement(number, one, footprint, reports, settings, lost))
        if lost:
            note(f"these are the results that had come until it failed: {lost}")
            break
    assert sweep[0].environment is not None  # it comes before all else
    return Measured(device.kind, sweep[0].environment, tuple(measurements), sweep[0].before, sweep[-1].after, lost)


def files_of(subjects: Sequence[Subject], agent: Path, folder: Path) -> dict[str, Path]:
    """List what a device needs, by the name that it has there."""
    files = {agent.name: agent}
    for one in subjects:
        files |= {one.file: one.candidate.file, one.features: folder / one.features}
    return files


def job_of(
    subjects: Sequence[Subject],
    paths: Mapping[str, str],
    settings: Settings,
    threads: int,
    *,
    profile: bool = False,
    count_calls: int = 0,
) -> dict[str, Any]:
    """Write a job for the agent, as its docstring says.

    Args:
        subjects: what to measure.
        paths: where the files are on the device, by name.
        settings: how.
        threads: for the inference.
        profile: whether the time of each kind of operator is wanted.
        count_calls: of each model, to count instructions instead of measuring.
    """
    models = [
        {
            "path": paths[one.file],
            "runtime": one.candidate.runtime,
            "features": paths[one.features],
            "score": one.inputs.targets is not None,
        }
        for one in subjects
    ]
    return {
        "models": models,
        "threads": threads,
        "seconds": settings.seconds,
        "cpus": settings.cpus,
        "duty_cycle_ms": settings.duty_cycle_ms,
        "window_s": settings.window_s,
        "profile": profile,
        "count_calls": count_calls,
    }


@dataclass(frozen=True)
class _Session:
    """A device that has what it needs."""

    device: Device
    subjects: Sequence[Subject]
    settings: Settings
    paths: Mapping[str, str]
    agent: str
    progress: Progress

    def load_each(self, threads: int) -> list[Footprint]:
        """Load each model in a process of its own."""
        footprints: list[Footprint] = []
        for one in self.subjects:
            self.progress("loading each alone", len(footprints) / len(self.subjects))
            arguments = (self.paths[one.file], one.candidate.runtime, str(threads))
            self._run("edgeasr_bench.footprint_child", arguments, lambda found: footprints.append(Footprint(**found)))
        return footprints

    def measure(self, threads: int) -> tuple[Reports, str]:
        """Measure all models; give what came, and why it is not all, or nothing."""
        reports = Reports()

        def take(report: dict[str, Any]) -> None:
            reports.take(report)
            if "rounds" in report:
                self.progress("timing", report["done"])
            elif "counted" in report:
                self.progress("counting in windows", report["counted"])
            elif "scored" in report:
                self.progress(f"scoring {self.subjects[report['scored']].candidate.name}", report["done"])

        try:
            profile = self.device.kind == "measured"
            job = job_of(self.subjects, self.paths, self.settings, threads, profile=profile)
            self._run("edgeasr_bench.agent", [json.dumps(job)], take)
        except TargetError as error:
            if not reports.enough:
                raise
            return reports, str(error)
        return reports, ""

    def _run(self, module: str, arguments: Sequence[str], take: Callable[[dict[str, Any]], None]) -> None:
        names = {self.paths[one.file]: one.candidate.name for one in self.subjects}
        run_agent(self.device, self.paths[self.agent], module, arguments, names, take)


def _measurement(
    number: int, one: Subject, footprint: Footprint, reports: Reports, settings: Settings, lost: str
) -> Measurement:
    return measurement_of(
        one.candidate,
        one.model,
        footprint,
        read_answers(reports.scores.get(number), one.inputs, one.model, settings.labels),
        reports.timings(number),
        runtime_version=reports.models[number]["version"],
        threads=reports.models[number]["threads"],
        duty_cycle=reports.duty.get(number),
        throughput=reports.throughput.get(number),
        operators=reports.operators.get(number, ()),
        notes=("timed for less than it should be: the target failed in the middle",) if lost else (),
    )


def _write_features(inputs: Inputs, folder: Path) -> str:
    features = np.ascontiguousarray(inputs.features, np.float32)
    name = f"{hashlib.sha256(features.tobytes()).hexdigest()[:32]}-{'x'.join(map(str, features.shape))}.npy"
    if not (folder / name).exists():
        np.save(folder / name, features)
    return name
