"""Posterior smoothing: one inference may err, the mean of a few seldom does."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgeasr.spot.settings import SmoothingKind

__all__ = ["SMOOTHERS", "ExponentialSmoother", "MaxSmoother", "MeanSmoother", "Smoother"]


class Smoother(Protocol):
    """What makes smoothed scores of those of one inference after the other.

    Inferences before the first count as zeros: the start of a stream needs as much evidence as its middle.
    """

    def reset(self) -> None:
        """Forget all scores."""

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the scores of one inference and return those smoothed over the last ones, both float32 [labels]."""
        ...


class MeanSmoother:
    """Average the scores of the last inferences (G. Chen et al., ICASSP 2014, section 2.3)."""

    def __init__(self, inferences: int, labels: int) -> None:
        self._recent = _Recent(inferences, labels)

    def reset(self) -> None:
        """Forget all scores."""
        self._recent.reset()

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean, float32 [labels]."""
        recent = self._recent.push(scores)
        mean: NDArray[np.float32] = np.add.reduce(recent, axis=0)
        mean /= len(recent)
        return mean


class MaxSmoother:
    """Keep the highest score of the last inferences: for models that react for a moment only."""

    def __init__(self, inferences: int, labels: int) -> None:
        self._recent = _Recent(inferences, labels)

    def reset(self) -> None:
        """Forget all scores."""
        self._recent.reset()

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the maximum, float32 [labels]."""
        highest: NDArray[np.float32] = np.maximum.reduce(self._recent.push(scores), axis=0)
        return highest


class ExponentialSmoother:
    """Average all scores with weights that fall by a constant factor; one row of memory, whatever the time.

    The factor is that which gives the weights the same mean age as those of the mean over so many inferences,
    (inferences - 1) / 2.
    """

    def __init__(self, inferences: int, labels: int) -> None:
        self._weight = np.float32(2 / (inferences + 1))
        self._mean = np.zeros(labels, np.float32)

    def reset(self) -> None:
        """Forget all scores."""
        self._mean = np.zeros_like(self._mean)

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the weighted mean, float32 [labels]."""
        self._mean = self._mean + self._weight * (scores - self._mean)
        return self._mean


SMOOTHERS: Mapping[SmoothingKind, Callable[[int, int], Smoother]] = {
    "mean": MeanSmoother,
    "max": MaxSmoother,
    "exponential": ExponentialSmoother,
}


class _Recent:
    """The scores of the last inferences, in no order."""

    def __init__(self, inferences: int, labels: int) -> None:
        self._rows = np.empty((inferences, labels), np.float32)
        self.reset()

    def reset(self) -> None:
        self._rows.fill(0)
        self._next = 0

    def push(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put the newest in the place of the oldest and give all, float32 [inferences, labels]."""
        self._rows[self._next] = scores
        self._next = (self._next + 1) % len(self._rows)
        return self._rows
