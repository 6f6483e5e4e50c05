"""The integer front end of microWakeWord and of TFLM's micro_speech, to the bit.

Windows of int16 samples go through a fixed-point FFT of 16 bits, triangular mel filters, a square root, noise reduction
by spectral subtraction, automatic gain control per channel (PCAN) and a logarithm, all in integers. The arithmetic is
that of TensorFlow Lite's "microfrontend" (tensorflow/lite/experimental/microfrontend) with the settings of ESPHome and
micro_speech, and of KISS FFT with 16 bits. Gain control: Y. Wang et al., Trainable Frontend for Robust and Far-Field
Keyword Spotting, ICASSP 2017.
"""

import numpy as np
from numpy.typing import NDArray

from edgeasr.features.config import FrontendConfig
from edgeasr.features.micro_fft import spectrum
from edgeasr.features.micro_tables import (
    CORRECTION_BITS,
    GAIN_SHIFT,
    LEAST_SIGNAL,
    LOG_COEFFICIENT,
    LOG_SHIFT,
    NOISE_BITS,
    SIGNAL_BITS,
    SMOOTHING,
    SNR_BITS,
    WINDOW_BITS,
    MicroTables,
)

__all__ = ["MICRO", "STEP", "MicroFeatures"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

MICRO = FrontendConfig(kind="micro", hop_ms=10.0, mel_low_hz=125.0, mel_high_hz=7500.0)
"""The front end of microWakeWord's models."""

_BLOCK = 128  # frames that are computed at once
STEP = np.float32(10 / 256)  # between features, as microWakeWord has them in floats


class MicroFeatures:
    """Turn successive windows of sound into features.

    The estimate of the noise, which goes from frame to frame, is the caller's: a clip starts without, a stream keeps
    it.
    """

    def __init__(self, config: FrontendConfig) -> None:
        tables = MicroTables.of(config)
        self._window = tables.window.astype(np.int32)
        self._gains, self._logs = tables.gains.astype(np.int64), tables.logs.astype(np.int64)
        bins = tables.used_bins
        self._used = slice(bins.start - 1, bins.stop - 1)  # of the spectrum, which begins with bin 1
        channels, rows = tables.channels[bins], np.arange(bins.stop - bins.start)
        matrix = np.zeros((len(rows), config.mel_bins + 3))
        matrix[rows, channels] += tables.rising[bins]
        matrix[rows, channels + 1] += tables.falling[bins]
        self._filters = np.ascontiguousarray(matrix[:, 1:-2])
        self._smoothing = np.resize(np.array(SMOOTHING, np.int64), config.mel_bins)
        self._keeping = 2**NOISE_BITS - self._smoothing

    def silence(self) -> I64:
        """Give the estimate of the noise before any sound: int64 [bins]."""
        return np.zeros(len(self._smoothing), np.int64)

    def __call__(self, windows: NDArray[np.floating], noise: I64) -> F32:
        """Compute the features of successive windows.

        Args:
            windows: float [frames, window_samples], full scale is -1 to 1.
            noise: int64 [bins], the estimate of the noise, which is brought up to date in place.

        Returns:
            float32 [frames, bins], multiples of 10 / 256.
        """
        features = np.empty((len(windows), len(noise)), np.float32)
        for start in range(0, len(windows), _BLOCK):
            signal = self._signal(windows[start : start + _BLOCK])
            estimates = self._follow(signal, noise)
            amplified = _amplify(_subtract(signal, estimates), estimates, self._gains)
            features[start : start + _BLOCK] = _logarithm(amplified, self._logs)
        features *= STEP
        return features

    def _signal(self, windows: NDArray[np.floating]) -> I64:
        """Give the root of the energy of every channel, int64 [frames, bins]."""
        sound = np.rint(windows * np.float32(32768))
        samples = np.clip(sound, -32768, 32767, out=sound).astype(np.int32)
        samples *= self._window
        samples >>= WINDOW_BITS
        highest = np.maximum(samples.max(axis=-1), -(samples + (samples == -32768)).min(axis=-1))
        shift = 15 - _bits(highest)  # uses all 16 bits; -32768 has no magnitude in 16 bits and does not count
        z = spectrum((samples << shift[:, None]).astype(np.int16))[:, self._used]
        energy = np.square(z.real) + np.square(z.imag)
        root = np.rint(np.sqrt(total := energy @ self._filters))  # below 2^53, so that all of it is exact
        root = np.where(total < 2.0**32, np.minimum(root, 65535), root)  # of 32 bits, the root has 16
        signal: I64 = root.astype(np.int64) >> shift[:, None]
        return signal

    def _follow(self, signal: I64, noise: I64) -> I64:
        """Smooth the signal of every channel over time: int64 [frames, bins]."""
        estimates = (signal << SIGNAL_BITS & 0xFFFFFFFF) * self._smoothing
        for frame in range(len(signal)):
            noise *= self._keeping
            noise += estimates[frame]
            noise >>= NOISE_BITS
            estimates[frame] = noise
        return estimates


def _subtract(signal: I64, estimates: I64) -> I64:
    """Take the noise away, but leave a share of the signal."""
    raised = signal << SIGNAL_BITS & 0xFFFFFFFF
    left: I64 = (raised - np.minimum(estimates, raised)) >> SIGNAL_BITS
    least: I64 = signal * LEAST_SIGNAL >> NOISE_BITS
    return np.where(left > least, left, least)


def _amplify(signal: I64, estimates: I64, gains: NDArray[np.int64]) -> I64:
    """Divide the signal by a power of the noise, which the parabolas of a table approximate, and compress it."""
    interval = np.maximum(_bits(estimates), 2)
    base, slope, curve = gains[:, interval]
    within = (estimates << 9 >> (interval - 2)) & 0x3FF
    gain = ((((curve * within >> 5) + (slope << 5)) * within + (1 << 14)) >> 15) + base
    gain = np.where(estimates < 2, gains[0, np.minimum(estimates, 1)], gain)
    ratio = (signal * gain >> GAIN_SHIFT) & 0xFFFFFFFF
    small: I64 = ratio * ratio >> (2 * SNR_BITS - 4)
    return np.where(ratio < 2 << SNR_BITS, small, (ratio >> (SNR_BITS - 6)) - 64)


def _logarithm(signal: I64, logs: NDArray[np.int64]) -> I64:
    """Give 64 times the natural logarithm, at most 65535."""
    value = np.maximum(signal << CORRECTION_BITS & 0xFFFFFFFF, 1)
    whole = _bits(value) - 1
    share = (value << 16 >> whole) & 0xFFFF
    segment = share >> 9
    low = logs[segment]
    log2 = (whole << 16) + share + low + ((logs[segment + 1] - low) * (share & 0x1FF) >> 16)
    natural = (LOG_COEFFICIENT * log2 + 32768) >> 16
    logarithm: I64 = ((natural << LOG_SHIFT) + 32768) >> 16
    return np.where(logarithm < 65535, logarithm, 65535)


def _bits(values: NDArray[np.integer]) -> NDArray[np.int32]:
    """Count the bits of non-negative integers without the leading zeros."""
    exponents: NDArray[np.int32] = np.frexp(values.astype(np.float64))[1]
    return exponents
