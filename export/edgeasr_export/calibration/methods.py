"""How a range is chosen from the values of a tensor.

Each method takes a histogram of the values and the number of levels that there are for them, and gives the lowest and
the highest value to be represented; what lies outside is clipped. Narrower ranges give finer steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["AUTO", "METHODS", "TRIED", "Histogram"]

AUTO = "auto"  # the best of TRIED for the model at hand
TRIED = ("minmax", "percentile", "mse")

_PERCENTILE = 99.99  # of the values stay inside
_SHRINKS = np.linspace(0.2, 1, 81)  # candidates: the whole range times each


@dataclass(frozen=True)
class Histogram:
    """How often each value of a tensor was seen.

    Attributes:
        edges: float64 [bins + 1], rising, from the lowest to the highest value.
        counts: int64 [bins].
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin."""
        return (self.edges[1:] + self.edges[:-1]) / 2


def minmax(seen: Histogram, levels: int) -> tuple[float, float]:
    """Keep everything that was seen: nothing is clipped."""
    return float(seen.edges[0]), float(seen.edges[-1])


def percentile(seen: Histogram, levels: int) -> tuple[float, float]:
    """Cut off the rarest 0.01 % of the values, half of them on each side."""
    share = np.cumsum(seen.counts) / seen.counts.sum()
    tail = (1 - _PERCENTILE / 100) / 2
    first = int(np.searchsorted(share, tail, side="right"))
    last = int(np.searchsorted(share, 1 - tail, side="left"))
    return float(seen.edges[first]), float(seen.edges[min(last, len(seen.counts) - 1) + 1])


def mse(seen: Histogram, levels: int) -> tuple[float, float]:
    """Take the range of the smallest mean squared error, of clipping and of rounding together."""
    return _best(seen, levels, _squared_error)


def entropy(seen: Histogram, levels: int) -> tuple[float, float]:
    """Take the range whose quantised distribution diverges least from that which was seen (Kullback-Leibler).

    S. Migacz, "8-bit Inference with TensorRT" (2017), for ranges that need not be symmetric.
    """
    return _best(seen, levels, _divergence)


METHODS: Mapping[str, Callable[[Histogram, int], tuple[float, float]]] = {
    "minmax": minmax,
    "percentile": percentile,
    "mse": mse,
    "entropy": entropy,
}


def _best(seen: Histogram, levels: int, cost: Callable[[Histogram, int, float, float], float]) -> tuple[float, float]:
    low, high = minmax(seen, levels)
    _, best = min((cost(seen, levels, low * shrink, high * shrink), shrink) for shrink in _SHRINKS[::-1])
    return low * best, high * best


def _squared_error(seen: Histogram, levels: int, low: float, high: float) -> float:
    values = seen.centres
    step = (high - low) / (levels - 1)
    rounded = np.clip(np.rint((values - low) / step) * step + low, low, high)
    return float(seen.counts @ np.square(values - rounded))


def _divergence(seen: Histogram, levels: int, low: float, high: float) -> float:
    """Kullback-Leibler divergence of the values, clipped to the range, from themselves after quantisation."""
    inside = np.clip(seen.centres, low, high)
    level = np.rint((inside - low) / (high - low) * (levels - 1)).astype(np.int64)
    kept = (seen.centres >= low) & (seen.centres <= high)
    reference = np.where(kept, seen.counts, 0).astype(np.float64)
    outside_low, outside_high = seen.counts[seen.centres < low].sum(), seen.counts[seen.centres > high].sum()
    bins = np.flatnonzero(kept)
    if len(bins) == 0:
        return np.inf
    reference[bins[0]] += outside_low
    reference[bins[-1]] += outside_high
    occupied = kept & (seen.counts > 0)
    in_level = np.bincount(level[occupied], minlength=levels)
    mass = np.bincount(level[occupied], weights=seen.counts[occupied], minlength=levels)
    quantised = np.zeros_like(reference)
    quantised[occupied] = (mass / np.maximum(in_level, 1))[level[occupied]]
    p, q = reference / reference.sum(), quantised / max(quantised.sum(), 1)
    there = p > 0
    return float(np.sum(p[there] * np.log(p[there] / np.maximum(q[there], 1e-12))))
