"""Moves of elements as a few rectangular copies.

What an operator moves is not said here a second time: its NumPy kernel runs on the numbers of the elements, and what
comes out says where each element of the output comes from.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "Copy", "copies_of"]

DIMENSIONS = 5  # EA_COPY_DIMS of ea_copy.h


@dataclass(frozen=True)
class Copy:
    """A copy of runs of elements, all counted in elements.

    Attributes:
        start: of the first element in the source.
        target: of the first element in the output.
        run: elements that lie together on both sides.
        dimensions: (size, step in the source, step in the output), the outermost first.
    """

    start: int
    target: int
    run: int
    dimensions: tuple[tuple[int, int, int], ...]


def copies_of(origins: NDArray[np.int64]) -> list[Copy]:
    """Find rectangular copies that fill an output.

    Args:
        origins: for each element of the output, in its shape, the number of the element in the source; negative where
            it comes from elsewhere.
    """
    places = np.arange(origins.size).reshape(origins.shape)
    return [_simplified(*box) for box in _boxes(origins, places)]


Boxes = Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]


def _boxes(origins: NDArray[np.int64], places: NDArray[np.int64]) -> Boxes:
    """Cut into boxes in which the source moves evenly along every dimension."""
    taken = origins >= 0
    if not taken.any():
        return
    for axis in range(origins.ndim):  # shrink to what comes from this source
        others = tuple(other for other in range(origins.ndim) if other != axis)
        here = np.flatnonzero(taken.any(axis=others))
        part = (slice(None),) * axis + (slice(here[0], here[-1] + 1),)
        origins, places, taken = origins[part], places[part], taken[part]
    if taken.all() and _is_even(origins):
        yield origins, places
        return
    axis = next(axis for axis, size in enumerate(origins.shape) if size > 1)
    middle, before = origins.shape[axis] // 2, (slice(None),) * axis
    for part in ((*before, slice(None, middle)), (*before, slice(middle, None))):
        yield from _boxes(origins[part], places[part])


def _is_even(origins: NDArray[np.int64]) -> bool:
    """Tell whether the numbers are a sum of one multiple for each dimension."""
    first = origins.reshape(-1)[0]
    expected = np.full(origins.shape, first)
    for axis, size in enumerate(origins.shape):
        step = _step(origins, axis)
        expected += (np.arange(size) * step).reshape([-1 if other == axis else 1 for other in range(origins.ndim)])
    return bool((expected == origins).all())


def _step(numbers: NDArray[np.int64], axis: int) -> int:
    """Give the distance between the first two elements along a dimension."""
    two = np.take(numbers, [0, min(1, numbers.shape[axis] - 1)], axis).take([0, -1], axis).swapaxes(0, axis)
    return int(two[1].reshape(-1)[0] - two[0].reshape(-1)[0])


def _simplified(origins: NDArray[np.int64], places: NDArray[np.int64]) -> Copy:
    """Merge dimensions that follow each other without a gap, the innermost into runs."""
    merged: list[tuple[int, int, int]] = []
    for axis, size in enumerate(origins.shape):
        if size == 1:
            continue
        source, target = _step(origins, axis), _step(places, axis)
        if merged and merged[-1][1] == source * size and merged[-1][2] == target * size:
            merged[-1] = merged[-1][0] * size, source, target
        else:
            merged.append((size, source, target))
    run = 1
    if merged and merged[-1][1:] == (1, 1):
        run = merged.pop()[0]
    return Copy(int(origins.reshape(-1)[0]), int(places.reshape(-1)[0]), run, tuple(merged))
