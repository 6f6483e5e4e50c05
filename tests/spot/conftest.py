"""A model small enough to predict by hand, and audio that it reacts to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeasr.card import Card, Stepping
from edgeasr.features import FrontendConfig
from edgeasr.runtime import Runtime

FRONTEND = FrontendConfig(
    kind="spectrogram",
    sample_rate_hz=8000,
    clip_ms=200,
    window_ms=16,
    hop_ms=10,
    fft_size=128,
)
LABELS = ("_silence_", "low", "high")


class BandModel(Runtime):
    """Say where the energy of the newer half of the window lies: nowhere, below or above 2 kHz."""

    name, version, threads, path = "fake", "fake 1", 1, Path("fake.tflite")

    def __init__(self, labels=LABELS, frontend=FRONTEND):
        self.card = Card("fake", "float32", labels, frontend, "probabilities", "")
        self.runs = self.resets = 0

    @property
    def input_shape(self):
        return self.card.frontend.shape

    def run(self, features):
        assert features.shape == self.input_shape
        self.runs += 1
        newer = features[len(features) // 2 :].mean(axis=0)
        energy = np.array([2.0, newer[:32].sum(), newer[32:].sum()], np.float32)
        return energy / energy.sum()

    def reset(self):
        self.resets += 1


class BandSteps(BandModel):
    """The same for the frames of a stream, in steps of two: a step model that remembers ten."""

    def __init__(self):
        super().__init__()
        self.card = replace(self.card, stepping=Stepping(FRONTEND.frames, 2, 1, FRONTEND.frames // 2 - 1, None))
        self.steps = 0
        self._recent = np.zeros((0, FRONTEND.bins), np.float32)

    def step(self, frames):
        assert frames.shape == (2, FRONTEND.bins)
        self.steps += 1
        self._recent = np.concatenate([self._recent, frames])[-10:]
        if len(self._recent) < 10:
            return None
        return BandModel.run(self, np.concatenate([np.zeros((9, FRONTEND.bins), np.float32), self._recent]))

    def reset(self):
        super().reset()
        self._recent = self._recent[:0]


@pytest.fixture
def band_model():
    return BandModel


@pytest.fixture
def band_steps():
    return BandSteps


@pytest.fixture
def tones():
    """Give 3 s of quiet noise at 8 kHz with tones: 500 Hz at 0.5-0.9 s and 2.0-2.3 s, 3 kHz at 1.2-1.6 s."""
    time = np.arange(24000) / 8000
    audio = 0.001 * np.random.default_rng(0).standard_normal(24000)
    for start, end, hz in ((0.5, 0.9, 500), (1.2, 1.6, 3000), (2.0, 2.3, 500)):
        inside = (time >= start) & (time < end)
        audio[inside] += 0.3 * np.sin(2 * np.pi * hz * time[inside])
    return audio.astype(np.float32)
