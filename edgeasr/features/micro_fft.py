"""The real FFT of the integer front end: that of KISS FFT with 16 bits, rounding by rounding.

Four passes of radix 4 over 256 complex numbers, whose parts are the even and the odd samples, and one that takes the
spectra of the two apart. Every pass divides by its radix first. Integers are kept in floating point, which holds them
and their products exactly and brings the complex product and the sums of four as a matrix product.
"""

import numpy as np
from numpy.typing import NDArray

from edgeasr.features.micro_tables import FFT_SIZE, twiddles

__all__ = ["spectrum"]

C128 = NDArray[np.complex128]

_POINTS = FFT_SIZE // 2
_QUARTER, _HALF = 8191 / 32768, 16383 / 32768  # what KISS FFT multiplies with to divide by 4 and by 2
_SAFE = 32700.0  # magnitude up to which no rotation and no sum of shares leaves 16 bits
_FOUR = np.array([[1, 1, 1, 1], [1, -1j, -1, 1j], [1, -1, 1, -1], [1, 1j, -1, -1j]])
# [digit that the pass sums over, frequencies so far, the digits that are left]
_ROOTS = [twiddles(np.arange(4)[:, None, None] * np.arange(span)[:, None] / (4 * span)) / 32768 for span in (4, 16, 64)]
_SPLIT = twiddles(np.arange(1, _POINTS // 2 + 1) / FFT_SIZE + 0.25) / 32768


def spectrum(samples: NDArray[np.int16]) -> C128:
    """Transform real signals.

    Args:
        samples: int16 [..., n], of at most 512 samples; zeros follow.

    Returns:
        Complex [..., 255], bins 1 to 255, divided by about 512, with parts that are integers of 16 bits.
    """
    padded = np.zeros((*samples.shape[:-1], FFT_SIZE))
    padded[..., : samples.shape[-1]] = samples
    z = padded.view(np.complex128).reshape(*samples.shape[:-1], 4, -1)
    return _split(*_transform(z))


def _transform(z: C128) -> tuple[C128, bool]:
    """Do the passes over complex [..., 4, 64].

    Returns:
        Complex [..., 256], and whether no sum can have more than 16 bits.
    """
    lead = z.shape[:-2]
    z = _FOUR @ _rounded(z * _QUARTER)  # [..., frequency, digits that are left]
    fits = bool(np.abs(z).max(initial=0) < _SAFE)
    for roots in _ROOTS:
        span = roots.shape[1]
        _rounded(z := z * _QUARTER)
        turned = z.reshape(*lead, span, 4, -1).swapaxes(-3, -2) * roots  # by the next digit first
        _wrapped(_rounded(turned), fits)
        z = _wrapped(_FOUR @ turned.reshape(*lead, 4, -1), fits)
    return z.reshape(*lead, _POINTS), fits


def _split(z: C128, fits: bool) -> C128:
    """Make the spectrum of the real signal, complex [..., 255], of that of its even and odd samples."""
    middle = _POINTS // 2
    direct = _rounded(z[..., 1 : middle + 1] * _HALF)
    backwards: C128 = np.conj(z[..., : middle - 1 : -1])
    mirrored = _rounded(backwards * _HALF)
    even = direct + mirrored
    odd = _wrapped(_rounded((direct - mirrored) * _SPLIT), fits)
    out = np.empty((*z.shape[:-1], _POINTS - 1), np.complex128)
    out[..., :middle] = even + odd
    out[..., : middle - 2 : -1] = np.conj(even - odd)
    parts = out.view(np.float64)
    parts *= 0.5
    np.floor(parts, out=parts)
    return out


def _rounded(z: C128) -> C128:
    """Round the parts to integers, halves up, in place."""
    parts = z.view(np.float64)
    parts += 0.5
    np.floor(parts, out=parts)
    return z


def _wrapped(z: C128, fits: bool) -> C128:
    """Keep 16 bits of the parts, in place, as the C does when a sum overflows."""
    if not fits:
        parts = z.view(np.float64)
        parts -= np.floor((parts + 32768) / 65536) * 65536
    return z
