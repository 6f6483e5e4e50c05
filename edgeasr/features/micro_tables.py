"""The constants of the integer front end, from which NumPy computes and C is generated."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.features.config import FrontendConfig

__all__ = [
    "CORRECTION_BITS",
    "FFT_SIZE",
    "GAIN_SHIFT",
    "LEAST_SIGNAL",
    "LOG_COEFFICIENT",
    "LOG_SHIFT",
    "NOISE_BITS",
    "SIGNAL_BITS",
    "SMOOTHING",
    "SNR_BITS",
    "WINDOW_BITS",
    "MicroTables",
    "twiddles",
]

I16 = NDArray[np.int16]
F32 = NDArray[np.float32]

FFT_SIZE = 512
WINDOW_BITS = 12  # behind the point
NOISE_BITS = 14
SIGNAL_BITS = 10  # by which the estimate of the noise is finer than the signal
SNR_BITS = 12
_WEIGHT_BITS = 12  # of the filters
CORRECTION_BITS = FFT_SIZE.bit_length() - 1 - _WEIGHT_BITS // 2  # by which the FFT divides, less half of the weights'
SMOOTHING = tuple(int(share * 2**NOISE_BITS) for share in (0.025, 0.06))  # of channels of even and of odd number
LEAST_SIGNAL = int(0.05 * 2**NOISE_BITS)
LOG_COEFFICIENT = 45426  # ln(2), 16 bits behind the point
LOG_SHIFT = 6
_LOG1P = np.array([2 / 3, 0.4, 0.28571429849, 0.22222198546, 0.18183572590, 0.15313838422, 0.14798198640], np.float32)
_GAIN_STRENGTH, _GAIN_OFFSET, _GAIN_BITS = np.float32(0.95), np.float32(80), 21
GAIN_SHIFT = _GAIN_BITS - CORRECTION_BITS - SNR_BITS


@dataclass(frozen=True)
class MicroTables:
    """Tables in the integers that the front end computes with.

    Channel 0 is none, 1 to `mel_bins` are those of the features, and one more is none again.

    Attributes:
        window: int16 [window_samples], a Hann window with 12 bits behind the point.
        channels: int16 [257], the channel whose filter rises or falls to its end over this bin of the FFT.
        rising: int16 [257], the weight of the bin in that channel, 12 bits behind the point; 0 for bins of none.
        falling: int16 [257], its weight in the channel after that.
        gains: int16 [3, 33], of the gain control: for a noise of so many bits a parabola's value, slope and curvature.
        logs: int32 [129], log2(1 + x) - x in steps of 1 / 128, 16 bits behind the point.
    """

    window: I16
    channels: I16
    rising: I16
    falling: I16
    gains: I16
    logs: NDArray[np.int32]

    @classmethod
    def of(cls, config: FrontendConfig) -> "MicroTables":
        """Compute the tables of a front end of the kind `micro`.

        In single precision as the original does, functions rounded once from double: at the ties it shows.
        """
        angle = np.float32(2 * np.pi) / np.float32(config.window_samples)
        angles = angle * (np.arange(config.window_samples, dtype=np.float32) + np.float32(0.5))
        window = _rounded((0.5 - 0.5 * np.cos(angles.astype(np.float64)).astype(np.float32)) * 2**WINDOW_BITS)
        x = np.arange(129) / 128
        logs = np.rint((np.log2(1 + x) - x) * 65536).astype(np.int32)
        return cls(window, *_filters(config), _gains(), logs)

    @property
    def used_bins(self) -> slice:
        """The bins of the FFT from the first that a filter uses to the last; bin 1 where they use none."""
        used = np.flatnonzero(self.rising | self.falling)
        return slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(1, 2)


def twiddles(turns: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Give the roots of unity of the FFT, exp(-2 pi i turns), as integers of 16 bits in complex numbers."""
    angles = -2 * np.pi * turns
    return np.floor(0.5 + 32767 * np.cos(angles)) + 1j * np.floor(0.5 + 32767 * np.sin(angles))


def _filters(config: FrontendConfig) -> tuple[I16, I16, I16]:
    """Give `channels`, `rising` and `falling`."""
    low, high = _mel(np.array([config.mel_low_hz, config.mel_high_hz], np.float32))
    spacing = (high - low) / np.float32(config.mel_bins + 1)
    centres = low + spacing * np.arange(1, config.mel_bins + 2, dtype=np.float32)
    hz_per_bin = np.float32(config.sample_rate_hz / FFT_SIZE)
    bins = np.arange(FFT_SIZE // 2 + 1)
    mels = _mel(bins.astype(np.float32) * hz_per_bin)
    channels = np.searchsorted(centres, mels)  # the first whose centre is not below
    used = (bins >= int(1.5 + config.mel_low_hz / float(hz_per_bin))) & (channels < len(centres))
    upper = centres[channels[used]]
    lower = np.insert(centres, 0, low)[channels[used]]
    weights = (upper - mels[used]) / (upper - lower)
    rising, falling = np.zeros(len(bins), np.int16), np.zeros(len(bins), np.int16)
    rising[used] = _rounded(weights * np.float32(2**_WEIGHT_BITS))
    falling[used] = _rounded((1.0 - weights.astype(np.float64)) * 2**_WEIGHT_BITS)
    return channels.astype(np.int16), rising, falling


def _mel(hz: F32) -> F32:
    """Give frequencies on the mel scale, 1127 ln(1 + f / 700)."""
    return np.float32(1127) * _log1p(hz / np.float32(700))


def _log1p(x: F32) -> F32:
    """Give ln(1 + x) of positive numbers with the errors of the C library of most systems (Sun's fdlibm).

    NumPy's own depend on the processor. 1 + x = 2^k (1 + f), ln(1 + f) = f - f^2 / 2 + s (f^2 / 2 + R(s^2)) with
    s = f / (2 + f).
    """
    one, half = np.float32(1), np.float32(0.5)
    u = one + x
    near = x < np.float32(math.sqrt(2) - 1)
    mantissa, k = np.frexp(u)  # in 1/2 to 1
    small = mantissa < np.float32(math.sqrt(0.5))
    k = np.where(near, 0, k - small).astype(np.float32)
    f = np.where(near, x, np.where(small, 2 * mantissa, mantissa) - one)
    lost = np.where(near, 0, np.where(k > 0, one - (u - x), x - (u - one)) / u).astype(np.float32)
    square, s = half * f * f, f / (np.float32(2) + f)
    z = s * s
    rest = np.zeros_like(z)
    for coefficient in _LOG1P[::-1]:
        rest = z * (coefficient + rest)
    high, low = np.float32(6.9313812256e-01), np.float32(9.0580006145e-06)  # of ln(2)
    return k * high - ((square - (s * (square + rest) + (k * low + lost))) - f)


def _gains() -> I16:
    """Give the table of the gain; where it has a row for 0 and 1, these are noises."""
    table = [(_gain(0), 0, 0), (_gain(1), 0, 0)]
    for bits in range(2, 33):
        x = 1 << (bits - 1)
        start, middle, end = _gain(x), _gain(x + x // 2), _gain(min(2 * x, 2**32 - 1))
        slope = 4 * (middle - start) - (end - start)
        table.append((start, slope, end - start - slope))
    return np.array(table, np.int16).T.copy()


def _gain(noise: int) -> int:
    """Give the gain at a noise, at most 32767: (noise + offset) ** -strength, in single precision."""
    level = np.float32(noise) / np.float32(1 << (SIGNAL_BITS - CORRECTION_BITS))
    gain = np.float32(1 << _GAIN_BITS) * np.power(level + _GAIN_OFFSET, -_GAIN_STRENGTH, dtype=np.float32)
    return min(int(gain + np.float32(0.5)), 32767)


def _rounded(values: NDArray[np.floating]) -> I16:
    return np.floor(values.astype(np.float64) + 0.5).astype(np.int16)
