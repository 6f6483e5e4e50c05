"""What happens to audio on its way to a spotter: level, clipping, a telephone line, a room, a hurried speaker."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.pcm import to_float, to_int16
from edgeasr.audio.resample import resample
from edgeasr.data.room import echoes
from edgeasr.data.stream import SpokenWord, Stream

__all__ = ["amplify", "reverberate", "speed_up", "telephone"]

_TELEPHONE_HZ = 8000
_BAND_HZ = (300, 3400)
_TAPS = 255
_FIRST_ECHO_S = 0.01
_BLOCK = 1 << 14


def amplify(clip: Clip, gain_db: float) -> Clip:
    """Change the level of a clip; what comes beyond full scale is clipped, and 16 bits are what there is below."""
    return Clip(to_float(to_int16(clip.samples * np.float32(10 ** (gain_db / 20)))), clip.sample_rate_hz)


def telephone(clip: Clip) -> Clip:
    """Pass a clip through an analogue telephone line: 8 kHz, 300 to 3400 Hz; without its codec.

    Raises:
        MissingPackageError: soxr is not installed.
    """
    narrow = resample(clip, _TELEPHONE_HZ)
    filtered = Clip(_filtered(narrow.samples, _band_pass(_TELEPHONE_HZ), _TAPS // 2), _TELEPHONE_HZ)
    samples = resample(filtered, clip.sample_rate_hz).samples[: len(clip.samples)]
    return Clip(np.pad(samples, (0, len(clip.samples) - len(samples))), clip.sample_rate_hz)


def reverberate(clip: Clip, decay_s: float) -> Clip:
    """Put a clip into a room, always the same, whose echoes have together the energy of the direct sound.

    Args:
        clip: the direct sound; the level stays.
        decay_s: time in which the echoes fall by 60 dB.
    """
    response = echoes(clip.sample_rate_hz, decay_s, _FIRST_ECHO_S, np.random.default_rng(0))
    response[0] = 1
    return Clip(_filtered(clip.samples, response / np.sqrt(2), 0), clip.sample_rate_hz)


def speed_up(stream: Stream, factor: float) -> Stream:
    """Play a stream faster, or slower where the factor is below 1; the pitch changes too.

    Raises:
        MissingPackageError: soxr is not installed.
    """
    rate_hz = stream.clip.sample_rate_hz
    played_hz = round(rate_hz * factor)
    words = [
        SpokenWord(word.start_s * rate_hz / played_hz, word.end_s * rate_hz / played_hz, word.label)
        for word in stream.words
    ]
    return Stream(resample(Clip(stream.clip.samples, played_hz), rate_hz), tuple(words))


def _band_pass(sample_rate_hz: int) -> NDArray[np.float64]:
    """Design a linear-phase filter by the window method: float64 [taps]."""
    middle = np.arange(_TAPS) - _TAPS // 2
    low, high = (2 * edge_hz / sample_rate_hz for edge_hz in _BAND_HZ)
    taps: NDArray[np.float64] = (high * np.sinc(high * middle) - low * np.sinc(low * middle)) * np.hamming(_TAPS)
    return taps


def _filtered(samples: NDArray[np.float32], taps: NDArray[np.float64], delay: int) -> NDArray[np.float32]:
    """Filter and take the delay back, block by block (overlap-add), so that hours take little memory."""
    size = _BLOCK + len(taps) - 1
    out = np.zeros(len(samples) + len(taps) - 1, np.float64)
    response = np.fft.rfft(taps, size)
    for start in range(0, len(samples), _BLOCK):
        block = samples[start : start + _BLOCK]
        whole = np.fft.irfft(np.fft.rfft(block, size) * response, size)[: len(block) + len(taps) - 1]
        out[start : start + len(whole)] += whole
    return out[delay : delay + len(samples)].astype(np.float32)
