"""Training a spotter: its loss, and false accepts at a rate of misses."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.config import from_mapping
from edgeasr.data.files import find_audio
from edgeasr.data.stream import SpokenWord, Stream
from edgeasr.errors import ConfigError, DataError
from edgeasr.train.config import TrainConfig
from edgeasr.train.segments import IGNORED
from edgeasr.train.spotting import false_accepts, spotting_loss
from edgeasr.train.task import load_task
from edgeasr.train.wake import WakeConfig


def _stream(words: list[tuple[float, float]]) -> Stream:
    said = tuple(SpokenWord(start_s, end_s, "robin") for start_s, end_s in words)
    return Stream(Clip(np.zeros(16000 * 100, np.float32), 16000), said)


def _scores(
    peaks: dict[float, float], ends_s: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    scores = np.zeros((len(ends_s), 2), np.float32)
    for time_s, score in peaks.items():
        scores[np.searchsorted(ends_s, time_s), 0] = score
    return scores


def test_false_accepts_are_counted_where_as_many_words_are_missed_as_may_be() -> None:
    ends_s = np.arange(0, 100, 0.03)
    stream = _stream([(10, 10.5), (20, 20.5), (30, 30.5), (40, 40.5)])
    # the word at 40 s is weak; a bang at 60 s reaches it, one at 70 s reaches all, and its echo half a second later
    scores = _scores({10.6: 0.9, 20.6: 0.8, 30.6: 0.8, 40.6: 0.3, 60: 0.4, 70: 0.95, 70.5: 0.95}, ends_s)
    background_hours = (100 - 4 * 1.5) / 3600
    none = false_accepts(scores, ends_s, stream, ("robin",), 0.0)
    one = false_accepts(scores, ends_s, stream, ("robin",), 0.25)
    assert none["dev_fa_per_hour"] == pytest.approx(2 / background_hours)
    assert one["dev_fa_per_hour"] == pytest.approx(1 / background_hours)


def test_false_accepts_of_a_better_model_have_a_lower_loss() -> None:
    ends_s = np.arange(0, 100, 0.03)
    stream = _stream([(10, 10.5), (20, 20.5)])
    losses = [
        false_accepts(_scores({10.6: peak, 20.6: 0.9, 50: 1 - peak}, ends_s), ends_s, stream, ("robin",), 0.0)[
            "dev_loss"
        ]
        for peak in (0.6, 0.8, 0.95)
    ]
    assert losses == sorted(losses, reverse=True)


def test_loss_sees_the_hardest_outputs_and_ignores_what_is_to_be_ignored() -> None:
    wanted = np.full((1, 20), 1, np.int32)
    wanted[0, 10:15] = IGNORED
    sure = np.zeros((1, 20, 2), np.float32)
    sure[..., 1] = 8.0

    def loss(logits: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
        return float(np.asarray(spotting_loss(wanted, logits))[0])

    ignored, mistaken = sure.copy(), sure.copy()
    ignored[0, 12] = (8.0, 0.0)
    mistaken[0, 3] = (8.0, 0.0)
    assert loss(ignored) == pytest.approx(loss(sure))
    assert loss(mistaken) > 1.5  # one output in five of the hardest, of 20, is wrong by 8


def test_loss_is_low_where_the_keyword_is_said_when_it_should_be() -> None:
    wanted = np.full((1, 20), 1, np.int32)
    wanted[0, 5:15] = 0
    silent, heard, short = np.zeros((3, 1, 20, 2), np.float32)
    silent[..., 1] = heard[..., 1] = short[..., 1] = 8.0
    heard[0, 8:13] = (8.0, 0.0)  # not all the while, but long enough
    short[0, 8] = (8.0, 0.0)
    silent_loss, heard_loss, short_loss = (
        float(np.asarray(spotting_loss(wanted, logits))[0]) for logits in (silent, heard, short)
    )
    assert heard_loss < 0.01
    assert silent_loss > short_loss > 4


def test_keyword_that_is_not_in_the_data_is_named(tmp_path: Path) -> None:
    for word in ("a", "b"):
        (tmp_path / word).mkdir()
        (tmp_path / word / "x.wav").touch()
    settings = {"model": "wake-cnn", "data": [f"folder:{tmp_path}"], "wake": {"keywords": ["robin"]}}
    with pytest.raises(DataError, match="keyword 'robin' is not in the data: expected one of a, b"):
        load_task(from_mapping(TrainConfig, settings, "recipe"))


def test_model_of_fixed_windows_is_refused() -> None:
    settings = {"model": "ds-cnn", "data": ["x"], "wake": {"keywords": ["robin"]}}
    with pytest.raises(ConfigError, match="spot words in streams with wake-cnn"):
        load_task(from_mapping(TrainConfig, settings, "recipe"))


@pytest.mark.parametrize(
    "settings",
    [
        {"keywords": ()},
        {"keywords": ("a", "a")},
        {"keywords": ("unknown",)},  # the label of everything else
        {"keywords": ("a",), "segments": 0},
        {"keywords": ("a",), "miss_rate": 1.0},
        {"keywords": ("a",), "equaliser_db": float("nan")},
        {"keywords": ("a",), "dev_snr_db": float("inf")},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="wake: "):
        WakeConfig(**settings)  # type: ignore[arg-type]


def test_audio_that_is_nowhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    with pytest.raises(DataError, match=r"speech\.zip: no such folder or zip"):
        find_audio("speech.zip")
