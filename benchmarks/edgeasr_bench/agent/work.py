"""What is timed of loaded models, on whatever machine they are loaded: the one implementation of the method."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ConfigError
from edgeasr.features.config import FrontendConfig
from edgeasr.features.frontend import Frontend
from edgeasr.runtime.base import Runtime
from edgeasr.spot import Spotter, SpotterConfig
from edgeasr_bench.agent.conditions import Conditions, read_conditions
from edgeasr_bench.latency import Throughput, Timing, Workload, count_in_windows, time_in_turns

__all__ = [
    "DutyCycle",
    "Layout",
    "Timed",
    "Timings",
    "duty_cycle",
    "make_spotter",
    "noise",
    "pinned",
    "throughputs",
    "time_watched",
    "workloads",
]

_NOISE_CLIPS = 16
_TIMED_CLIPS = 16


@dataclass(frozen=True)
class Timings:
    """The timings of one model.

    Attributes:
        inference: of ready features.
        with_frontend: from audio to scores; None without a front end.
        frontend: the front end alone; None without one.
        own_call: the runtime's own call alone; None where a clip is not one call.
    """

    inference: Timing
    with_frontend: Timing | None
    frontend: Timing | None
    own_call: Timing | None = None


@dataclass(frozen=True)
class Layout:
    """Which workload is what; the first ones are the inferences of the models, in their order.

    Attributes:
        with_frontend: place among the workloads, by the number of a model that has a front end.
        frontend: the same of its front end alone, which models share.
        own_call: place, by the number of a model whose runtime takes a clip in one call.
    """

    with_frontend: Mapping[int, int]
    frontend: Mapping[int, int]
    own_call: Mapping[int, int] = field(default_factory=dict)

    def of_model(self, number: int, timings: Sequence[Timing]) -> Timings:
        """Pick the timings of a model, from those of all workloads."""
        places = (of.get(number) for of in (self.with_frontend, self.frontend, self.own_call))
        return Timings(timings[number], *(None if place is None else timings[place] for place in places))


@dataclass(frozen=True)
class Timed:
    """Timings of workloads, in their order, and the conditions when they began and when they ended."""

    timings: tuple[Timing, ...]
    before: Conditions
    after: Conditions


@dataclass(frozen=True)
class DutyCycle:
    """What a model costs in real use: audio comes in real time, and each hop of it is spotted in.

    Attributes:
        hop_ms: audio from one inference to the next.
        seconds: how long it listened.
        cpu_percent: time of all cores used by the process, in percent of one core.
        real_time_factor: share of the time that the process was busy, from the coming of a hop to its scores.
        late: hops that were done after the next one had come.
    """

    hop_ms: float
    seconds: float
    cpu_percent: float
    real_time_factor: float
    late: int


def workloads(models: Sequence[Runtime], features: Sequence[NDArray[np.float32]]) -> tuple[list[Workload], Layout]:
    """List what is to take turns: every model, its runtime's own call, it behind its front end, and every front end.

    Args:
        models: loaded, each in its own initial state.
        features: of each model, float32 [clips, frames, bins].
    """
    frontends = {model.frontend: Frontend(model.frontend) for model in models if model.frontend}
    audio = {config: noise(config) for config in frontends}
    found = [Workload(model.run, list(given[:_TIMED_CLIPS])) for model, given in zip(models, features, strict=True)]
    own, behind, alone = {}, {}, {}
    for number, model in enumerate(models):
        calls = [model.own_call(clip) for clip in found[number].inputs]
        if None not in calls:
            own[number] = len(found)
            found.append(Workload(_call, calls))
        if model.frontend:
            behind[number] = len(found)
            found.append(Workload(_behind(frontends[model.frontend], model), audio[model.frontend]))
    places = {}
    for config, frontend in frontends.items():
        places[config] = len(found)
        found.append(Workload(frontend, audio[config]))
    for number, model in enumerate(models):
        if model.frontend:
            alone[number] = places[model.frontend]
    return found, Layout(behind, alone, own)


def time_watched(
    todo: Sequence[Workload],
    seconds: float,
    *,
    progress: Callable[[float], None],
    keep: Callable[[Sequence[NDArray[np.int64]]], None] = lambda round_ns: None,
) -> Timed:
    """Time workloads as `time_in_turns` does, and watch the conditions meanwhile."""
    before: Conditions | None = None

    def watch(done: float) -> None:
        nonlocal before
        before = before or read_conditions()  # after the first round: the clock has risen to what it is under load
        progress(done)

    timings = time_in_turns(todo, seconds, progress=watch, keep=keep)
    after = read_conditions()
    return Timed(tuple(timings), before or after, after)


def throughputs(
    models: Sequence[Runtime],
    todo: Sequence[Workload],
    window_s: float | None,
    progress: Callable[[float], None],
) -> dict[int, Throughput]:
    """Count inferences in windows of time, as `count_in_windows` does.

    Args:
        models: loaded.
        todo: the workloads that `workloads` made of them.
        window_s: length of a window; None for nothing.
        progress: called with the share that is done.

    Returns:
        By the number of the model; without Keras, whose eager call is a class of its own.
    """
    numbers = [number for number, model in enumerate(models) if model.name != "keras"]
    if window_s is None or not numbers:
        return {}
    return dict(
        zip(numbers, count_in_windows([todo[number] for number in numbers], window_s, progress=progress), strict=True)
    )


def make_spotter(model: Runtime, hop_ms: float | None) -> Spotter | None:
    """Make what `duty_cycle` measures; None without a hop, and of a model that cannot spot.

    Raises:
        ConfigError: the model cannot listen with this hop.
    """
    if hop_ms is None or model.frontend is None or model.ctc is not None or not model.labels:
        return None
    return Spotter(model, SpotterConfig(hop_ms=hop_ms))


def duty_cycle(spotter: Spotter, frontend: FrontendConfig, seconds: float) -> DutyCycle:
    """Let a spotter listen to noise that comes in real time.

    Args:
        spotter: listens.
        frontend: of its model, which the noise is made for.
        seconds: how long.
    """
    hop_s = spotter.hop_samples / spotter.sample_rate_hz
    hops = max(1, round(seconds / hop_s))
    audio = np.resize(np.concatenate(noise(frontend)), (hops, spotter.hop_samples))
    late, busy_s = 0, 0.0
    start_s, cpu_start_s = time.perf_counter(), time.process_time()
    for number, hop in enumerate(audio, start=1):
        time.sleep(max(0.0, start_s + number * hop_s - time.perf_counter()))
        begin_s = time.perf_counter()
        spotter.feed(hop)
        end_s = time.perf_counter()
        busy_s += end_s - begin_s
        late += end_s > start_s + (number + 1) * hop_s
    elapsed_s, cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_start_s
    return DutyCycle(
        hop_ms=1000 * hop_s,
        seconds=round(elapsed_s, 3),
        cpu_percent=round(100 * cpu_s / elapsed_s, 3),
        real_time_factor=round(busy_s / (hops * hop_s), 6),
        late=late,
    )


@contextmanager
def pinned(cpus: Sequence[int]) -> Iterator[None]:
    """Keep this thread, and those that it starts meanwhile, on some cores; on all that it may use where none is given.

    Raises:
        ConfigError: there is no such core.
    """
    if not cpus:
        yield
        return
    allowed = os.sched_getaffinity(0)
    if not allowed.issuperset(cpus):
        raise ConfigError(f"--cpus: expected cores among {sorted(allowed)}, got {sorted(cpus)}")
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def noise(config: FrontendConfig) -> list[NDArray[np.float32]]:
    """Make clips of white noise at a tenth of full scale, always the same: float32 [samples] each."""
    generator = np.random.default_rng(0)
    clips = 0.1 * generator.standard_normal((_NOISE_CLIPS, config.clip_samples), np.float32)
    return list(clips.clip(-1, 1))


def _call(made: Callable[[], object]) -> None:
    made()


def _behind(frontend: Frontend, model: Runtime) -> Callable[[NDArray[np.float32]], object]:
    return lambda clip: model.run(frontend(clip))
