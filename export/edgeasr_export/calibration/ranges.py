"""The range of every activation, found by running the float file on the calibration features."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from edgeasr_export.calibration.methods import METHODS, Histogram, minmax
from edgeasr_export.trace import Feed, trace

__all__ = ["Ranges", "find_ranges"]

Ranges = dict[str, tuple[float, float]]  # by name of the tensor: lowest and highest value

_BINS = 2048
_UNUSED = (0.0, 1.0)  # of what is always 0: every scale serves, but kernels refuse one that is many times smaller


def find_ranges(
    path: Path,
    feeds: Callable[[], Iterator[Feed]],
    methods: Sequence[str],
    levels: int,
    same: Sequence[Sequence[str]] = (),
) -> dict[str, Ranges]:
    """Find the range of every activation of a float file, in several ways at once.

    Args:
        path: the file.
        feeds: gives the calibration features anew at each call.
        methods: keys of `METHODS`.
        levels: that an activation can take: 256 of 8 bits.
        same: groups of tensors that get one range, such as a state on its way in and out.

    Returns:
        By method a range for each tensor, wider than 0 and with 0 inside.
    """
    extremes = _extremes(path, feeds())
    histograms = {} if all(METHODS[name] is minmax for name in methods) else _histograms(path, feeds(), extremes)
    found = {}
    for name in methods:
        ranges = dict(extremes)
        if METHODS[name] is not minmax:
            chosen = ((tensor, METHODS[name](seen, levels)) for tensor, seen in histograms.items())
            ranges |= {tensor: (min(low, 0.0), max(high, 0.0)) for tensor, (low, high) in chosen}
        for group in same:
            lows, highs = zip(*(ranges[tensor] for tensor in group), strict=True)
            ranges |= {tensor: (min(lows), max(highs)) for tensor in group}
        found[name] = {tensor: (low, high) if low < high else _UNUSED for tensor, (low, high) in ranges.items()}
    return found


def _extremes(path: Path, feeds: Iterator[Feed]) -> Ranges:
    ranges: Ranges = {}
    for activations in trace(path, feeds):
        for name, values in activations.items():
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = (min(low, float(values.min(initial=0))), max(high, float(values.max(initial=0))))
    return ranges


def _histograms(path: Path, feeds: Iterator[Feed], ranges: Ranges) -> dict[str, Histogram]:
    edges = {name: np.linspace(low, high, _BINS + 1) for name, (low, high) in ranges.items() if low < high}
    counts = {name: np.zeros(_BINS, np.int64) for name in edges}
    for activations in trace(path, feeds):
        for name in edges.keys() & activations.keys():
            low, high = edges[name][0], edges[name][-1]
            place = ((activations[name].ravel().astype(np.float64) - low) * (_BINS / (high - low))).astype(np.int64)
            counts[name] += np.bincount(np.minimum(place, _BINS - 1), minlength=_BINS)
    return {name: Histogram(edges[name], counts[name]) for name in edges}
