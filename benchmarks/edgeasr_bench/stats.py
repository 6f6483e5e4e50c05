"""Statistics of timings: percentiles, histograms, and ratios with their intervals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeasr_bench.record import BINS_PER_OCTAVE, Histogram, Latency, Ratio

__all__ = [
    "bootstrap_median",
    "change_between",
    "histogram",
    "latency_us",
    "least_disturbed_us",
    "speed_ratio",
    "stretches_us",
]

_STRETCHES = 200
_RESAMPLES = 2000
_AT_ONCE = 100  # of these: the rounds of a long run are many
_LEFT_ALONE = 0.1  # the share of the rounds that stands for a machine with nothing else to do
_PERCENTILES = (50, 90, 95, 99, 100)


def latency_us(samples_ns: NDArray[np.integer]) -> Latency:
    """Summarise single timings: int [calls] in nanoseconds to microseconds."""
    p50, p90, p95, p99, longest = (round(float(value) / 1000, 3) for value in np.percentile(samples_ns, _PERCENTILES))
    return Latency(p50, p90, p95, p99, longest, len(samples_ns), histogram(samples_ns))


def histogram(samples_ns: NDArray[np.integer]) -> Histogram:
    """Count single timings in the bins that all records share: int [calls], at least one.

    Example:
        >>> histogram(np.array([1000, 1000, 2000])).first_bin
        0
    """
    bins = np.floor(BINS_PER_OCTAVE * np.log2(np.maximum(samples_ns, 1) / 1000)).astype(int)
    first = int(bins.min())
    return Histogram(first, tuple(np.bincount(bins - first).tolist()))


def stretches_us(rounds_ns: Sequence[NDArray[np.integer]]) -> tuple[float, ...]:
    """Sum up a run in at most 200 medians, in the order of time.

    Args:
        rounds_ns: int [calls] of each round, in nanoseconds.

    Returns:
        In microseconds, the median of each round; of more than 200 rounds that of the calls of neighbouring ones.
    """
    parts = np.array_split(np.arange(len(rounds_ns)), min(_STRETCHES, len(rounds_ns)))
    medians = (float(np.median(np.concatenate([rounds_ns[index] for index in part]))) for part in parts)
    return tuple(round(value / 1000, 3) for value in medians)


def speed_ratio(baseline: str, baseline_ns: Sequence[float], this_ns: Sequence[float]) -> Ratio:
    """Compare two workloads that took turns in the same rounds, and so saw the same states of the machine.

    Other programs only ever make a turn longer, those on the same core and those on its other hardware thread: on a
    busy machine most turns by a fifth or more, and not every workload alike. So each stands with the time that a tenth
    of its rounds does not exceed, which stays the same as long as a tenth are left alone.

    Args:
        baseline: name of what is compared with.
        baseline_ns: its median of each round.
        this_ns: the median of the other one of each round.

    Returns:
        baseline time / this time: above 1 this one is faster; with its 95 % interval by the bootstrap over rounds.
    """
    both, generator = np.array([baseline_ns, this_ns]), np.random.default_rng(0)
    draws = (generator.integers(both.shape[1], size=(_AT_ONCE, both.shape[1])) for _ in range(_RESAMPLES // _AT_ONCE))
    low, high = np.quantile([_level(both[:, drawn]) for drawn in draws], (0.025, 0.975))
    return Ratio(baseline, round(float(_level(both)), 4), round(float(low), 4), round(float(high), 4))


def change_between(
    before: Sequence[Sequence[float]], after: Sequence[Sequence[float]], resamples: int = _RESAMPLES
) -> tuple[float, float, float]:
    """Compare two runs that were not interleaved, each by the tenth of its rounds that was disturbed least.

    Neighbouring rounds resemble each other, so the bootstrap draws stretches of them, not single ones, of the length
    n^(1/3) (moving blocks: H. R. Künsch, "The jackknife and the bootstrap for general stationary observations",
    Annals of Statistics 17, 1989). What changed for all the time of a run, such as the clock of the machine, no
    interval knows of.

    Args:
        before: medians of the rounds of one run in the order of time, at least one; where there are two such series,
            the first is taken as a share of the second.
        after: as many of the other run.
        resamples: how often to draw.

    Returns:
        What is after / what was before, and the bounds of its 95 % interval.
    """
    generator = np.random.default_rng(0)
    first, second = np.asarray(before), np.asarray(after)
    ratios = _level(_drawn(second, resamples, generator)) / _level(_drawn(first, resamples, generator))
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(_level(second) / _level(first)), float(low), float(high)


def least_disturbed_us(rounds_us: Sequence[float]) -> float:
    """Give the time of a call in the tenth of the rounds that was disturbed least."""
    return float(np.quantile(rounds_us, _LEFT_ALONE))


def _level(series: NDArray[np.floating]) -> NDArray[np.floating]:
    """Give the level of a series, [1, ..., rounds], or of one as a share of another, [2, ..., rounds]."""
    levels = np.quantile(series, _LEFT_ALONE, axis=-1)
    level: NDArray[np.floating] = levels[0] / levels[1] if len(levels) == 2 else levels[0]
    return level


def _drawn(series: NDArray[np.floating], resamples: int, generator: np.random.Generator) -> NDArray[np.floating]:
    """Draw blocks of rounds, [series, rounds], with replacement, as many as fill a run: [series, resamples, rounds]."""
    rounds = series.shape[1]
    length = max(1, round(rounds ** (1 / 3)))
    starts = generator.integers(rounds, size=(resamples, -(-rounds // length)))
    places = (starts[..., None] + np.arange(length)) % rounds  # the run as a ring, so that all count alike
    return series[:, places.reshape(resamples, -1)[:, :rounds]]


def bootstrap_median(
    values: NDArray[np.floating], resamples: int = 2000, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Bound a median by the percentile bootstrap.

    (B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.) The resampling is
    seeded: the same values give the same bounds.

    Args:
        values: float [n], at least one.
        resamples: how often to draw n of them with replacement.
        confidence: of the interval.

    Returns:
        The median, and the lower and the upper bound.

    Example:
        >>> bootstrap_median(np.array([2.0, 2.0, 2.0]))
        (2.0, 2.0, 2.0)
    """
    drawn = np.random.default_rng(0).integers(len(values), size=(resamples, len(values)))
    medians = np.median(values[drawn], axis=1)
    low, high = np.quantile(medians, (0.5 - confidence / 2, 0.5 + confidence / 2))
    return float(np.median(values)), float(low), float(high)
