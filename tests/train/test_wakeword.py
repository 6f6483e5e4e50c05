"""How the spotter of a wake word that nobody recorded comes to listen."""

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.data.stream import SpokenWord, Stream
from edgeasr.metrics.operating_point import THRESHOLDS
from edgeasr.train.wakeword import LISTENING, choose
from tests.spot.conftest import BandModel


class Always(BandModel):
    """Hear a low tone in everything."""

    def run(self, features):
        return np.array([0, 1, 0], np.float32)


@pytest.fixture
def stream() -> Stream:
    """Give half a minute of a high tone with half a second of a low one in it, which is the word."""
    time = np.arange(30 * 8000) / 8000
    low = (time >= 10) & (time < 10.5)
    samples = 0.3 * np.sin(2 * np.pi * np.where(low, 500, 3000) * time)
    return Stream(Clip(samples.astype(np.float32), 8000), (SpokenWord(10.0, 10.5, "low"),))


def test_threshold_is_chosen_for_the_rate_asked_for(stream: Stream) -> None:
    lines: list[str] = []
    words = BandModel(("_silence_", "low", "_high_"))
    assert choose(words, stream, 0.5, report=lines.append).threshold in THRESHOLDS
    assert lines == []


def test_threshold_that_no_rate_allows_is_the_highest_and_told(stream: Stream) -> None:
    lines: list[str] = []
    spotter = choose(Always(), stream, 0.5, report=lines.append)
    assert (spotter.threshold, spotter.hop_ms) == (THRESHOLDS[-1], LISTENING.hop_ms)
    (line,) = lines
    assert line.startswith("no threshold has 0.5 false accepts an hour or fewer: the highest has ")
