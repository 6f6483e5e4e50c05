"""Latency of several workloads in one process, taken so that the drift of a noisy machine cancels.

All workloads are warmed up until their time settles; then they take turns of the same length in rounds, so that
within a round all of them see the same machine. Every round starts with another workload, and every second one
goes backwards, so that none always runs in the wake of the same other one.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Throughput", "Timing", "Workload", "count_in_windows", "order_of_round", "time_in_turns", "warm_up"]

Clock = Callable[[], int]

TURN_NS = 10_000_000  # long against the refill of the caches, short against the drift of a clock frequency
MIN_ROUNDS = 10
MAX_SAMPLES = 1_000_000  # kept of each workload, 8 MB; of longer runs the last calls of every turn

_WINDOW_CALLS = 3
_WINDOW_NS = 20_000_000
_SETTLED_WINDOWS = 3
_SETTLED_WITHIN = 0.05
_WARM_UP_NS = 2_000_000_000

WINDOWS = 5
WINDOW_CALLS_LEAST = 10


@dataclass(frozen=True)
class Workload:
    """What is timed: `run` on each of `inputs` in turn."""

    run: Callable[[Any], object]
    inputs: Sequence[Any]


@dataclass(frozen=True)
class Timing:
    """The raw timings of one workload.

    Attributes:
        rounds: int64 [calls], in nanoseconds, one array a round.
        settled: whether its warm-up converged.
    """

    rounds: tuple[NDArray[np.int64], ...]
    settled: bool

    @property
    def samples_ns(self) -> NDArray[np.int64]:
        """All timings: int64 [calls]."""
        return np.concatenate(self.rounds)

    @property
    def medians_ns(self) -> tuple[float, ...]:
        """The median of each round."""
        return tuple(float(np.median(samples)) for samples in self.rounds)


@dataclass(frozen=True)
class Throughput:
    """Inferences per second as MLPerf Tiny has them: the median of five windows, of a clip of its own each.

    (https://github.com/mlcommons/tiny/blob/master/benchmark/MLPerfTiny_Rules.adoc: at least ten seconds, and ten
    inferences.)

    Attributes:
        window_s: the least length of a window.
        per_second: inferences per second in each window, in the order of time.
        median: of these.
    """

    window_s: float
    per_second: tuple[float, ...]
    median: float


def time_in_turns(
    workloads: Sequence[Workload],
    seconds: float,
    *,
    clock: Clock = time.perf_counter_ns,
    progress: Callable[[float], None] = lambda done: None,
    keep: Callable[[Sequence[NDArray[np.int64]]], None] = lambda round_ns: None,
) -> list[Timing]:
    """Time all workloads, interleaved.

    Args:
        workloads: at least one.
        seconds: how long to time each, the warm-up apart; exceeded where `MIN_ROUNDS` rounds take longer.
        clock: nanoseconds, rising.
        progress: called between rounds with the share that is done.
        keep: called before that with the timings of the round, one array a workload.

    Returns:
        One timing a workload, in their order, each of as many rounds.
    """
    each_ns = seconds * 1e9
    all_ns = each_ns * len(workloads)
    samples: list[list[NDArray[np.int64]]] = [[] for _ in workloads]
    with _without_gc():
        warm = [warm_up(workload, clock) for workload in workloads]
        slowest_ns = max(call_ns for call_ns, _ in warm)
        turn_ns = min(max(TURN_NS, slowest_ns), each_ns / MIN_ROUNDS)
        calls = [max(1, round(turn_ns / max(1, call_ns))) for call_ns, _ in warm]
        kept = max(1, int(MAX_SAMPLES * turn_ns / each_ns))
        start, number = clock(), 0
        while number < MIN_ROUNDS or clock() - start < all_ns:
            for index in order_of_round(number, len(workloads)):
                first = number * calls[index]
                samples[index].append(_turn(workloads[index], first, calls[index], kept, clock))
            number += 1
            keep([taken[-1] for taken in samples])
            gc.collect(1)  # the young garbage, which takes no time to find, so that a long run does not fill the memory
            progress(min(1.0, (clock() - start) / all_ns))
    return [Timing(tuple(taken), settled) for taken, (_, settled) in zip(samples, warm, strict=True)]


def count_in_windows(
    workloads: Sequence[Workload],
    window_s: float,
    *,
    clock: Clock = time.perf_counter_ns,
    progress: Callable[[float], None] = lambda done: None,
) -> list[Throughput]:
    """Count how often each workload runs in a window of time, five times, the windows interleaved.

    Args:
        workloads: warm ones.
        window_s: the least length of a window.
        clock: nanoseconds, rising.
        progress: called between windows with the share that is done.

    Returns:
        One a workload, in their order.
    """
    found: list[list[float]] = [[] for _ in workloads]
    with _without_gc():
        for window in range(WINDOWS):
            for place, index in enumerate(order_of_round(window, len(workloads))):
                found[index].append(_per_second(workloads[index], window, window_s, clock))
                gc.collect(1)
                progress((window + (place + 1) / len(workloads)) / WINDOWS)
    return [Throughput(window_s, tuple(rates), median(rates)) for rates in found]


def _per_second(workload: Workload, window: int, window_s: float, clock: Clock) -> float:
    """Run a workload on one of its inputs for a window of time; give the runs per second."""
    run, value = workload.run, workload.inputs[window % len(workload.inputs)]
    start, calls, elapsed_ns = clock(), 0, 0
    while calls < WINDOW_CALLS_LEAST or elapsed_ns < window_s * 1e9:
        run(value)
        calls += 1
        elapsed_ns = clock() - start
    return round(1e9 * calls / elapsed_ns, 3)


def order_of_round(number: int, workloads: int) -> list[int]:
    """Order the workloads of a round: each starts in turn, and every second round goes backwards."""
    order = [(number // 2 + position) % workloads for position in range(workloads)]
    return order[::-1] if number % 2 else order


def warm_up(workload: Workload, clock: Clock = time.perf_counter_ns) -> tuple[float, bool]:
    """Call a workload until the medians of its last windows of calls are alike, or two seconds have passed.

    Returns:
        Time of one call in nanoseconds, and whether it settled.
    """
    start = clock()
    medians: list[float] = []
    while clock() - start < _WARM_UP_NS:
        medians.append(_window(workload, clock))
        last = medians[-_SETTLED_WINDOWS:]
        if len(last) == _SETTLED_WINDOWS and max(last) - min(last) <= _SETTLED_WITHIN * min(last):
            return last[-1], True
    return medians[-1], False


def _window(workload: Workload, clock: Clock) -> float:
    """Time calls for `_WINDOW_NS`, at least `_WINDOW_CALLS`; give their median in nanoseconds."""
    start = clock()
    samples: list[int] = []
    while len(samples) < _WINDOW_CALLS or clock() - start < _WINDOW_NS:
        samples.append(_timed(workload, len(samples), clock))
    return median(samples)


def _turn(workload: Workload, first: int, calls: int, kept: int, clock: Clock) -> NDArray[np.int64]:
    """Time the calls of one turn; give the last `kept`, without the first where there are others."""
    times = (_timed(workload, first + call, clock) for call in range(calls))
    if calls > 1:  # the workload before had the caches; a call that fills a turn alone outlasts their refill
        next(times)
    return np.array(deque(times, maxlen=kept), np.int64)


def _timed(workload: Workload, call: int, clock: Clock) -> int:
    run, value = workload.run, workload.inputs[call % len(workload.inputs)]
    start = clock()
    run(value)
    return clock() - start


@contextmanager
def _without_gc() -> Iterator[None]:
    """Keep the garbage collector from running inside a timed call."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
