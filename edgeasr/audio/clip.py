"""A clip of sound in memory."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["AudioWarning", "Clip"]


class AudioWarning(UserWarning):
    """Audio can be used, but not trusted."""


@dataclass(frozen=True)
class Clip:
    """A mono clip.

    Attributes:
        samples: float32 [n], full scale is -1 to 1.
        sample_rate_hz: samples in a second.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate_hz
