"""What happens to audio on its way to a spotter: another level, clipping, a telephone line."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample

__all__ = ["amplify", "telephone"]

_TELEPHONE_HZ = 8000
_BAND_HZ = (300, 3400)
_TAPS = 255
_BLOCK = 1 << 14


def amplify(clip: Clip, gain_db: float) -> Clip:
    """Change the level of a clip; what comes beyond full scale is clipped, and 16 bits are what there is below."""
    pcm = np.clip(np.rint(clip.samples * np.float32(32768 * 10 ** (gain_db / 20))), -32768, 32767)
    return Clip(pcm.astype(np.float32) / np.float32(32768), clip.sample_rate_hz)


def telephone(clip: Clip) -> Clip:
    """Pass a clip through an analogue telephone line: 8 kHz, 300 to 3400 Hz; without its codec.

    Raises:
        MissingPackageError: soxr is not installed.
    """
    narrow = resample(clip, _TELEPHONE_HZ)
    filtered = Clip(_filtered(narrow.samples, _band_pass(_TELEPHONE_HZ)), _TELEPHONE_HZ)
    samples = resample(filtered, clip.sample_rate_hz).samples[: len(clip.samples)]
    return Clip(np.pad(samples, (0, len(clip.samples) - len(samples))), clip.sample_rate_hz)


def _band_pass(sample_rate_hz: int) -> NDArray[np.float64]:
    """Design a linear-phase filter by the window method: float64 [taps]."""
    middle = np.arange(_TAPS) - _TAPS // 2
    low, high = (2 * edge_hz / sample_rate_hz for edge_hz in _BAND_HZ)
    taps: NDArray[np.float64] = (high * np.sinc(high * middle) - low * np.sinc(low * middle)) * np.hamming(_TAPS)
    return taps


def _filtered(samples: NDArray[np.float32], taps: NDArray[np.float64]) -> NDArray[np.float32]:
    """Filter without delay, block by block (overlap-add), so that hours take little memory."""
    half = len(taps) // 2
    out = np.zeros(len(samples) + 2 * half, np.float64)
    size = _BLOCK + len(taps) - 1
    response = np.fft.rfft(taps, size)
    for start in range(0, len(samples), _BLOCK):
        block = samples[start : start + _BLOCK]
        whole = np.fft.irfft(np.fft.rfft(block, size) * response, size)[: len(block) + 2 * half]
        out[start : start + len(whole)] += whole
    return out[half : half + len(samples)].astype(np.float32)
