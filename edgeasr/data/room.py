"""What a room and a microphone make of speech: echoes, and another balance of low and high."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["colour", "echoes", "room_response"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_DECAY_S = (0.1, 0.7)  # in which the echoes fall by 60 dB
_DIRECT_DB = (-3.0, 15.0)  # of the direct sound over all echoes together
_FIRST_S = (0.002, 0.02)  # after which the first echo comes
_CORNERS_HZ = (60.0, 150.0, 300.0, 700.0, 1500.0, 3000.0, 5000.0, 8000.0)


def room_response(sample_rate_hz: int, rng: np.random.Generator) -> F32:
    """Make the response of some room to a click: float32 [samples], the direct sound, 1, first."""
    response = echoes(sample_rate_hz, rng.uniform(*_DECAY_S), rng.uniform(*_FIRST_S), rng)
    response *= 10 ** (-rng.uniform(*_DIRECT_DB) / 20)
    response[0] = 1
    return response.astype(np.float32)


def echoes(sample_rate_hz: int, decay_s: float, first_s: float, rng: np.random.Generator) -> F64:
    """Make what a room answers to a click: noise that dies away.

    That is the statistical model of late reverberation (J.-D. Polack, 1988): Gaussian noise with an exponential
    envelope.

    Args:
        sample_rate_hz: of the result.
        decay_s: time in which the echoes fall by 60 dB.
        first_s: time after the direct sound at which the first echo comes.
        rng: source of all chance.

    Returns:
        float64 [samples], from the direct sound on, which is not in it; their energy is 1.
    """
    times_s = np.arange(round(decay_s * sample_rate_hz)) / sample_rate_hz
    response = rng.standard_normal(len(times_s)) * 10 ** (-3 * times_s / decay_s)
    response[times_s < first_s] = 0
    response /= np.sqrt(np.square(response).sum())
    return response


def colour(
    samples: F32, sample_rate_hz: int, equaliser_db: float, response: F32 | None, rng: np.random.Generator
) -> F32:
    """Filter sound by a random balance of its frequencies, and by a room.

    Args:
        samples: float32 [n].
        sample_rate_hz: of the samples and the response.
        equaliser_db: largest gain or loss at any frequency.
        response: of the room; None for none.
        rng: source of all chance.

    Returns:
        float32 [n]: echoes after the end are cut off.
    """
    size = 1 << (len(samples) + (0 if response is None else len(response)) - 1).bit_length()
    spectrum = np.fft.rfft(samples, size)
    gains_db = rng.uniform(-equaliser_db, equaliser_db, len(_CORNERS_HZ))
    hz = np.maximum(np.fft.rfftfreq(size, 1 / sample_rate_hz), _CORNERS_HZ[0])
    spectrum *= 10 ** (np.interp(np.log(hz), np.log(_CORNERS_HZ), gains_db) / 20)
    if response is not None:
        spectrum *= np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)
