"""16-bit samples, as sound cards and files have them, and floats of which full scale is 1, as all else here has."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import AudioError

__all__ = ["check_samples", "to_float", "to_int16"]

_FULL_SCALE = 32768


def to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Make float32 of 16-bit samples, of any shape; exact."""
    return samples.astype(np.float32) / np.float32(_FULL_SCALE)


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Round to 16-bit samples, of any shape, little-endian; what is beyond full scale is clipped."""
    levels = np.rint(samples * np.float32(_FULL_SCALE))
    pcm: NDArray[np.int16] = np.clip(levels, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    return pcm


def check_samples(samples: NDArray[np.float32]) -> None:
    """Check that a piece of a stream is mono and no integers, whose sums of squares would run over.

    Raises:
        AudioError: it is not float [n].
    """
    if not isinstance(samples, np.ndarray) or samples.ndim != 1 or samples.dtype.kind != "f":
        got = f"{samples.dtype} {list(samples.shape)}" if isinstance(samples, np.ndarray) else type(samples).__name__
        raise AudioError(
            f"expected mono samples, float32 [n] with a full scale of 1, got {got}: "
            "divide 16-bit samples by 32768, and take one channel"
        )
