"""The machine that this process runs on, as a place to measure."""

from collections.abc import Sequence
from functools import partial

from edgeasr.errors import ConfigError
from edgeasr.runtime import load
from edgeasr_bench.agent.work import Timed, duty_cycle, make_spotter, pinned, throughputs, time_watched, workloads
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.environment import read_environment
from edgeasr_bench.inputs import read_inputs
from edgeasr_bench.measurement import Measured, Measurement, measurement_of, read_answers
from edgeasr_bench.memory import measure_footprint
from edgeasr_bench.profile import profile_onnx
from edgeasr_bench.progress import Note, Progress
from edgeasr_bench.settings import Settings

__all__ = ["measure"]


def measure(
    place: str, candidates: Sequence[Candidate], settings: Settings, note: Note, progress: Progress
) -> Measured:
    """Measure candidates side by side.

    Args:
        place: nothing; there is only one.
        candidates: what to measure.
        settings: how.
        note: told a line at a time what is doubtful.
        progress: called with the stage and the share of it that is done.

    Raises:
        ConfigError: a place was given, or there is no such core.
        EdgeASRError: a candidate cannot be run, or does not fit the data set.
    """
    if place:
        raise ConfigError(f"target local:{place}: expected local, which is this machine and no other")
    environment = read_environment()
    measurements: list[Measurement] = []
    timed: list[Timed] = []
    with pinned(settings.cpus):
        for threads in settings.threads:
            some = [one for one in candidates if one.runtime != "keras" or threads == settings.threads[0]]
            found, timings = _measure(some, settings, threads, progress)
            measurements += found
            timed.append(timings)
    return Measured("measured", environment, tuple(measurements), timed[0].before, timed[-1].after)


def _measure(
    candidates: Sequence[Candidate], settings: Settings, threads: int, progress: Progress
) -> tuple[list[Measurement], Timed]:
    footprints = []
    for number, candidate in enumerate(candidates):
        progress("loading each alone", number / len(candidates))
        footprints.append(measure_footprint(candidate.source, candidate.runtime, threads))
    models = [load(candidate.source, candidate.runtime, threads) for candidate in candidates]
    spotters = [make_spotter(model, settings.duty_cycle_ms) for model in models]  # now, where its hop may be wrong
    inputs = read_inputs(candidates, models, settings)
    said = []
    for candidate, model, given in zip(candidates, models, inputs, strict=True):
        scores = None
        if given.targets is not None:
            scores = model.run_batch(given.features, partial(progress, f"scoring {candidate.name}"))
        said.append(read_answers(scores, given, model, settings.labels))
    todo, layout = workloads(models, [given.features for given in inputs])
    timed = time_watched(todo, settings.seconds, progress=partial(progress, "timing"))
    counted = throughputs(models, todo, settings.window_s, partial(progress, "counting in windows"))
    measurements = []
    for number, (candidate, model, spotter) in enumerate(zip(candidates, models, spotters, strict=True)):
        duty = None
        if spotter and model.frontend:
            progress("listening in real time", number / len(models))
            duty = duty_cycle(spotter, model.frontend, settings.seconds)
        measurements.append(
            measurement_of(
                candidate,
                model,
                footprints[number],
                said[number],
                layout.of_model(number, timed.timings),
                duty_cycle=duty,
                throughput=counted.get(number),
                operators=profile_onnx(candidate.source, threads) if candidate.runtime == "onnxruntime" else (),
            )
        )
    return measurements, timed
