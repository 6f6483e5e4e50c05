"""Levels, clipping, the telephone line, rooms and speeds, on tones."""

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.data.disturb import amplify, reverberate, speed_up, telephone
from edgeasr.data.stream import SpokenWord, Stream


def tone(hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(40_000) / 16000).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.square(samples, dtype=np.float64).mean()))


def test_amplify_changes_the_level_and_clips_at_full_scale() -> None:
    clip = Clip(np.float32(0.2) * tone(500), 16000)
    assert level_db(amplify(clip, -12).samples) == pytest.approx(level_db(clip.samples) - 12, abs=0.01)
    loud = amplify(clip, 30).samples
    assert (loud.min(), loud.max()) == (-1, np.float32(32767 / 32768))
    assert np.mean(np.abs(loud) > 0.99) > 0.8


@pytest.mark.parametrize(("hz", "passes"), [(100, False), (1000, True), (3000, True), (3900, False), (6000, False)])
def test_telephone_passes_its_band_without_delay(hz: float, passes: bool) -> None:
    pytest.importorskip("soxr")
    samples = tone(hz)
    heard = telephone(Clip(samples, 16000)).samples
    assert len(heard) == len(samples)
    middle = slice(4000, 36000)
    if passes:
        assert np.abs(heard[middle] - samples[middle]).max() < 0.02
    else:
        assert level_db(heard[middle]) < level_db(samples) - 35


def test_room_answers_a_click_with_echoes_that_decay_in_time() -> None:
    click = np.zeros(40_000, np.float32)
    click[10_000] = 0.5
    heard = reverberate(Clip(click, 16000), decay_s=0.5).samples
    assert np.abs(heard[:10_000]).max() < 1e-6
    assert np.abs(heard[10_001:10_160]).max() < 1e-6  # 10 ms until the first echo
    assert np.square(heard[10_001:]).sum() == pytest.approx(heard[10_000] ** 2, rel=1e-3)
    assert np.square(heard).sum() == pytest.approx(0.25, rel=1e-3)
    early, late = heard[10_400:11_200], heard[14_400:15_200]  # 250 ms apart, half of the decay
    assert level_db(early) - level_db(late) == pytest.approx(30, abs=2)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_speed_moves_pitch_and_words(factor: float) -> None:
    pytest.importorskip("soxr")
    stream = Stream(Clip(tone(1000), 16000), (SpokenWord(0.5, 1.0, "one"), SpokenWord(1.5, 2.5, "two")))
    fast = speed_up(stream, factor)
    assert fast.clip.sample_rate_hz == 16000
    assert fast.clip.duration_s == pytest.approx(2.5 / factor, abs=1e-3)
    assert np.abs(np.fft.rfft(fast.clip.samples[:16000])).argmax() == 1000 * factor
    assert fast.words[1] == SpokenWord(pytest.approx(1.5 / factor), pytest.approx(2.5 / factor), "two")
