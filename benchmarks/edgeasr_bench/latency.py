"""Latency of several contestants in one process, taken so that the drift of a noisy machine cancels.

All contestants are warmed up until their time settles; then they are timed in rounds, a block of calls each,
so that within a round all of them see the same machine. Every round starts with another contestant, and every
second one goes backwards, so that none always runs in the wake of the same other one.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Contestant", "Timing", "measure", "order_of_round", "warm_up"]

Clock = Callable[[], int]

BLOCK_NS = 10_000_000  # long against the refill of the caches, short against the drift of a clock frequency
MIN_ROUNDS = 10
MAX_ROUNDS = 200

_WINDOW_CALLS = 3
_WINDOW_NS = 20_000_000
_SETTLED_WINDOWS = 3
_SETTLED_WITHIN = 0.05
_WARM_UP_NS = 2_000_000_000


@dataclass(frozen=True)
class Contestant:
    """What is timed: `run` on each of `inputs` in turn."""

    run: Callable[[Any], object]
    inputs: Sequence[Any]


@dataclass(frozen=True)
class Timing:
    """The raw timings of one contestant.

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


def measure(
    contestants: Sequence[Contestant],
    seconds: float,
    *,
    clock: Clock = time.perf_counter_ns,
    progress: Callable[[float], None] = lambda done: None,
) -> list[Timing]:
    """Time all contestants, interleaved.

    Args:
        contestants: at least one; the number of calls of each follows from how long one takes, so that all
            get about the same time.
        seconds: how long to time all of them together, the warm-up apart. It is exceeded where `MIN_ROUNDS`
            rounds take longer, and cut off at twice as long if the machine becomes slower meanwhile.
        clock: nanoseconds, rising.
        progress: called between rounds with the share that is done.

    Returns:
        One timing a contestant, in their order.
    """
    budget_ns = round(seconds * 1e9)
    block_ns = min(BLOCK_NS, budget_ns / (2 * MIN_ROUNDS * len(contestants)))
    with _without_gc():
        warm = [warm_up(contestant, clock) for contestant in contestants]
        blocks = [max(1, round(block_ns / max(1, call_ns))) for call_ns, _ in warm]
        round_ns = sum(block * call_ns for block, (call_ns, _) in zip(blocks, warm, strict=True))
        rounds = min(MAX_ROUNDS, max(MIN_ROUNDS, round(budget_ns / max(1, round_ns))))
        samples: list[list[NDArray[np.int64]]] = [[] for _ in contestants]
        start = clock()
        for number in range(rounds):
            for index in order_of_round(number, len(contestants)):
                first = number * blocks[index]
                samples[index].append(_block(contestants[index], first, blocks[index], clock))
            progress((number + 1) / rounds)
            if number + 1 >= MIN_ROUNDS and clock() - start > 2 * budget_ns:
                break
    return [Timing(tuple(taken), settled) for taken, (_, settled) in zip(samples, warm, strict=True)]


def order_of_round(number: int, contestants: int) -> list[int]:
    """Order the contestants of a round: each starts in turn, and every second round goes backwards."""
    order = [(number // 2 + position) % contestants for position in range(contestants)]
    return order[::-1] if number % 2 else order


def warm_up(contestant: Contestant, clock: Clock = time.perf_counter_ns) -> tuple[float, bool]:
    """Call a contestant until the medians of its last windows of calls are alike, or two seconds have passed.

    Returns:
        Time of one call in nanoseconds, and whether it settled.
    """
    start = clock()
    medians: list[float] = []
    while clock() - start < _WARM_UP_NS:
        medians.append(_window(contestant, clock))
        last = medians[-_SETTLED_WINDOWS:]
        if len(last) == _SETTLED_WINDOWS and max(last) - min(last) <= _SETTLED_WITHIN * min(last):
            return last[-1], True
    return medians[-1], False


def _window(contestant: Contestant, clock: Clock) -> float:
    """Time calls for `_WINDOW_NS`, at least `_WINDOW_CALLS`; give their median in nanoseconds."""
    start = clock()
    samples: list[int] = []
    while len(samples) < _WINDOW_CALLS or clock() - start < _WINDOW_NS:
        samples.append(_timed(contestant, len(samples), clock))
    return median(samples)


def _block(contestant: Contestant, first: int, calls: int, clock: Clock) -> NDArray[np.int64]:
    if calls > 1:  # the one before had the caches; a call that fills a block alone outlasts their refill
        _timed(contestant, first, clock)
    return np.array([_timed(contestant, first + call, clock) for call in range(calls)], np.int64)


def _timed(contestant: Contestant, call: int, clock: Clock) -> int:
    run, value = contestant.run, contestant.inputs[call % len(contestant.inputs)]
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
