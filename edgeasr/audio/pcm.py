"""Integer samples, as sound cards and files have them, and floats of which full scale is 1, as all else here has."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import AudioError

__all__ = ["check_samples", "from_bytes", "to_float", "to_int16", "to_mono"]

_FULL_SCALE = 32768


def to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Make float32 of 16-bit samples, of any shape; exact."""
    return samples.astype(np.float32) / np.float32(_FULL_SCALE)


def from_bytes(raw: bytes, width: int, channels: int = 1) -> NDArray[np.float32]:
    """Read raw samples, little-endian: float32 [n], of several channels their mean.

    Args:
        raw: whole frames, a sample of each channel in turn.
        width: bytes a sample, 1 to 4; those of one byte have no sign, as in WAV.
        channels: in a frame.
    """
    if width == 1:
        samples = np.frombuffer(raw, np.uint8).astype(np.float32) - np.float32(128)
    elif width == 3:  # no such dtype: make them the upper three bytes of 32 bits, and scale as these
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        samples, width = wide.view("<i4")[:, 0].astype(np.float32), 4
    else:
        samples = np.frombuffer(raw, f"<i{width}").astype(np.float32)
    samples *= np.float32(2.0 ** (1 - 8 * width))
    return to_mono(samples.reshape(-1, channels))


def to_mono(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the channels of float32 [n, channels]: float32 [n]."""
    mono: NDArray[np.float32] = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1)
    return np.ascontiguousarray(mono)


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
