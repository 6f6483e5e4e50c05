"""Statistics of timings: percentiles, and a ratio with its interval."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeasr_bench.record import Latency, Ratio

__all__ = ["bootstrap_median", "latency_us", "speed_ratio"]


def latency_us(samples_ns: NDArray[np.integer]) -> Latency:
    """Summarise single timings: int [calls] in nanoseconds to microseconds."""
    p50, p95, p99 = (round(float(value) / 1000, 3) for value in np.percentile(samples_ns, (50, 95, 99)))
    return Latency(p50, p95, p99, len(samples_ns))


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
