"""Audio around events on disk."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.wav import read_clip
from edgeasr.spot import Event, recorder
from edgeasr.spot.recorder import EventRecorder

RATE_HZ = 1000


def audio(seconds: float) -> np.ndarray:
    """Give samples of which each is another."""
    return (np.arange(round(seconds * RATE_HZ)) / 32768).astype(np.float32)


@pytest.mark.parametrize("size", [1, 100, 777, 10_000])
def test_recorder_writes_two_seconds_before_and_a_half_after(tmp_path: Path, size: int) -> None:
    whole, events = audio(10), [Event(0.5, "one", 0.912), Event(6.0, "two/../x", 0.8), Event(6.2, "one", 0.7)]
    record = EventRecorder(tmp_path / "new", "run", RATE_HZ)
    for start in range(0, len(whole), size):
        block = whole[start : start + size]
        due = [event for event in events if start < event.time_s * RATE_HZ <= start + len(block)]
        record.feed(block, due)
    record.finish()
    files = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in files] == [
        "run-0000000.50s-one-0.91.wav",
        "run-0000006.00s-two____x-0.80.wav",
        "run-0000006.20s-one-0.70.wav",
    ]
    for file, (start, stop) in zip(files, ((0, 1000), (4000, 6500), (4200, 6700)), strict=True):
        np.testing.assert_array_equal(read_clip(file).samples, whole[start:stop])
    assert record.files == 3


def test_recorder_writes_what_there_is_at_the_end(tmp_path: Path) -> None:
    record = EventRecorder(tmp_path, "run", RATE_HZ)
    record.feed(audio(3), [Event(2.9, "one", 0.9)])
    assert record.files == 0
    record.finish()
    (file,) = tmp_path.iterdir()
    np.testing.assert_array_equal(read_clip(file).samples, audio(3)[900:])


def test_recorder_keeps_the_last_seconds_only(tmp_path: Path) -> None:
    record = EventRecorder(tmp_path, "run", RATE_HZ)
    for _ in range(100):
        record.feed(audio(1), [])
    assert len(record._recent) == 2 * RATE_HZ


def test_recorder_stops_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_FILES", 3)
    record = EventRecorder(tmp_path, "run", RATE_HZ)
    for second in range(1, 10):
        record.feed(audio(1), [Event(float(second), "one", 0.9)])
    record.finish()
    assert record.files == len(list(tmp_path.iterdir())) == 3
