"""Sample rate conversion: pitch and length kept, streams like whole clips, no needless import."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.audio.clip import Clip
from edgeasr.audio.resample import StreamingResampler, resample

NOISE = np.random.default_rng(0).standard_normal(12000).astype(np.float32) * 0.1


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_resample_keeps_the_tone(rate_hz: int) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate_hz) / rate_hz).astype(np.float32)
    clip = resample(Clip(tone, rate_hz), 16000)
    expected = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    assert clip.sample_rate_hz == 16000
    assert clip.samples.dtype == np.float32
    assert len(clip.samples) == 16000
    assert np.abs(clip.samples - expected)[1000:-1000].max() < 1e-3


def test_resample_removes_what_the_new_rate_cannot_hold() -> None:
    tone = np.sin(2 * np.pi * 6000 * np.arange(16000) / 16000).astype(np.float32)
    assert np.abs(resample(Clip(tone, 16000), 8000).samples[1000:-1000]).max() < 1e-3


def test_resample_to_the_same_rate_is_the_clip_itself() -> None:
    clip = Clip(NOISE, 16000)
    assert resample(clip, 16000) is clip


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3000), st.sampled_from([8000, 22050, 44100]))
def test_resample_keeps_the_duration(samples: int, rate_hz: int) -> None:
    clip = resample(Clip(NOISE[:samples], rate_hz), 16000)
    assert abs(len(clip.samples) - samples * 16000 / rate_hz) <= 1
    assert np.isfinite(clip.samples).all()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 12000), max_size=6), st.sampled_from([8000, 22050, 44100]))
def test_streaming_resampler_equals_the_whole_clip_however_it_is_cut(cuts: list[int], rate_hz: int) -> None:
    whole = resample(Clip(NOISE, rate_hz), 16000).samples
    stream = StreamingResampler(rate_hz, 16000)
    for _ in range(2):  # flush leaves it ready for another stream
        parts = [stream(part) for part in np.split(NOISE, sorted(cuts))]
        np.testing.assert_allclose(np.concatenate([*parts, stream.flush()]), whole, atol=1e-6)


def test_streaming_resampler_forgets_on_reset() -> None:
    stream, fresh = StreamingResampler(44100, 16000), StreamingResampler(44100, 16000)
    stream(NOISE[::-1].copy())
    stream.reset()
    np.testing.assert_array_equal(stream(NOISE), fresh(NOISE))


def test_equal_rates_import_no_package() -> None:
    code = (
        "import sys, numpy as np; from edgeasr.audio.resample import StreamingResampler\n"
        "stream = StreamingResampler(16000, 16000); x = np.ones(5, np.float32)\n"
        "assert stream(x) is x and len(stream.flush()) == 0 and 'soxr' not in sys.modules; stream.reset()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
