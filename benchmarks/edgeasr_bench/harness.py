"""A bench run: every model through the same measurements, and the results put beside each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.dataset import Split
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.metrics import agreement, mcnemar_p
from edgeasr.runtime import Runtime, load
from edgeasr_bench.accuracy import Answers, accuracy, answer
from edgeasr_bench.environment import read_environment
from edgeasr_bench.inputs import Inputs, noise, read_inputs
from edgeasr_bench.latency import Contestant, Timing, measure
from edgeasr_bench.memory import Footprint, measure_footprint
from edgeasr_bench.record import Result, Run
from edgeasr_bench.stats import latency_us, speed_ratio
from edgeasr_bench.subjects import Subject, find_subjects

__all__ = ["Settings", "bench"]

Progress = Callable[[str, float], None]

_TIMED_CLIPS = 16


@dataclass(frozen=True)
class Settings:
    """How to bench.

    Attributes:
        data: data set, `NAME` or `NAME:PATH`; None for the verification samples of each bundle.
        split: of the data set.
        threads: for the inference.
        seconds: how long each model is timed.
    """

    data: str | None = None
    split: Split = "test"
    threads: int = 1
    seconds: float = 2.0


@dataclass(frozen=True)
class _Timings:
    """The timings of one model; those with a front end only where the model carries one."""

    inference: Timing
    with_frontend: Timing | None
    frontend: Timing | None


@dataclass(frozen=True)
class _Row:
    """One model and all that was measured of it."""

    subject: Subject
    model: Runtime
    inputs: Inputs
    footprint: Footprint
    answers: Answers | None
    timings: _Timings

    def comes_from_the_same_model_as(self, other: "_Row") -> bool:
        """Tell whether both were converted from one Keras model; a file without a card has no known kin."""
        mine, others = self.model.card, other.model.card
        return mine is not None and others is not None and mine.model_sha256 == others.model_sha256


def bench(
    arguments: Sequence[Path],
    settings: Settings | None = None,
    *,
    notify: Callable[[str], None] = lambda line: None,
    progress: Progress = lambda stage, done: None,
) -> Run:
    """Measure bundles and artefacts side by side.

    Args:
        arguments: bundles (the Keras original and all artefacts) and single artefacts.
        settings: how.
        notify: told a line at a time what is made, left out or doubtful.
        progress: called with the stage and the share of it that is done.

    Raises:
        EdgeASRError: an argument cannot be read or run, or does not fit the data set.

    Example:
        >>> run = bench([Path("digits")])  # doctest: +SKIP
        >>> print(run.to_json())  # doctest: +SKIP
    """
    settings = settings or Settings()
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        notify(line)

    environment = read_environment()
    subjects = find_subjects(arguments, note)
    footprints = []
    for number, subject in enumerate(subjects):
        progress("loading each alone", number / len(subjects))
        footprints.append(measure_footprint(subject.source, subject.runtime, settings.threads))
    models = [load(subject.source, subject.runtime, settings.threads) for subject in subjects]
    inputs = read_inputs(subjects, models, settings.data, settings.split)
    answers = [
        answer(model, given, partial(progress, f"scoring {subject.name}"))
        for subject, model, given in zip(subjects, models, inputs, strict=True)
    ]
    timings = _time(models, inputs, settings.seconds * len(models), partial(progress, "timing"))
    columns = (subjects, models, inputs, footprints, answers, timings)
    rows = [_Row(*row) for row in zip(*columns, strict=True)]
    samples = {row.subject.name: row.timings.inference.rounds for row in rows}
    return Run(environment, tuple(_result(row, rows) for row in rows), tuple(notes), samples)


def _time(
    models: Sequence[Runtime], inputs: Sequence[Inputs], seconds: float, progress: Callable[[float], None]
) -> list[_Timings]:
    """Time every model, every model behind its front end, and every front end, all in the same rounds."""
    frontends = {model.frontend: Frontend(model.frontend) for model in models if model.frontend}
    audio = {config: noise(config) for config in frontends}
    inference = [
        Contestant(model.run, list(given.features[:_TIMED_CLIPS])) for model, given in zip(models, inputs, strict=True)
    ]
    complete = {
        index: Contestant(_behind(frontends[model.frontend], model), audio[model.frontend])
        for index, model in enumerate(models)
        if model.frontend
    }
    alone = {config: Contestant(frontend, audio[config]) for config, frontend in frontends.items()}
    measured = iter(measure([*inference, *complete.values(), *alone.values()], seconds, progress=progress))
    of_inference = [next(measured) for _ in inference]
    of_complete = {index: next(measured) for index in complete}
    of_alone: dict[FrontendConfig | None, Timing] = {config: next(measured) for config in alone}
    return [
        _Timings(timing, of_complete.get(index), of_alone.get(models[index].frontend))
        for index, timing in enumerate(of_inference)
    ]


def _behind(frontend: Frontend, model: Runtime) -> Callable[[NDArray[np.float32]], object]:
    return lambda clip: model.run(frontend(clip))


def _result(row: _Row, rows: Sequence[_Row]) -> Result:
    """Summarise one row, compared with its float originals among `rows`."""
    baseline = next((other for other in rows if _is_baseline(other, row)), None)
    notes = []
    if baseline is None:
        notes.append(f"no ratio: {_why_no_baseline(row)}")
    if not row.timings.inference.settled:
        notes.append("its time did not settle in the warm-up: the machine is busy or slow")
    original = _original(row, rows)
    mine, first = row.answers, original.answers if original else None
    timings = row.timings
    return Result(
        artefact=row.subject.name,
        runtime=row.model.name,
        runtime_version=row.model.version,
        scheme=row.model.scheme,
        threads=row.model.threads,
        latency_us=latency_us(timings.inference.samples_ns),
        ratio_to_float=None
        if baseline is None
        else speed_ratio(baseline.subject.name, baseline.timings.inference.medians_ns, timings.inference.medians_ns),
        accuracy=accuracy(mine) if mine else None,
        agreement=agreement(first.labels, mine.labels) if mine and first else None,
        mcnemar_p=mcnemar_p(first.correct, mine.correct) if mine and first else None,
        bytes=row.subject.file.stat().st_size,
        peak_rss_bytes=row.footprint.peak_rss_bytes,
        load_ms=row.footprint.load_ms,
        original=original.subject.name if original else None,
        first_inference_ms=row.footprint.first_inference_ms,
        latency_with_frontend_us=latency_us(timings.with_frontend.samples_ns) if timings.with_frontend else None,
        frontend_us=latency_us(timings.frontend.samples_ns) if timings.frontend else None,
        notes=tuple(notes),
    )


def _is_baseline(other: _Row, row: _Row) -> bool:
    """Tell whether `other` is the float artefact that the speed of `row` is compared with."""
    return (
        other.model.scheme == "float32"
        and other.model.name == row.model.name
        and other.comes_from_the_same_model_as(row)
    )


def _why_no_baseline(row: _Row) -> str:
    if row.model.card is None:
        return "the file does not say which model it comes from"
    return f"no float32 artefact of the same model was benched in {row.model.name}"


def _original(row: _Row, rows: Sequence[_Row]) -> _Row | None:
    """Find the float original that answered the same clips: Keras, or float32, best in the same runtime."""
    if row.answers is None:
        return None
    candidates = [
        other
        for other in rows
        if other.model.scheme == "float32"
        and other.comes_from_the_same_model_as(row)
        and other.answers is not None
        and np.array_equal(other.answers.targets, row.answers.targets)
    ]
    return min(
        candidates,
        key=lambda other: (other.model.name != "keras", other.model.name != row.model.name),
        default=None,
    )
