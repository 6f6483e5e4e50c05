"""Posterior smoothing: one inference may err, the mean of a few seldom does."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["MeanSmoother"]


class MeanSmoother:
    """Average the scores of the last inferences (G. Chen et al., ICASSP 2014, section 2.3).

    Inferences before the first count as zeros: the start of a stream needs as much evidence as its middle.
    """

    def __init__(self, inferences: int, labels: int) -> None:
        self._recent = np.empty((inferences, labels), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget all scores."""
        self._recent.fill(0)
        self._next = 0

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the scores of one inference and return the mean of the last ones, both float32 [labels]."""
        self._recent[self._next] = scores
        self._next = (self._next + 1) % len(self._recent)
        mean: NDArray[np.float32] = np.add.reduce(self._recent, axis=0)
        mean /= len(self._recent)
        return mean
