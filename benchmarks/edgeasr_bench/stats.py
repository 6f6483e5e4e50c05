"""Statistics of timings: percentiles, histograms, and ratios with their intervals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeasr_bench.record import BINS_PER_OCTAVE, Histogram, Latency, Ratio

__all__ = ["bootstrap_median", "change_between", "histogram", "latency_us", "speed_ratio", "stretches_us"]

_STRETCHES = 200
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
    """Compare two workloads that were timed in the same rounds.

    The ratio is formed within each round, where both saw the same state of the machine; what changes from
    round to round (clock frequency, other programs) so falls out of it.

    Args:
        baseline: name of what is compared with.
        baseline_ns: its median of each round.
        this_ns: the median of the other one of each round.

    Returns:
        baseline time / this time: above 1 this one is faster. The median of the rounds and its 95 % interval.
    """
    median, low, high = bootstrap_median(np.divide(baseline_ns, this_ns))
    return Ratio(baseline, round(median, 4), round(low, 4), round(high, 4))


def change_between(
    before: Sequence[float], after: Sequence[float], resamples: int = 2000, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Compare the medians of two runs that were not interleaved.

    Neighbouring rounds resemble each other, so the bootstrap draws stretches of them, not single ones, of the length
    n^(1/3) that suits a median of n (moving blocks: H. R. Künsch, "The jackknife and the bootstrap for general
    stationary observations", Annals of Statistics 17, 1989). What changed between the runs, such as the load of the
    machine, no interval knows of.

    Args:
        before: medians of the rounds of one run, in the order of time, at least one.
        after: of the other run.
        resamples: how often to draw.
        confidence: of the interval.

    Returns:
        Median after / median before, and the lower and the upper bound.
    """
    generator = np.random.default_rng(0)
    first, second = np.asarray(before), np.asarray(after)
    ratios = _drawn_medians(second, resamples, generator) / _drawn_medians(first, resamples, generator)
    low, high = np.quantile(ratios, (0.5 - confidence / 2, 0.5 + confidence / 2))
    return float(np.median(second) / np.median(first)), float(low), float(high)


def _drawn_medians(
    values: NDArray[np.floating], resamples: int, generator: np.random.Generator
) -> NDArray[np.floating]:
    """Draw blocks of values with replacement, as many as fill a run, and give the median of each draw: [resamples]."""
    length = max(1, round(len(values) ** (1 / 3)))
    starts = generator.integers(len(values), size=(resamples, -(-len(values) // length)))
    places = (starts[..., None] + np.arange(length)) % len(values)  # the run as a ring, so that all count alike
    medians: NDArray[np.floating] = np.median(values[places.reshape(resamples, -1)[:, : len(values)]], axis=1)
    return medians


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
