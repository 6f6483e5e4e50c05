"""Levels, clipping and the telephone line, on tones."""

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.data.disturb import amplify, telephone


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
