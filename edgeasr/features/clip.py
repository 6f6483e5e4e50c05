"""Whole clips, of any length and rate, as a model takes them."""

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample
from edgeasr.errors import AudioError
from edgeasr.features.config import FrontendConfig
from edgeasr.features.frontend import Frontend

__all__ = [
    "clip_features",
    "count_frames",
    "fit_clip",
    "fit_length",
    "pad_frames",
    "utterance_samples",
]

F32 = NDArray[np.float32]


def clip_features(clip: Clip, config: FrontendConfig) -> F32:
    """Compute the features of a clip: resampled, cut or padded to the model's length, and through the front end.

    Args:
        clip: any length, any rate.
        config: the front end, such as `Runtime.frontend`.

    Returns:
        float32 [frames, bins].

    Example:
        >>> clip_features(Clip(np.zeros(8000, np.float32), 8000), FrontendConfig()).shape
        (49, 40)
    """
    return Frontend(config)(fit_clip(clip, config))


def fit_clip(clip: Clip, config: FrontendConfig) -> F32:
    """Resample a clip and fit it to the length that the model sees: float32 [clip_samples]."""
    return fit_length(resample(clip, config.sample_rate_hz).samples, config.clip_samples)


def fit_length(samples: F32, clip_samples: int) -> F32:
    """Cut or zero-pad a clip to a length, with the centre of its energy as near to the middle as it goes.

    As near as it goes: a longer clip fills the whole result, and of a shorter one nothing is lost.

    Args:
        samples: float32 [n].
        clip_samples: the length wanted.

    Returns:
        float32 [clip_samples].
    """
    spare = clip_samples - len(samples)
    energy = np.square(samples, dtype=np.float64)
    total = energy.sum()
    centre = energy @ np.arange(len(samples)) / total if total > 0 else len(samples) / 2
    start = round(min(max(clip_samples / 2 - centre, min(spare, 0)), max(spare, 0)))  # of the clip in the result
    fitted = np.zeros(clip_samples, np.float32)
    part = samples[max(0, -start) : clip_samples - start]
    fitted[max(0, start) : max(0, start) + len(part)] = part
    return fitted


def utterance_samples(clip: Clip, config: FrontendConfig, where: str) -> F32:
    """Resample an utterance, which keeps its length: float32 [samples].

    Args:
        clip: any rate.
        config: the front end.
        where: what it is, for the message.

    Raises:
        AudioError: it is longer than what the model sees at once, or shorter than one frame.
    """
    samples = resample(clip, config.sample_rate_hz).samples
    if len(samples) > config.clip_samples:
        raise AudioError(
            f"{where}: lasts {len(samples) / config.sample_rate_hz:.1f} s, expected at most the model's "
            f"{config.clip_ms / 1000:g} s: cut it, transcribe it with --stream, or train with a longer frontend.clip_ms"
        )
    if config.frames_in(len(samples)) == 0:
        raise AudioError(f"{where}: lasts {len(samples)} samples, expected a frame of {config.window_samples} at least")
    return samples


def pad_frames(features: F32, frames: int) -> F32:
    """Fill an utterance up with frames of zeros, which no normalised front end gives: float32 [frames, bins].

    Args:
        features: float32 [n, bins], with n at most `frames`.
        frames: how many there shall be.
    """
    padded = np.zeros((frames, features.shape[1]), np.float32)
    padded[: len(features)] = features
    return padded


def count_frames(features: F32) -> NDArray[np.int64]:
    """Count the frames before those that `pad_frames` added: int64 [...] for float32 [..., frames, bins]."""
    spoken: NDArray[np.bool_] = np.any(features, axis=-1)
    return np.where(spoken.any(axis=-1), spoken.shape[-1] - spoken[..., ::-1].argmax(axis=-1), 0)
