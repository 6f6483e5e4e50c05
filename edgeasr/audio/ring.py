"""A ring of samples between the thread that records and the thread that listens."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SampleRing"]


class SampleRing:
    """Pass int16 samples from one writing thread to one reading thread in a fixed piece of memory.

    Neither side ever waits: each moves only its own counter, after its copy is done. What finds no room is
    left out and counted in `dropped`.
    """

    def __init__(self, capacity: int) -> None:
        self._samples = np.zeros(capacity, np.int16)
        self._written = 0
        self._read = 0
        self.dropped = 0

    def __len__(self) -> int:
        """Count the samples that wait to be read."""
        return self._written - self._read

    def write(self, samples: NDArray[np.int16]) -> None:
        """Append int16 [n], as far as there is room."""
        fitting = samples[: len(self._samples) - len(self)]
        start = self._written % len(self._samples)
        first = fitting[: len(self._samples) - start]
        self._samples[start : start + len(first)] = first
        self._samples[: len(fitting) - len(first)] = fitting[len(first) :]
        self._written += len(fitting)
        self.dropped += len(samples) - len(fitting)

    def read(self, count: int) -> NDArray[np.int16]:
        """Take the oldest samples, at most `count`: int16 [n]."""
        count = min(count, len(self))
        start = self._read % len(self._samples)
        first = self._samples[start : start + count]
        taken = np.concatenate([first, self._samples[: count - len(first)]])
        self._read += count
        return taken
