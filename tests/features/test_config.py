"""The one specification of the front end: its arithmetic, and what it refuses."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.config import from_mapping, to_mapping
from edgeasr.errors import ConfigError
from edgeasr.features import FrontendConfig


def test_defaults_are_those_of_the_keyword_benchmark() -> None:
    config = FrontendConfig(kind="mfcc")
    assert (config.window_samples, config.hop_samples, config.clip_samples) == (480, 320, 16000)
    assert config.shape == (49, 10)


@pytest.mark.parametrize(
    ("kind", "bins"), [("log-mel", 40), ("mfcc", 10), ("spectrogram", 257), ("log-spectrogram", 257)]
)
def test_bins_follow_the_kind(kind: str, bins: int) -> None:
    config = FrontendConfig(kind=kind)
    assert config.bins == bins
    assert config.shape == (49, bins)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 0), (479, 0), (480, 1), (799, 1), (800, 2), (16000, 49)])
def test_frames_in_counts_whole_frames(samples: int, frames: int) -> None:
    assert FrontendConfig().frames_in(samples) == frames


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 5000), st.integers(1, 512), st.data())
def test_frames_in_is_how_often_the_window_fits(samples: int, window: int, data: st.DataObject) -> None:
    hop = data.draw(st.integers(1, window))
    config = FrontendConfig(sample_rate_hz=1000, mel_high_hz=500, window_ms=window, hop_ms=hop, clip_ms=9999)
    assert config.frames_in(samples) == len(range(0, samples - window + 1, hop))


def test_milliseconds_become_the_nearest_sample() -> None:
    config = FrontendConfig(sample_rate_hz=11025, window_ms=25, hop_ms=10)
    assert (config.window_samples, config.hop_samples) == (276, 110)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"kind": "plp"}, "kind must be one of log-mel, mfcc, spectrogram, log-spectrogram, micro, samples, got 'plp'"),
        ({"sample_rate_hz": 0}, "sample_rate_hz must be positive, got 0"),
        ({"sample_rate_hz": -8000}, "sample_rate_hz must be positive, got -8000"),
        ({"hop_ms": 0.0}, "hop_ms must give 1 to 480 samples, the window, got 0"),
        ({"hop_ms": 0.01}, "hop_ms must give 1 to 480 samples, the window, got 0"),
        ({"hop_ms": 31.0}, "hop_ms must give 1 to 480 samples, the window, got 496"),
        ({"window_ms": 33.0}, "window_ms must give 1 to fft_size = 512 samples, got 528"),
        ({"window_ms": -30.0}, "window_ms must give 1 to fft_size = 512 samples, got -480"),
        ({"fft_size": 256}, "window_ms must give 1 to fft_size = 256 samples, got 480"),
        ({"clip_ms": 29.0}, "clip_ms must be at least window_ms, got 29.0 < 30.0"),
        ({"mel_high_hz": 8001.0}, "mel range must lie in 0 to 8000.0 Hz, got 20.0 to 8001.0"),
        ({"mel_low_hz": -1.0}, "mel range must lie in 0 to 8000.0 Hz, got -1.0 to 4000.0"),
        ({"mel_low_hz": 4000.0}, "mel range must lie in 0 to 8000.0 Hz, got 4000.0 to 4000.0"),
        ({"sample_rate_hz": 4000}, "mel range must lie in 0 to 2000.0 Hz, got 20.0 to 4000.0"),
        ({"mel_bins": 0}, "mel_bins must be positive, got 0"),
        ({"kind": "mfcc", "coefficients": 41}, "coefficients must lie in 1 to mel_bins = 40, got 41"),
        ({"kind": "mfcc", "coefficients": 0}, "coefficients must lie in 1 to mel_bins = 40, got 0"),
        ({"log_floor": 0.0}, "log_floor must be positive, got 0.0"),
        ({"mean": (0.0,) * 40}, "mean and std must hold 40 values each or none, got 40 and 0"),
        ({"mean": (0.0,), "std": (1.0,)}, "mean and std must hold 40 values each or none, got 1 and 1"),
        ({"mean": (0.0,) * 40, "std": (1.0,) * 39 + (0.0,)}, "std must be positive in every bin"),
        ({"mean": (math.nan,) * 40, "std": (1.0,) * 40}, "mean must be finite, got nan"),
        ({"hop_ms": math.nan}, "hop_ms must be finite, got nan"),
        ({"clip_ms": math.inf}, "clip_ms must be finite, got inf"),
    ],
)
def test_config_says_what_it_cannot_be(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FrontendConfig(**values)
    assert str(caught.value) == f"front end: {complaint}"
    with pytest.raises(ConfigError, match=r"^recipe\.toml: frontend"):
        from_mapping(Outer, {"frontend": to_mapping_of(values)}, "recipe.toml")


@dataclasses.dataclass(frozen=True)
class Outer:
    frontend: FrontendConfig


def to_mapping_of(values: dict[str, object]) -> dict[str, object]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def test_config_survives_a_mapping() -> None:
    config = FrontendConfig(kind="mfcc", hop_ms=12.5, mean=(0.1,) * 10, std=(2.0,) * 10)
    assert from_mapping(FrontendConfig, to_mapping(config), "here") == config
