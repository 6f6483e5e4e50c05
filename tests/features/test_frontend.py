"""The NumPy front end: the reference's numbers, any cut of a stream, any layout of the audio."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.features import Frontend, FrontendConfig, StreamingFrontend
from edgeasr.features.frontend import dct_matrix, mel_matrix
from edgeasr.features.reference import reference_features

# Largest difference from librosa: the last bit of the largest float32 values that there are (logarithms to 14, MFCC to
# 90, magnitudes to 25). Both compute in double precision and round once; what was measured is 0, or 2e-12 near zero.
MAX_DIFFERENCE = {"log-mel": 1e-6, "mfcc": 8e-6, "spectrogram": 2e-6, "log-spectrogram": 1e-6}

CONFIGS = {
    "keywords": FrontendConfig(),
    "long window": FrontendConfig(window_ms=32, hop_ms=16, mel_bins=64),
    "window fills half": FrontendConfig(window_ms=25, hop_ms=10, fft_size=1024, mel_low_hz=0, mel_high_hz=8000),
    "odd window": FrontendConfig(window_ms=20.0625, hop_ms=6.9375, coefficients=40),
    "telephone": FrontendConfig(sample_rate_hz=8000, window_ms=25, hop_ms=10, fft_size=256, mel_bins=20),
}
SMALL = FrontendConfig(
    sample_rate_hz=8000, clip_ms=100, window_ms=12, hop_ms=5, fft_size=128, mel_bins=12, mel_low_hz=200
)
KINDS = tuple(MAX_DIFFERENCE)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.8, 0.8, shape).astype(np.float32)


def stream(config: FrontendConfig, audio: np.ndarray, cuts: list[int]) -> np.ndarray:
    """Feed `audio` in pieces that end at `cuts`; give all frames."""
    streaming = StreamingFrontend(config)
    return np.concatenate([streaming(piece) for piece in np.split(audio, cuts)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CONFIGS)
def test_frontend_gives_the_numbers_of_the_reference(kind: str, name: str, speech) -> None:
    config = dataclasses.replace(CONFIGS[name], kind=kind)
    audio = speech(config.sample_rate_hz)
    features, reference = Frontend(config)(audio), reference_features(audio, config)
    assert features.shape == reference.shape == (config.frames_in(len(audio)), config.bins)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, reference, rtol=0, atol=MAX_DIFFERENCE[kind])
    assert features.std() > 0.1  # it was speech, not silence


@pytest.mark.parametrize("kind", KINDS)
def test_frontend_gives_the_numbers_of_the_reference_with_normalisation(kind: str, speech) -> None:
    config = FrontendConfig(kind=kind)
    mean, std = np.linspace(-9, 2, config.bins), np.linspace(0.5, 4, config.bins)
    config = dataclasses.replace(config, mean=tuple(mean), std=tuple(std))
    audio = speech(16000)
    difference = np.abs(Frontend(config)(audio) - reference_features(audio, config)).max()
    assert difference <= 2 * MAX_DIFFERENCE[kind]  # the least std is 0.5


def test_frontend_normalises_each_bin(speech) -> None:
    audio = speech(16000)
    plain = Frontend(FrontendConfig())(audio).astype(np.float64)
    mean, std = plain.mean(axis=0), plain.std(axis=0)
    normalised = Frontend(FrontendConfig(mean=tuple(mean), std=tuple(std)))(audio)
    np.testing.assert_allclose(normalised, (plain - mean) / std, atol=1e-5)
    np.testing.assert_allclose(normalised.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(normalised.std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_the_floor(kind: str) -> None:
    config = FrontendConfig(kind=kind, log_floor=1e-5, coefficients=3)
    features = Frontend(config)(np.zeros(16000, np.float32))
    floor = np.log(1e-5)
    expected = {"spectrogram": 0.0, "mfcc": np.array([floor * np.sqrt(40), 0, 0])}.get(kind, floor)
    np.testing.assert_allclose(features, np.broadcast_to(expected, features.shape), atol=1e-5)


def test_a_tone_is_in_its_band() -> None:
    config = FrontendConfig(kind="spectrogram")
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    features = Frontend(config)(tone)
    assert set(features.argmax(axis=1)) == {32}  # 1000 Hz of bins 31.25 Hz wide
    # a Hann window sums to half its length, and a real tone shares it between two frequencies
    np.testing.assert_allclose(features[:, 32], 0.5 * 240 / 2, rtol=0.01)


def test_frontend_without_any_bin_in_its_filters_gives_the_floor() -> None:
    config = FrontendConfig(mel_bins=2, mel_low_hz=40, mel_high_hz=50)  # between two bins of the FFT
    np.testing.assert_allclose(Frontend(config)(noise(16000)), np.log(config.log_floor), rtol=1e-6)


@pytest.mark.parametrize("samples", [0, 1, 95])
def test_audio_shorter_than_a_window_has_no_frames(samples: int) -> None:
    assert Frontend(SMALL)(noise(samples)).shape == (0, 12)
    assert Frontend(SMALL)(noise(4, samples)).shape == (4, 0, 12)


def test_audio_of_one_window_has_one_frame() -> None:
    assert Frontend(SMALL)(noise(96)).shape == (1, 12)


def test_no_clips_have_no_features() -> None:
    assert Frontend(SMALL)(noise(0, 800)).shape == (0, 18, 12)


@pytest.mark.parametrize("kind", KINDS)
def test_batch_is_its_clips_one_by_one(kind: str) -> None:
    config = dataclasses.replace(SMALL, kind=kind)
    frontend, clips = Frontend(config), noise(5, 800)
    batch = frontend(clips)
    assert batch.shape == (5, *config.shape)
    np.testing.assert_allclose(batch, [frontend(clip) for clip in clips], rtol=0, atol=2e-6)


LAYOUTS = {
    "every second sample": lambda audio: np.repeat(audio, 2)[::2],
    "backwards twice": lambda audio: audio[::-1].copy()[::-1],
    "one channel of two": lambda audio: np.stack([audio, -audio], axis=1)[:, 0],
    "part of a longer one": lambda audio: np.pad(audio, 3)[3:-3],
    "read only": lambda audio: np.frombuffer(audio.tobytes(), np.float32),
    "not aligned": lambda audio: np.frombuffer(b"\0" + audio.tobytes(), np.float32, offset=1),
    "double": lambda audio: audio.astype(np.float64),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_the_audio_does_not_matter(layout: str) -> None:
    audio = noise(800)
    same = LAYOUTS[layout](audio)
    np.testing.assert_array_equal(Frontend(SMALL)(same), Frontend(SMALL)(audio))
    np.testing.assert_array_equal(StreamingFrontend(SMALL)(same), StreamingFrontend(SMALL)(audio))


@pytest.mark.parametrize("view", [np.s_[:, ::2], np.s_[::-1, ::-1], np.s_[1:3, 7:], np.s_[::2, ::3]])
def test_batches_may_be_views(view: tuple[slice, slice]) -> None:
    clips = noise(4, 1600)
    np.testing.assert_array_equal(Frontend(SMALL)(clips[view]), Frontend(SMALL)(clips[view].copy()))
    np.testing.assert_array_equal(Frontend(SMALL)(clips.T.copy().T[view]), Frontend(SMALL)(clips[view].copy()))


def test_the_same_clip_repeated_without_a_copy_is_a_batch() -> None:
    clips = np.broadcast_to(noise(800), (3, 800))
    np.testing.assert_array_equal(Frontend(SMALL)(clips), Frontend(SMALL)(clips.copy()))


def test_frontend_leaves_the_audio_as_it_was() -> None:
    audio = noise(800)
    before = audio.copy()
    Frontend(SMALL)(audio)
    StreamingFrontend(SMALL)(audio)[:] = 0
    np.testing.assert_array_equal(audio, before)


# However it is cut, the frames are the same bit for bit. From the whole clip they differ by the last bit of a float32
# at most, because NumPy multiplies one row by the mel matrix in another order than many.
@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 99), samples=st.integers(0, 1500), data=st.data())
def test_streaming_is_the_same_however_the_audio_is_cut(
    kind: str, seed: int, samples: int, data: st.DataObject
) -> None:
    config = dataclasses.replace(SMALL, kind=kind)
    audio = noise(samples, seed=seed)
    cuts = sorted(data.draw(st.lists(st.integers(0, samples), max_size=30)))  # a cut twice is a chunk of 0 samples
    frames = stream(config, audio, cuts)
    np.testing.assert_array_equal(frames, stream(config, audio, []))
    np.testing.assert_allclose(frames, Frontend(config)(audio), rtol=3e-7, atol=1e-6)


@pytest.mark.parametrize("size", [1, 39, 40, 41, 95, 96, 97, 800])
def test_streaming_in_chunks_of_one_size_is_the_whole(size: int) -> None:
    audio = noise(800)
    frames = stream(SMALL, audio, list(range(size, 800, size)))
    np.testing.assert_allclose(frames, Frontend(SMALL)(audio), rtol=3e-7, atol=1e-6)


def test_streaming_of_speech_is_the_reference(speech) -> None:
    config = FrontendConfig(kind="mfcc")
    audio = speech(16000)
    frames = stream(config, audio, list(range(160, len(audio), 160)))
    np.testing.assert_allclose(frames, reference_features(audio, config), rtol=0, atol=MAX_DIFFERENCE["mfcc"])


def test_streaming_gives_a_frame_as_soon_as_its_last_sample_came() -> None:
    streaming = StreamingFrontend(SMALL)
    audio = noise(200)
    given = [len(streaming(audio[index : index + 1])) for index in range(200)]
    assert np.flatnonzero(given).tolist() == [95, 135, 175]  # a window of 96, then every 40
    assert streaming(audio[:0]).shape == (0, 12)


def test_streaming_keeps_less_than_a_window() -> None:
    streaming = StreamingFrontend(SMALL)
    for _ in range(50):
        streaming(noise(1000))
        assert len(streaming._pending) < SMALL.window_samples
        assert streaming._pending.base is None  # a view would keep the whole chunk


def test_reset_forgets_all_audio() -> None:
    streaming = StreamingFrontend(SMALL)
    streaming(noise(333, seed=1))
    streaming.reset()
    np.testing.assert_array_equal(streaming(noise(800)), StreamingFrontend(SMALL)(noise(800)))


def test_streaming_does_not_keep_the_buffer_it_was_given() -> None:
    streaming, buffer = StreamingFrontend(SMALL), noise(50)
    streaming(buffer)
    buffer[:] = 9  # as a microphone's next block
    audio = np.concatenate([noise(50), noise(70, seed=1)])
    np.testing.assert_array_equal(streaming(audio[50:]), StreamingFrontend(SMALL)(audio))


def test_mel_filters_are_triangles_of_height_one_in_order() -> None:
    config = FrontendConfig(fft_size=4096, mel_bins=20)
    filters = mel_matrix(config)
    hz = np.arange(2049) * 16000 / 4096
    peaks = hz[filters.argmax(axis=0)]
    assert filters.shape == (2049, 20)
    assert (np.diff(peaks) > 0).all()
    assert filters.min() == 0
    assert ((filters.max(axis=0) > 0.95) & (filters.max(axis=0) <= 1)).all()
    assert not filters[(hz <= 20) | (hz >= 4000)].any()
    inside = (hz > peaks[0]) & (hz < peaks[-1])
    np.testing.assert_allclose(filters[inside].sum(axis=1), 1, atol=0.01)  # neighbours overlap to one


def test_dct_is_orthonormal() -> None:
    matrix = dct_matrix(40, 40)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(40), atol=1e-12)
    np.testing.assert_array_equal(dct_matrix(40, 10), matrix[:, :10])
    np.testing.assert_allclose(np.ones(40) @ dct_matrix(40, 3), [np.sqrt(40), 0, 0], atol=1e-12)
