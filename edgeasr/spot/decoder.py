"""The decision: which smoothed scores are an event."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Decoder"]


class Decoder:
    """Report the best label when it reaches the threshold, and then not again within its refractory time.

    Labels that start with `_` (`_silence_`, `_unknown_`) take part in the comparison and are never reported.
    The refractory time is each label's own: "seven" does not hide the "three" that follows it.
    """

    def __init__(self, labels: tuple[str, ...], threshold: float, refractory_samples: int) -> None:
        self._reported = [not label.startswith("_") for label in labels]
        self._threshold = threshold
        self._refractory_samples = refractory_samples
        self.reset()

    def reset(self) -> None:
        """Forget all events."""
        self._ready = [0] * len(self._reported)

    def __call__(self, scores: NDArray[np.float32], position: int) -> int | None:
        """Decide on one inference.

        Args:
            scores: smoothed, float32 [labels].
            position: sample of the stream at which they were made.

        Returns:
            The index of the label that is reported, or None.
        """
        best = int(scores.argmax())
        if not self._reported[best] or scores[best] < self._threshold or position < self._ready[best]:
            return None
        self._ready[best] = position + self._refractory_samples
        return best
