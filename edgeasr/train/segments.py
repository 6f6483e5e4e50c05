"""Segments to train a spotter with: seconds of sound, and where in them a keyword has just been said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import resample
from edgeasr.data.augment import augment_features, warp_utterance
from edgeasr.data.room import colour, room_response
from edgeasr.data.stream import SPEECH_DBFS, Recorded
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.train.config import TrainConfig
from edgeasr.train.wake import WakeConfig

__all__ = ["IGNORED", "SegmentBatches", "Sources", "output_ends_s"]

F32 = NDArray[np.float32]

IGNORED = -1  # what the model says where the word is not over, or a while ago, is its own affair

_ROOM_S = 1.73  # that a segment is longer than the model's window, which the end of a keyword moves in
_HEARD_S = (-0.03, 0.33)  # after the end of a keyword: when the model should say so
_OVER_S = 1.2  # after its end: when it should have stopped
_BEGUN = 0.4  # share of a keyword that is not enough to know it
_SPEED = 0.15  # share by which all speech is played faster or slower
_NOISE_SPEED = 0.3  # and noise, of which there are fewer recordings
_CUT = (0.35, 0.6)  # share of a keyword that is left of it as a negative
_ALONE = 0.6  # share of keywords that are said after a pause
_NOISE_ONLY = 0.1  # share of negatives
_CUT_SHARE = 0.1
_EPOCHS_A_SOUND = 4  # making sound takes ten times as long as learning from it
_TWO_NOISES = 0.5  # share of segments
_TWO_VOICES = 0.25  # share of those of other speech


@dataclass(frozen=True)
class Sources:
    """What segments are made of; all speech has an energy of 1 a sample.

    Attributes:
        keywords: for each label that is spotted, groups of sayings, such as own recordings and synthetic ones, each
            of which is drawn from as often as the others.
        others: banks of other speech, float32 [samples], likewise.
        noise: float32 [samples].
    """

    keywords: Sequence[Sequence[Sequence[Recorded]]]
    others: Sequence[F32]
    noise: F32


def output_ends_s(frontend: FrontendConfig, stride: int, outputs: int) -> NDArray[np.float64]:
    """Give the seconds at which the window of each output ends, from the start of the sound: float64 [outputs]."""
    ends = (frontend.frames + stride * np.arange(outputs)) * frontend.hop_samples
    return np.true_divide(ends, frontend.sample_rate_hz, dtype=np.float64)


class SegmentBatches:
    """Batches of (features [batch, frames, bins], wanted int32 [batch, outputs]).

    What is wanted of an output is the index of the keyword that has just been said, that of `unknown` (the number of
    keywords), or `IGNORED`.

    Args:
        sources: of the training split.
        frontend: the features.
        stride: frames from one output of the model to the next.
        config: batch size, seed and augmentation.
        wake: what segments are like.
    """

    def __init__(
        self, sources: Sources, frontend: FrontendConfig, stride: int, config: TrainConfig, wake: WakeConfig
    ) -> None:
        self.clips = wake.segments
        self._sources, self._config, self._wake = sources, config, wake
        self._rate_hz = frontend.sample_rate_hz
        self._samples = round((frontend.clip_ms / 1000 + _ROOM_S) * self._rate_hz)
        self._compute = Frontend(frontend)
        outputs = (frontend.frames_in(self._samples) - frontend.frames) // stride + 1
        self._ends_s = output_ends_s(frontend, stride, outputs)
        self._kept: dict[int, tuple[int, F32, NDArray[np.int32]]] = {}  # the newest of each batch

    def __len__(self) -> int:
        return -(-self.clips // self._config.batch_size)

    def get(self, epoch: int, index: int) -> tuple[F32, NDArray[np.int32]]:
        """Make a batch: its sound is that of the epochs before it too, heard by other vocal tracts."""
        sounds = epoch // _EPOCHS_A_SOUND
        kept = self._kept.get(index)
        if kept is None or kept[0] != sounds:
            kept = self._kept[index] = (sounds, *self._make(sounds, index))
        _, features, wanted = kept
        augment, rng = self._config.augment, np.random.default_rng([self._config.seed, epoch, index])
        if augment.vocal_tract:
            features = np.stack([warp_utterance(one, replace(augment, tempo=0.0), rng) for one in features])
        return augment_features(features, augment, rng), wanted

    def _make(self, sounds: int, index: int) -> tuple[F32, NDArray[np.int32]]:
        """Make the sound of a batch; give its features, and what is wanted."""
        size = min(self._config.batch_size, self.clips - index * self._config.batch_size)
        rng = np.random.default_rng([self._config.seed, 2**32 + sounds, index])
        said = np.arange(size) < round(self._wake.positive_share * size)
        segments, wanted = zip(*(self._positive(rng) if one else self._negative(rng) for one in said), strict=True)
        return self._compute(np.stack([self._heard(segment, rng) for segment in segments])), np.stack(wanted)

    def _positive(self, rng: np.random.Generator) -> tuple[F32, NDArray[np.int32]]:
        """Say a keyword, alone or after other speech."""
        label = int(rng.integers(len(self._sources.keywords)))
        samples, start, end = self._said(label, rng)
        latest = self._samples - round(_HEARD_S[1] * self._rate_hz)
        ends = int(rng.integers(round(self._ends_s[0] * self._rate_hz), latest))
        segment = np.zeros(self._samples, np.float32)
        if rng.random() > _ALONE and self._sources.others:
            pause = round(rng.uniform(0.0, 0.3) * self._rate_hz)
            before = max(0, ends - (end - start) - pause)
            segment[:before] = self._other(rng)[:before]
        _lay(segment, samples, ends - end)
        end_s, length_s = ends / self._rate_hz, (end - start) / self._rate_hz
        wanted = np.full(len(self._ends_s), len(self._sources.keywords), np.int32)
        begun_s = end_s - (1 - _BEGUN) * length_s
        wanted[(self._ends_s > begun_s) & (self._ends_s < end_s + _OVER_S)] = IGNORED
        wanted[(self._ends_s >= end_s + _HEARD_S[0]) & (self._ends_s <= end_s + _HEARD_S[1])] = label
        return segment, wanted

    def _negative(self, rng: np.random.Generator) -> tuple[F32, NDArray[np.int32]]:
        """Give other speech, noise alone, or a part of a keyword between other speech."""
        kind = rng.random()
        segment = np.zeros(self._samples, np.float32)
        if kind > _NOISE_ONLY and self._sources.others:
            segment = self._other(rng)
            if rng.random() < _TWO_VOICES:
                segment = segment + self._other(rng) * _amplitude(rng.uniform(-20, -5))
        if _NOISE_ONLY < kind < _NOISE_ONLY + _CUT_SHARE:
            samples, start, end = self._said(int(rng.integers(len(self._sources.keywords))), rng)
            cut = start + round(rng.uniform(*_CUT) * (end - start))
            part = samples[start:cut] if rng.random() < 0.5 else samples[cut:end]
            at = int(rng.integers(0, self._samples - 1))
            segment[at : at + len(part)] = part[: self._samples - at]
        return segment, np.full(len(self._ends_s), len(self._sources.keywords), np.int32)

    def _said(self, label: int, rng: np.random.Generator) -> tuple[F32, int, int]:
        """Choose a saying of a keyword and play it faster or slower; give its samples, its start and its end."""
        groups = self._sources.keywords[label]
        group = groups[int(rng.integers(len(groups)))]
        word = group[int(rng.integers(len(group)))]
        samples, rate = _played(word.samples, self._rate_hz, _SPEED, rng)
        return samples, round(word.start * rate), round(word.end * rate)

    def _other(self, rng: np.random.Generator) -> F32:
        """Cut a segment from anywhere in the other speech and play it faster or slower."""
        return self._cut(self._sources.others[int(rng.integers(len(self._sources.others)))], _SPEED, rng)

    def _noise(self, rng: np.random.Generator) -> F32:
        """Cut a segment of noise, or two at once, faster or slower, forwards or backwards."""
        noise = self._cut(self._sources.noise, _NOISE_SPEED, rng)
        if rng.random() < _TWO_NOISES:
            noise = noise + self._cut(self._sources.noise, _NOISE_SPEED, rng) * _amplitude(rng.uniform(-15, 0))
        return noise[:: rng.choice((1, -1))]

    def _cut(self, bank: NDArray[Any], speed: float, rng: np.random.Generator) -> F32:
        """Cut a segment from anywhere in a bank and play it faster or slower."""
        length = 1 + round(self._samples * (1 + speed))
        samples, _ = _played(_slice(bank, length, rng).astype(np.float32), self._rate_hz, speed, rng)
        return samples[: self._samples]

    def _heard(self, segment: F32, rng: np.random.Generator) -> F32:
        """Hear a segment through a room, a microphone, and noise, at some level.

        The noise is measured against speech while it lasts, as in a stream: a word in silence gets no less of it.
        """
        wake, augment = self._wake, self._config.augment
        noise = self._noise(rng)
        if not segment.any():
            return noise * _amplitude(SPEECH_DBFS + rng.uniform(-60, 0))
        response = room_response(self._rate_hz, rng) if rng.random() < wake.reverberation else None
        heard = colour(segment, self._rate_hz, wake.equaliser_db, response, rng)
        if rng.random() < augment.noise_probability:
            heard += noise * _amplitude(-rng.uniform(*augment.noise_snr_db))
        return heard * _amplitude(SPEECH_DBFS + rng.uniform(-augment.gain_db, augment.gain_db))


def _played(samples: F32, rate_hz: int, speed: float, rng: np.random.Generator) -> tuple[F32, float]:
    """Play samples faster or slower by up to a share; give them and how many times as many they are."""
    played_hz = round(rate_hz * rng.uniform(1 - speed, 1 + speed))
    return resample(Clip(samples, played_hz), rate_hz).samples, rate_hz / played_hz


def _lay(segment: F32, samples: F32, at: int) -> None:
    """Add samples to a segment from `at` on, which may lie before its start."""
    first, last = max(0, at), min(len(segment), at + len(samples))
    if first < last:
        segment[first:last] += samples[first - at : last - at]


def _slice(bank: F32, samples: int, rng: np.random.Generator) -> F32:
    start = int(rng.integers(0, max(1, len(bank) - samples)))
    return np.resize(bank[start : start + samples], samples)


def _amplitude(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))
