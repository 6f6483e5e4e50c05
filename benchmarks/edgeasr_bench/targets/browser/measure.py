"""Measuring in a browser: this process leads by the same method as everywhere, the page makes the calls."""

import hashlib
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ConfigError, TargetError
from edgeasr.runtime import Runtime, load
from edgeasr.runtime.base import check_scores
from edgeasr_bench.agent.conditions import read_conditions
from edgeasr_bench.agent.work import Timings, pinned
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.environment import read_environment
from edgeasr_bench.inputs import Inputs, read_inputs
from edgeasr_bench.latency import TURN_NS, Timing, Workload, time_in_turns
from edgeasr_bench.measurement import Measured, Measurement, measurement_of, read_answers
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.settings import Settings
from edgeasr_bench.targets.browser.server import Page, serve_page
from edgeasr_bench.targets.browser.web import VERSION, web_runtime

__all__ = ["measure"]


_SCORED_AT_ONCE = 20  # clips, between two signs of life
_TIMED_CLIPS = 16


@dataclass(frozen=True)
class _Subject:
    """A candidate, what this machine knows of it, and its inputs: float32 in the file `features`."""

    candidate: Candidate
    model: Runtime
    inputs: Inputs
    features: str


def measure(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Measure the ONNX files among the candidates in a browser of this machine, as `Measure` says.

    Args:
        place: nothing; there is only one.
        candidates, settings, note, progress: as of `Measure`.
    """
    if place:
        raise ConfigError(f"target browser:{place}: expected browser, which is Chromium on this machine")
    if settings.duty_cycle_ms or settings.window_s:
        note("a browser is timed call by call only, without --duty-cycle and --mlperf")
    environment = read_environment()
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="edgeasr-browser.") as scratch, pinned(settings.cpus):
        subjects = _prepare(candidates, settings, Path(scratch), note)
        content = {**web_runtime(), **{path.name: path for path in Path(scratch).iterdir()}}
        content |= {_model_name(one): one.candidate.file for one in subjects}
        before = read_conditions()
        for threads in settings.threads:
            progress("starting the browser", 0.0)
            with serve_page(content) as page:
                browser = page.ask("start", threads=threads)
                if threads > 1 and not browser["isolated"]:
                    raise TargetError("the browser does not isolate the page, so it has no threads: bench with 1")
                measurements += _measure(page, subjects, settings, threads, progress)
    note("in a browser: memory and load time are not measured, and its clock has steps of some microseconds")
    packages = {"onnxruntime-web": VERSION, "chromium": browser["agent"].rpartition("Chrome/")[2].partition(" ")[0]}
    return Measured("measured", replace(environment, packages=packages), tuple(measurements), before, read_conditions())


def _prepare(candidates: Sequence[Candidate], settings: Settings, folder: Path, note: Note) -> list[_Subject]:
    """Load what a browser can run, and write its inputs into a folder."""
    fitting = [one for one in candidates if one.runtime == "onnxruntime"]
    models = [load(one.source, one.runtime) for one in fitting]
    chosen = [(one, model) for one, model in zip(fitting, models, strict=True) if model.stepping is None]
    if not chosen:
        raise TargetError("expected ONNX files of whole clips, got none: make one with `edgeasr export --formats onnx`")
    fitting, models = [one for one, _ in chosen], [model for _, model in chosen]
    if left_out := [one.name for one in candidates if one not in fitting]:
        note(f"left out, because a browser runs ONNX files of whole clips only: {', '.join(left_out)}")
    subjects = []
    for one, model, inputs in zip(fitting, models, read_inputs(fitting, models, settings), strict=True):
        data = np.ascontiguousarray(inputs.features, "<f4").tobytes()
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.f32"
        (folder / name).write_bytes(data)
        subjects.append(_Subject(one, model, inputs, name))
    return subjects


def _measure(
    page: Page, subjects: Sequence[_Subject], settings: Settings, threads: int, progress: Progress
) -> list[Measurement]:
    for number, one in enumerate(subjects):
        progress("loading", number / len(subjects))
        page.ask("load", model=_model_name(one), features=one.features, shape=one.model.input_shape)
    scores = [_score(page, number, one, progress) for number, one in enumerate(subjects)]
    clips = [min(_TIMED_CLIPS, len(one.inputs.features)) for one in subjects]
    turns = _Turns(page, clips)
    todo = [Workload(partial(turns.call, number), range(count)) for number, count in enumerate(clips)]
    timings = time_in_turns(todo, settings.seconds, clock=turns.clock, progress=partial(progress, "timing"))
    return [
        _measurement(one, found, timing, settings, threads)
        for one, found, timing in zip(subjects, scores, timings, strict=True)
    ]


def _measurement(
    one: _Subject, scores: NDArray[np.float32] | None, timing: Timing, settings: Settings, threads: int
) -> Measurement:
    return measurement_of(
        one.candidate,
        one.model,
        None,
        read_answers(scores, one.inputs, one.model, settings.labels),
        Timings(timing, None, None),
        runtime_version=f"onnxruntime-web {VERSION}",
        threads=threads,
    )


def _score(page: Page, number: int, one: _Subject, progress: Progress) -> NDArray[np.float32] | None:
    """Give the scores of all clips, as `Runtime.run_batch` does; None where nobody knows what is right."""
    if one.inputs.targets is None:
        return None
    clips, found = len(one.inputs.features), []
    for first in range(0, clips, _SCORED_AT_ONCE):
        progress(f"scoring {one.candidate.name}", first / clips)
        count = min(_SCORED_AT_ONCE, clips - first)
        for answer in page.ask("score", model=number, first=first, count=count)["scores"]:
            found.append(np.array(answer["values"], np.float32).reshape(answer["shape"][1:]))
    return check_scores(one.model.scores_of(np.stack(found)), one.model.path)


def _model_name(one: _Subject) -> str:
    """Give the name under which the page fetches a model."""
    return one.candidate.name.replace("/", "-")


class _Turns:
    """Calls that the page makes a turn at a time, and a clock that moves on by what each of them took.

    `time_in_turns` sees one call after the other. The page is asked for as many as fill a turn; those of them that are
    left when another model has its turn are thrown away, because they were not made beside what comes then.
    """

    def __init__(self, page: Page, clips: Sequence[int]) -> None:
        self._page, self._clips = page, clips
        self._now_ns = 0
        self._call_ns = [TURN_NS] * len(clips)  # of the last turn
        self._model = -1
        self._times: deque[int] = deque()

    def clock(self) -> int:
        """Give the nanoseconds that all calls together have taken."""
        return self._now_ns

    def call(self, model: int, clip: int) -> None:
        """Make a call, or rather take the time of one that was made with those before it."""
        if model != self._model or not self._times:
            calls = max(1, round(TURN_NS / self._call_ns[model]))
            command = {"model": model, "first": clip, "calls": calls, "clips": self._clips[model]}
            found = self._page.ask("time", **command)["times"]
            self._model, self._times = model, deque(max(1, time_ns) for time_ns in found)
            self._call_ns[model] = max(1, round(float(np.median(found))))
        self._now_ns += self._times.popleft()
