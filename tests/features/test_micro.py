"""The integer front end: the bits of pymicro-features, whatever the sound and however it is cut."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.errors import ConfigError
from edgeasr.features import MICRO, Frontend, StreamingFrontend

RATE_HZ = 16000


def oracle(audio: np.ndarray) -> np.ndarray:
    """Compute the features with the C++ of pymicro-features: float32 [frames, 40]."""
    pymicro = pytest.importorskip("pymicro_features")
    frontend, sound, frames = pymicro.MicroFrontend(), to_int16(audio).astype("<i2").tobytes(), []
    while len(sound) >= 320:
        output = frontend.process_samples(sound[:320])
        sound = sound[2 * output.samples_read :]
        if output.features:
            frames.append(output.features)
    return np.array(frames, np.float32).reshape(-1, 40)


def to_int16(audio: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(audio * np.float32(32768)), -32768, 32767).astype(np.int16)


def sounds(n: int = 2 * RATE_HZ) -> dict[str, np.ndarray]:
    rng, t = np.random.default_rng(7), np.arange(n) / RATE_HZ
    turning = np.exp(1j * 2 * np.pi * np.arange(n) * 77 / 512)
    alternating = np.where(np.arange(n) % 2, np.sign(turning.imag), np.sign(turning.real))
    edges = np.clip(1 / np.maximum(np.sin(np.pi * ((np.arange(n) % 160) + 0.5) / 160), 0.02) / 50, -1, 1)
    return {
        "silence": np.zeros(n),
        "one bit": rng.integers(-1, 2, n) / 32768,
        "quiet noise": rng.integers(-30, 30, n) / 32768,
        "full scale noise": rng.uniform(-1, 1, n),
        "sine": np.sin(2 * np.pi * 440 * t),
        "clipped sine": np.clip(9 * np.sin(2 * np.pi * 1234 * t), -1, 1),
        "lowest": np.full(n, -1.0),
        "highest": np.full(n, 1.0),
        "clicks": (rng.random(n) > 0.999) * rng.uniform(-1, 1, n),
        "one lowest sample": np.where(np.arange(n) % 997, 0, -1.0),
        "fading": rng.normal(0, 1e-4, n) * np.exp(8 * np.sin(5 * t)),
        "overflows": alternating,  # parts of the FFT that leave 16 bits
        "loud edges": edges * alternating,
        "off and on": rng.uniform(-1, 1, n) * (t % 0.5 < 0.2),
    }


@pytest.mark.parametrize("name", sounds(1))
def test_micro_has_the_bits_of_pymicro_features(name: str) -> None:
    audio = sounds()[name].astype(np.float32)
    np.testing.assert_array_equal(Frontend(MICRO)(audio), oracle(audio))


def test_micro_of_speech_has_the_bits_of_pymicro_features(speech) -> None:
    audio = speech(RATE_HZ)
    features = Frontend(MICRO)(audio)
    np.testing.assert_array_equal(features, oracle(audio))
    assert features.shape == (MICRO.frames_in(len(audio)), 40)
    assert features.max() > 15  # it was speech


@settings(deadline=None, max_examples=40)
@given(
    level=st.floats(-90, 20),
    seed=st.integers(0, 9999),
    spread=st.sampled_from(["uniform", "normal", "laplace", "standard_cauchy"]),
    lines=st.lists(st.floats(0.001, 0.5), max_size=4),
)
def test_micro_of_any_sound_has_the_bits_of_pymicro_features(
    level: float, seed: int, spread: str, lines: list[float]
) -> None:
    rng, n = np.random.default_rng(seed), 6000
    noise = rng.uniform(-1, 1, n) if spread == "uniform" else getattr(rng, spread)(size=n)
    tones = sum((np.sin(2 * np.pi * line * np.arange(n)) for line in lines), np.zeros(n))
    audio = ((noise + 10 * tones) * 10 ** (level / 20)).astype(np.float32)
    np.testing.assert_array_equal(Frontend(MICRO)(audio), oracle(audio))


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, 8000), max_size=12).map(sorted), name=st.sampled_from(list(sounds(1))))
def test_micro_streams_the_same_however_the_audio_is_cut(cuts: list[int], name: str) -> None:
    audio, streaming = sounds(8000)[name].astype(np.float32), StreamingFrontend(MICRO)
    frames = np.concatenate([streaming(piece) for piece in np.split(audio, cuts)])
    np.testing.assert_array_equal(frames, Frontend(MICRO)(audio))


def test_micro_goes_on_adapting_in_a_stream_until_it_is_reset() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, RATE_HZ).astype(np.float32)
    streaming = StreamingFrontend(MICRO)
    first, second = streaming(noise).mean(), streaming(noise).mean()
    assert second < 0.8 * first  # steady noise is taken away
    streaming.reset()
    assert streaming(noise).mean() == first


def test_micro_of_a_batch_is_that_of_its_clips() -> None:
    clips = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 4000)).astype(np.float32)
    clips[1] *= 0.001
    batch = Frontend(MICRO)(clips)
    np.testing.assert_array_equal(batch, [Frontend(MICRO)(clip) for clip in clips])
    assert Frontend(MICRO)(clips[:0]).shape == (0, 23, 40)
    assert Frontend(MICRO)(clips[:, :300]).shape == (3, 0, 40)


def test_micro_of_long_audio_does_not_depend_on_its_blocks() -> None:
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, 160 * 300).astype(np.float32)
    np.testing.assert_array_equal(Frontend(MICRO)(audio), oracle(audio))


@pytest.mark.parametrize(
    "change",
    [{"fft_size": 1024}, {"mel_high_hz": 8000.0}, {"window_ms": 16.0}, {"mean": (0.0,) * 40, "std": (1.0,) * 40}],
)
def test_micro_refuses_what_it_cannot_be(change: dict) -> None:
    with pytest.raises(ConfigError, match="micro"):
        dataclasses.replace(MICRO, **change)
