"""A wake word from its first sound to pymicro-wakeword: spoken, trained, exported for ESPHome, heard there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeasr.audio.resample import resample
from edgeasr.bundle import Bundle, Manifest, Samples
from edgeasr.features import MICRO, Frontend
from edgeasr.microwakeword import refusals
from edgeasr_export import export_bundle
from tests.export.variants.test_esphome import hear, hear_elsewhere

WORD, FRAMES = "computer", 75
OTHERS = ("commuter", "hello robin", "pewter", "compare", "tomorrow", "seven", "commander", "a cup of coffee")
VOICES = [f"{accent}+{variant}" for accent in ("en-us", "en-gb-x-rp") for variant in ("m1", "m3", "f2", "f3", "f4")]
HELD_OUT = ("en-us+m4", "en-gb-x-rp+m2")
FRONTEND = replace(MICRO, clip_ms=MICRO.window_ms + (FRAMES - 1) * MICRO.hop_ms)


def speak(text: str, voice: str, rng: np.random.Generator) -> np.ndarray:
    from edgeasr.data.synthetic import say

    speech = resample(say(text, voice, int(rng.integers(150, 190)), int(rng.integers(35, 65))), 16000).samples
    return np.asarray(rng.uniform(0.1, 0.9) * speech / np.abs(speech).max(), np.float32)


def windows(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give windows that end just after the word, and windows of all else: features, and 0 for the word."""
    frontend, features, targets = Frontend(FRONTEND), [], []
    for voice in VOICES:
        for text in (WORD, WORD, WORD, *OTHERS):
            spoken = speak(text, voice, rng)
            sound = np.concatenate([np.zeros(16000, np.float32), spoken, np.zeros(12000, np.float32)])
            sound += rng.normal(0, 10 ** rng.uniform(-4, -2), len(sound)).astype(np.float32)
            frames = frontend(sound)
            end = (16000 + len(spoken)) // 160
            lasts = end + rng.integers(0, 12, 4) if text == WORD else rng.integers(FRAMES, len(frames), 4)
            early = rng.integers(FRAMES, end - 35, 2) if text == WORD else []
            for last, wanted in [*((one, int(text != WORD)) for one in lasts), *((one, 1) for one in early)]:
                features.append(frames[last - FRAMES : last])
                targets.append(wanted)
    return np.stack(features), np.array(targets, np.int64)


def train(features: np.ndarray, targets: np.ndarray) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    stack: list[Any] = [keras.Input(FRONTEND.shape)]
    for kernel, stride in ((5, 3), (5, 1), (5, 1)):
        stack.append(layers.Conv1D(24, kernel, strides=stride, use_bias=False))
        stack += [layers.BatchNormalization(momentum=0.9), layers.ReLU()]
    model = keras.Sequential([*stack, layers.Dropout(0.3), layers.Flatten(), layers.Dense(2)], name="word")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(features, targets, batch_size=32, epochs=12, verbose=0)
    return model


@pytest.mark.slow
def test_a_trained_word_is_heard_in_pymicro_wakeword(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    pytest.importorskip("pymicro_wakeword")
    rng = np.random.default_rng(0)
    features, targets = windows(rng)
    spotting = {"config": {"hop_ms": 30.0, "smoothing_ms": 120.0, "threshold": 0.8}}
    manifest = Manifest(model="word", labels=(WORD, "unknown"), frontend=FRONTEND, output="logits", spotting=spotting)
    chosen = rng.permutation(len(features))
    samples = Samples(features[chosen[:150]], features[chosen[150:250]], targets[chosen[150:250]])
    bundle = Bundle.create(tmp_path / "bundle", manifest, train(features, targets), samples)
    export_bundle(bundle, formats=["esphome"])
    path = tmp_path / "bundle" / "word.stream.int8.esphome.json"
    assert refusals(path) == []
    assert Bundle.open(bundle.path).manifest.artefacts[0].verification["agreement"] > 0.95

    parts, expected = [np.zeros(24000, np.float32)], []
    for voice in HELD_OUT:
        for text in (WORD, OTHERS[1], WORD, OTHERS[5]):
            parts += [speak(text, voice, rng), np.zeros(24000, np.float32)]
            if text == WORD:
                expected.append(sum(map(len, parts[:-1])) / 16000)  # its end
    sound = np.concatenate(parts)
    sound += rng.normal(0, 1e-3, len(sound)).astype(np.float32)
    ours, theirs = hear(path, sound), hear_elsewhere(path, sound)
    for heard in (ours, theirs):
        assert len(heard) == len(expected)
        np.testing.assert_allclose(heard, expected, atol=0.5)
