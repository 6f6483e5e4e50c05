"""Augmentation: what a microphone in a room does to speech, and SpecAugment, on whole batches.

All chance comes from the generator that is handed in: the same state gives the same batch.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample
from edgeasr.data.arrays import BACKGROUND
from edgeasr.errors import ConfigError
from edgeasr.features.config import FrontendConfig

__all__ = [
    "AugmentConfig",
    "augment_audio",
    "augment_features",
    "augment_utterance",
    "fewest_frames",
    "mix_at_snr",
    "shift_audio",
    "warp_utterance",
]

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class AugmentConfig:
    """How much a batch is altered; zero switches each part off.

    `shift_ms` and `background_fraction` are for clips of fixed length; `speed`, `tempo` and `vocal_tract` for
    utterances; features that a data set holds ready stay as they are.

    Attributes:
        shift_ms: clips move by up to this much to either side; zeros come in.
        gain_db: level changes by up to this much up or down.
        noise_probability: share of clips that get noise.
        noise_snr_db: lowest and highest ratio of the clip's energy to the noise's.
        noise: folder or zip of noise recordings; empty for white to brownish noise made by NumPy.
        background_fraction: share of a batch replaced by noise alone, with no label's target.
        background_dbfs: lowest and highest level of that noise; -100 is silence. A spotter should hear most of it as
            loud as under words.
        spec_time_frames: widest mask over time (SpecAugment).
        spec_bins: widest mask over bins.
        spec_masks: masks of each kind.
        speed: utterances are played faster or slower by up to this share, which changes their pitch too.
        tempo: frames of utterances come faster or slower by up to this share; the pitch stays.
        vocal_tract: the bins of utterances move up or down by up to this share of their number, as with a shorter or
            longer vocal tract; for features along a scale of frequency.
    """

    shift_ms: float = 100.0
    gain_db: float = 6.0
    noise_probability: float = 0.5
    noise_snr_db: tuple[float, float] = (5.0, 30.0)
    noise: str = ""
    background_fraction: float = 0.1
    background_dbfs: tuple[float, float] = (-100.0, -20.0)
    spec_time_frames: int = 5
    spec_bins: int = 5
    spec_masks: int = 1
    speed: float = 0.0
    tempo: float = 0.0
    vocal_tract: float = 0.0

    @property
    def alters_sound(self) -> bool:
        """Whether clips are altered before the front end."""
        return bool(self.shift_ms or self.gain_db or self.noise_probability or self.background_fraction)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, float) and not math.isfinite(number):
                    raise ConfigError(f"augmentation: {name} must be finite, got {number}")
        for name in ("shift_ms", "gain_db", "spec_time_frames", "spec_bins", "spec_masks"):
            if getattr(self, name) < 0:
                raise ConfigError(f"augmentation: {name} must be 0 or more, got {getattr(self, name)}")
        for name in ("noise_probability", "background_fraction"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"augmentation: {name} must lie in 0 to 1, got {getattr(self, name)}")
        for name in ("speed", "tempo", "vocal_tract"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"augmentation: {name} must lie in 0 to below 1, got {getattr(self, name)}")
        for name in ("noise_snr_db", "background_dbfs"):
            low, high = getattr(self, name)
            if low > high:
                raise ConfigError(f"augmentation: {name} must be [low, high], got {[low, high]}")


def augment_audio(
    audio: F32,
    targets: NDArray[np.int64],
    sample_rate_hz: int,
    config: AugmentConfig,
    bank: F32,
    rng: np.random.Generator,
) -> tuple[F32, NDArray[np.int64]]:
    """Shift, add noise to, change the level of, and partly replace by background, the clips of a batch.

    Args:
        audio: float32 [clips, samples].
        targets: int64 [clips].
        sample_rate_hz: of the audio and the bank.
        config: how much.
        bank: from `noise_bank`.
        rng: source of all chance.

    Returns:
        New audio and targets of the same shapes.
    """
    clips, samples = audio.shape
    limit = round(config.shift_ms * sample_rate_hz / 1000)
    augmented = shift_audio(audio, rng.integers(-limit, limit, (clips,), endpoint=True))

    noisy = np.flatnonzero(rng.random(clips) < config.noise_probability)
    noise = _slices(bank, len(noisy), samples, rng)
    augmented[noisy] = mix_at_snr(augmented[noisy], noise, rng.uniform(*config.noise_snr_db, len(noisy)))

    background = rng.permutation(clips)[: round(config.background_fraction * clips)]
    augmented[background] = _slices(bank, len(background), samples, rng)
    augmented[background] *= _amplitudes(*config.background_dbfs, len(background), rng)
    targets = targets.copy()
    targets[background] = BACKGROUND

    augmented *= _amplitudes(-config.gain_db, config.gain_db, clips, rng)
    return augmented, targets


def augment_utterance(
    samples: F32, sample_rate_hz: int, config: AugmentConfig, bank: F32, rng: np.random.Generator
) -> F32:
    """Change the speed of, add noise to, and change the level of an utterance, which is never cut.

    Args:
        samples: float32 [samples].
        sample_rate_hz: of the samples and the bank.
        config: how much; the shift and the background are for clips of fixed length.
        bank: from `noise_bank`.
        rng: source of all chance.

    Returns:
        float32 [other samples].
    """
    if config.speed:
        played_hz = round(sample_rate_hz * rng.uniform(1 - config.speed, 1 + config.speed))
        samples = resample(Clip(samples, played_hz), sample_rate_hz).samples
    utterance = samples[None]
    if rng.random() < config.noise_probability:
        utterance = mix_at_snr(utterance, _slices(bank, 1, len(samples), rng), rng.uniform(*config.noise_snr_db, 1))
    amplified: F32 = (utterance * _amplitudes(-config.gain_db, config.gain_db, 1, rng))[0]
    return amplified


def warp_utterance(features: F32, config: AugmentConfig, rng: np.random.Generator) -> F32:
    """Change the tempo and the vocal tract of an utterance.

    Args:
        features: float32 [frames, bins].
        config: by how much at most.
        rng: source of all chance.

    Returns:
        float32 [other frames, bins].
    """
    frames, bins = features.shape
    if config.tempo:
        rate = rng.uniform(1 - config.tempo, 1 + config.tempo)
        features = _interpolated(features, np.arange(max(1, round(frames / rate))) * rate)
    if config.vocal_tract:
        scale = rng.uniform(1 - config.vocal_tract, 1 + config.vocal_tract)
        features = _interpolated(features.T, np.arange(bins) * scale).T
    return features


def fewest_frames(samples: F32, frontend: FrontendConfig, config: AugmentConfig) -> int:
    """Count the frames that are left of an utterance, float32 [samples], at its fastest."""
    return int(frontend.frames_in(int(len(samples) / (1 + config.speed))) / (1 + config.tempo))


def augment_features(features: F32, config: AugmentConfig, rng: np.random.Generator) -> F32:
    """Mask a stretch of frames and a band of bins of each clip with the clip's mean.

    This is SpecAugment (D. Park et al., arXiv 1904.08779) without its time warping.

    Args:
        features: float32 [clips, frames, bins].
        config: the widest masks; each is drawn from 0 to that.
        rng: source of all chance.

    Returns:
        New features, float32 [clips, frames, bins].
    """
    clips, frames, bins = features.shape
    masked = np.zeros(features.shape, bool)
    for _ in range(config.spec_masks):
        masked |= _masks(clips, frames, config.spec_time_frames, rng)[:, :, None]
        masked |= _masks(clips, bins, config.spec_bins, rng)[:, None, :]
    return np.where(masked, features.mean(axis=(1, 2), keepdims=True), features)


def shift_audio(audio: F32, shifts: NDArray[np.int64]) -> F32:
    """Move each clip later (positive) or earlier by its own number of samples; zeros come in.

    Args:
        audio: float32 [clips, samples].
        shifts: integer [clips].

    Returns:
        float32 [clips, samples].
    """
    shifted = np.zeros_like(audio)
    for source, row, shift in zip(audio, shifted, shifts.tolist(), strict=True):
        kept = max(0, len(row) - abs(shift))
        row[max(0, shift) : max(0, shift) + kept] = source[max(0, -shift) : max(0, -shift) + kept]
    return shifted


def mix_at_snr(audio: F32, noise: F32, snr_db: NDArray[np.float64]) -> F32:
    """Add noise at a ratio of energies over the whole clip; a silent clip stays silent.

    Args:
        audio: float32 [clips, samples].
        noise: float32 [clips, samples], at any level.
        snr_db: float [clips], of audio to noise.

    Returns:
        float32 [clips, samples].
    """
    wanted = _energy(audio) / 10 ** (snr_db / 10)
    scale = np.sqrt(wanted / np.maximum(_energy(noise), np.finfo(np.float32).tiny))
    return audio + noise * scale[:, None].astype(np.float32)


def _interpolated(rows: F32, positions: NDArray[np.floating]) -> F32:
    """Give the rows at positions between them, by linear interpolation; beyond the last row, that one."""
    positions = np.minimum(positions, len(rows) - 1)
    before = positions.astype(np.int64)
    share = (positions - before).astype(np.float32)[:, None]
    between: F32 = rows[before] * (1 - share) + rows[np.minimum(before + 1, len(rows) - 1)] * share
    return between


def _energy(audio: F32) -> NDArray[np.float64]:
    energy: F32 = np.einsum("cs,cs->c", audio, audio)
    return energy.astype(np.float64)


def _amplitudes(low_db: float, high_db: float, clips: int, rng: np.random.Generator) -> F32:
    """Draw a factor for each clip, evenly in decibels: float32 [clips, 1]."""
    level_db: NDArray[np.float64] = rng.uniform(low_db, high_db, (clips, 1))
    return (10 ** (level_db / 20)).astype(np.float32)


def _slices(bank: F32, count: int, samples: int, rng: np.random.Generator) -> F32:
    """Cut `count` pieces from anywhere in the bank, half of them upside down; a short bank is repeated."""
    bank = np.resize(bank, max(len(bank), samples)) if len(bank) < samples else bank
    starts = rng.integers(0, len(bank) - samples, count, endpoint=True)
    signs = rng.choice(np.array([-1, 1], np.float32), (count, 1))
    slices: F32 = np.lib.stride_tricks.sliding_window_view(bank, samples)[starts]
    slices *= signs
    return slices


def _masks(clips: int, length: int, widest: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw one run of True for each clip: bool [clips, length]."""
    widths = rng.integers(0, min(widest, length), (clips, 1), endpoint=True)
    starts = rng.integers(0, length - widths, endpoint=True)
    positions = np.arange(length)
    return (positions >= starts) & (positions < starts + widths)
