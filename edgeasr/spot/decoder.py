"""The decision: which smoothed scores are an event."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["Decoder", "is_keyword"]

_NO_KEYWORDS = ("silence", "unknown")  # what Speech Commands calls everything else


def is_keyword(label: str) -> bool:
    """Tell whether a label is reported: `silence`, `unknown` and what begins with `_` only take part."""
    return not label.startswith("_") and label not in _NO_KEYWORDS


class Decoder:
    """Report the best label when it reaches its threshold, and then not again within its refractory time.

    Labels that are no keyword take part in the comparison and are never reported. The refractory time is each label's
    own: "seven" does not hide the "three" that follows it.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        threshold: float,
        refractory_samples: int,
        thresholds: Mapping[str, float] | None = None,
        hysteresis: float = 0.0,
        minimum_count: int = 1,
    ) -> None:
        """Set up a decoder.

        Args:
            labels: of the scores, in order.
            threshold: smallest score that is reported.
            refractory_samples: time after an event in which its label is not reported.
            thresholds: of single labels, instead of `threshold`.
            hysteresis: share of its threshold by which a label's score must have fallen below it, before it is
                reported again; 0 for no such condition.
            minimum_count: inferences in turn, in which the label must be the best and reach its threshold.
        """
        self._reported = [is_keyword(label) for label in labels]
        self._thresholds = [(thresholds or {}).get(label, threshold) for label in labels]
        self._release = np.array(self._thresholds, np.float32) * np.float32(1 - hysteresis) if hysteresis else None
        self._refractory_samples = refractory_samples
        self._minimum_count = minimum_count
        self.reset()

    def reset(self) -> None:
        """Forget all events."""
        self._ready = [0] * len(self._reported)
        self._armed = np.ones(len(self._reported), bool)
        self._best, self._count = -1, 0

    def __call__(self, scores: NDArray[np.float32], position: int) -> int | None:
        """Decide on one inference.

        Args:
            scores: smoothed, float32 [labels].
            position: sample of the stream at which they were made.

        Returns:
            The index of the label that is reported, or None.
        """
        if self._release is not None:
            self._armed |= scores < self._release
        best = int(scores.argmax())
        if not self._reported[best] or scores[best] < self._thresholds[best]:
            self._count = 0
            return None
        self._count = self._count + 1 if best == self._best else 1
        self._best = best
        if self._count < self._minimum_count or position < self._ready[best] or not self._armed[best]:
            return None
        self._ready[best] = position + self._refractory_samples
        self._armed[best] = self._release is None
        return best
