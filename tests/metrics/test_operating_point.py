"""Thresholds tried on the scores of one stream: the events are those of the spotter."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgeasr.audio.clip import Clip
from edgeasr.data.stream import SpokenWord
from edgeasr.errors import ConfigError
from edgeasr.metrics.detection import Detection, LabelDetection
from edgeasr.metrics.operating_point import (
    THRESHOLDS,
    Listened,
    OperatingPoint,
    choose_point,
    listen,
    try_thresholds,
)
from edgeasr.metrics.plot import plot_det
from edgeasr.spot import Spotter, SpotterConfig
from edgeasr.spot.spotter import make_decoder
from tests.spot.conftest import BandModel

CONFIG = SpotterConfig(hop_ms=20, smoothing_ms=60, threshold=0.7, refractory_ms=250)
WORDS = (SpokenWord(1.0, 1.5, "low"), SpokenWord(4.0, 4.5, "low"), SpokenWord(8.0, 8.5, "high"))


@pytest.fixture(scope="module")
def clip() -> Clip:
    """Give 12 s of noise with the tones of `WORDS` in falling loudness, and one more that is none."""
    time = np.arange(96000) / 8000
    audio = 0.001 * np.random.default_rng(0).standard_normal(96000)
    for start, hz, amplitude in ((1, 500, 0.5), (4, 500, 0.1), (8, 3000, 0.3), (10.5, 500, 0.2)):
        inside = (time >= start) & (time < start + 0.5)
        audio[inside] += amplitude * np.sin(2 * np.pi * hz * time[inside])
    return Clip(audio.astype(np.float32), 8000)


@pytest.fixture(scope="module")
def listened(clip: Clip) -> Listened:
    return listen(BandModel(), CONFIG, clip)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        replace(CONFIG, threshold=0.9, hysteresis=0.3),
        replace(CONFIG, thresholds={"high": 0.99}, minimum_count=4),
    ],
)
def test_events_of_the_scores_are_those_of_the_spotter(clip: Clip, listened: Listened, config: SpotterConfig) -> None:
    spotter = Spotter(BandModel(), config)
    events = spotter.feed(clip.samples) + spotter.finish()
    assert events
    assert listened.events(config) == events


@settings(deadline=None, max_examples=60)
@given(
    arrays(np.float32, st.tuples(st.integers(0, 40), st.just(3)), elements=st.sampled_from([0.0, 0.3, 0.5, 0.6, 0.9])),
    st.sampled_from([0.0, 0.3]),
    st.integers(1, 3),
    st.sampled_from([{}, {"high": 0.3}]),
)
def test_events_leave_out_no_inference_that_matters(
    scores: np.ndarray, hysteresis: float, minimum_count: int, thresholds: dict[str, float]
) -> None:
    config = SpotterConfig(20, 0, 0.5, 60, "mean", thresholds, hysteresis, minimum_count)
    decide = make_decoder(BandModel().labels, config, 8000)
    decided = [(160 * number / 8000, decide(row, 160 * number)) for number, row in enumerate(scores, start=1)]
    events = Listened(config, BandModel().labels, scores, 160, 8000, 100.0).events(config)
    expected = [(time_s, BandModel().labels[best]) for time_s, best in decided if best is not None]
    assert [(event.time_s, event.label) for event in events] == expected


def test_measure_counts_words_and_false_accepts(listened: Listened) -> None:
    found = listened.measure(CONFIG, WORDS)
    assert (found.words, found.missed) == (3, 0)
    assert found.labels["low"].false_accepts == 1
    assert found.labels["high"].false_accepts == 0


def test_thresholds_trade_false_accepts_for_misses(listened: Listened) -> None:
    points = try_thresholds(listened, WORDS)
    assert tuple(point.threshold for point in points) == THRESHOLDS
    missed = [point.detection.missed for point in points]
    assert missed == sorted(missed)
    assert missed[0] < missed[-1] == 3


def made_point(threshold: float, missed: int, false_accepts: int) -> OperatingPoint:
    return OperatingPoint(threshold, Detection({"low": LabelDetection(9, missed, 0, false_accepts)}, 3600.0, ()))


def test_chosen_threshold_has_the_rate_as_has_every_higher_one(listened: Listened) -> None:
    points = try_thresholds(listened, WORDS)
    chosen = choose_point(points, 0)
    index = points.index(chosen)
    assert all(point.detection.false_accepts == 0 for point in points[index:])
    assert choose_point(points, 1e9).detection.missed == points[0].detection.missed


def test_chosen_threshold_is_in_the_middle_of_those_that_are_as_good() -> None:
    counts = [(0, 7), (0, 1), (1, 1), (1, 1), (1, 0), (2, 0), (9, 0)]
    points = [made_point(0.1 + number / 10, *count) for number, count in enumerate(counts)]
    assert [choose_point(points, rate) for rate in (9.0, 1.0, 0.0)] == [points[1], points[1], points[4]]
    assert choose_point(points[2:], 1.0) is points[3]


def test_chosen_threshold_is_above_every_one_with_a_higher_rate() -> None:
    """A refractory time can hide false accepts of a low threshold behind each other."""
    points = [made_point(*point) for point in ((0.2, 0, 1), (0.4, 0, 3), (0.6, 1, 1), (0.8, 2, 0))]
    assert choose_point(points, 1.0) is points[2]


def test_no_threshold_is_chosen_where_none_has_the_rate(listened: Listened) -> None:
    always = replace(listened, scores=np.tile(np.array([0, 1, 0], np.float32), (len(listened.scores), 1)))
    assert choose_point(try_thresholds(always, WORDS), 1.0) is None


def test_listening_to_another_rate_is_refused(clip: Clip) -> None:
    with pytest.raises(ConfigError, match="expected audio of 8000 Hz, got 16000"):
        listen(BandModel(), CONFIG, replace(clip, sample_rate_hz=16000))


def test_plot_of_the_trade_off_is_a_picture(listened: Listened, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = try_thresholds(listened, WORDS)
    plot_det(points, points[50], tmp_path / "det.png")
    assert (tmp_path / "det.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
