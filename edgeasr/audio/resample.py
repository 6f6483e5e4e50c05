"""Sample rate conversion by soxr, of clips and of streams; imported only where two rates differ."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.packages import require

__all__ = ["StreamingResampler", "resample"]

F32 = NDArray[np.float32]


def resample(clip: Clip, sample_rate_hz: int) -> Clip:
    """Convert a clip to another sample rate; the clip itself where it has that rate already.

    Raises:
        MissingPackageError: the rates differ and soxr is not installed.
    """
    if clip.sample_rate_hz == sample_rate_hz:
        return clip
    soxr = require("soxr", "audio", f"resampling {clip.sample_rate_hz} Hz to {sample_rate_hz} Hz")
    return Clip(soxr.resample(clip.samples, clip.sample_rate_hz, sample_rate_hz), sample_rate_hz)


class StreamingResampler:
    """Convert a stream of samples to another rate, whatever the size of the chunks it comes in.

    The filter looks ahead, so the output lags by some milliseconds; `flush` gives the rest at the end.

    Raises:
        MissingPackageError: the rates differ and soxr is not installed.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = None
        if from_hz != to_hz:
            soxr = require("soxr", "audio", f"resampling {from_hz} Hz to {to_hz} Hz")
            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")

    def reset(self) -> None:
        """Forget all audio, for the start of another stream."""
        if self._stream is not None:
            self._stream.clear()

    def __call__(self, samples: F32) -> F32:
        """Take the next samples, float32 [n], and return those that are ready, float32 [m]."""
        if self._stream is None:
            return samples
        ready: F32 = self._stream.resample_chunk(samples)
        return ready

    def flush(self) -> F32:
        """End the stream: return what is still on its way, float32 [m], and be ready for another."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest: F32 = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        self.reset()
        return rest
