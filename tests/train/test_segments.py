"""Segments: what a spotter is trained with."""

from dataclasses import replace

import numpy as np
import pytest

from edgeasr.config import from_mapping
from edgeasr.data.stream import Recorded
from edgeasr.features import FrontendConfig
from edgeasr.models import model_spec
from edgeasr.train.config import TrainConfig
from edgeasr.train.segments import IGNORED, SegmentBatches, Sources, output_ends_s
from edgeasr.train.wake import WakeConfig

_RATE_HZ = 16000


@pytest.fixture
def frontend() -> FrontendConfig:
    return model_spec("wake-cnn").frontend


@pytest.fixture
def batches(frontend: FrontendConfig) -> SegmentBatches:
    rng = np.random.default_rng(0)
    said = np.zeros(2 * _RATE_HZ, np.float32)
    said[8000:16000] = np.sin(np.arange(8000)) * 2**0.5  # half a second, from 0.5 s on
    sources = Sources(
        [[[Recorded("beep", said, 8000, 16000)]]],
        [rng.standard_normal(99_999).astype(np.float16)],
        rng.standard_normal(99_999).astype(np.float32),
    )
    settings = {"model": "wake-cnn", "data": ["x"], "batch_size": 10, "wake": {"keywords": ["beep"], "segments": 25}}
    config = from_mapping(TrainConfig, settings, "test")
    return SegmentBatches(sources, frontend, 3, config, config.wake or WakeConfig(("beep",)))


def test_batches_are_cut_from_an_epoch(batches: SegmentBatches, frontend: FrontendConfig) -> None:
    shapes = [batches.get(0, index)[0].shape for index in range(len(batches))]
    frames = frontend.frames_in(3 * _RATE_HZ)
    assert shapes == [(10, frames, 40), (10, frames, 40), (5, frames, 40)]


def test_batch_depends_on_its_number_alone(batches: SegmentBatches) -> None:
    first = batches.get(5, 1)
    batches.get(0, 1), batches.get(9, 0)
    again = batches.get(5, 1)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[0], batches.get(6, 1)[0])


def test_keyword_is_wanted_for_a_third_of_a_second_and_nothing_around_it(batches: SegmentBatches) -> None:
    _, wanted = batches.get(0, 0)
    positives, negatives = wanted[:3], wanted[3:]
    assert (negatives == 1).all()
    for one in positives:
        (said,) = np.nonzero(one == 0)
        assert 11 <= len(said) <= 13
        assert (np.diff(said) == 1).all()
        around = np.concatenate([one[max(0, said[0] - 3) : said[0]], one[said[-1] + 1 :][:20]])
        assert (around == IGNORED).all()


def test_output_ends_with_the_window_that_it_sees(frontend: FrontendConfig) -> None:
    ends_s = output_ends_s(frontend, 3, 2)
    assert ends_s[0] == pytest.approx(frontend.frames * 0.01)
    assert ends_s[1] - ends_s[0] == pytest.approx(0.03)


def test_keyword_alone_is_enough_to_train_with(frontend: FrontendConfig) -> None:
    said = Recorded("beep", np.ones(_RATE_HZ, np.float32), 0, 8000)
    sources = Sources([[[said]]], [], np.ones(99_999, np.float32))
    settings = {"model": "wake-cnn", "data": ["x"], "batch_size": 10, "wake": {"keywords": ["beep"], "segments": 10}}
    config = from_mapping(TrainConfig, settings, "test")
    features, wanted = SegmentBatches(sources, frontend, 3, config, WakeConfig(("beep",), segments=10)).get(0, 0)
    assert np.isfinite(features).all()
    assert (wanted == 0).any()


def test_segment_is_longer_than_a_long_window(frontend: FrontendConfig) -> None:
    said = Recorded("beep", np.ones(_RATE_HZ, np.float32), 0, 8000)
    sources = Sources([[[said]]], [], np.ones(99_999, np.float32))
    settings = {"model": "wake-cnn", "data": ["x"], "wake": {"keywords": ["beep"], "segments": 10}}
    config = from_mapping(TrainConfig, settings, "test")
    long = replace(frontend, clip_ms=3000.0)
    _, wanted = SegmentBatches(sources, long, 3, config, WakeConfig(("beep",), segments=10)).get(0, 0)
    assert (wanted == 0).any()
