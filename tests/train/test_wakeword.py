"""A wake word from its phrase: with which settings it is trained, how it comes to listen, what its card says."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.builtin import BUILTIN
from edgeasr.bundle import Bundle
from edgeasr.data.stream import SpokenWord, Stream
from edgeasr.errors import DataError
from edgeasr.metrics.detection import Detection, LabelDetection
from edgeasr.metrics.operating_point import THRESHOLDS
from edgeasr.train.config import TrainConfig
from edgeasr.train.wake import LISTENING, WakeConfig
from edgeasr.train.wakeword import choose, model_card, wakeword_config
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


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder in which each split says "hey robin" and "no", and no other data."""
    monkeypatch.delenv("EDGEASR_DATA", raising=False)
    for split in ("train", "dev", "test"):
        for label in ("hey robin", "no"):
            write_wav(tmp_path / split / label / "a.wav", Clip(np.full(800, 0.1, np.float32), 16000))
    return tmp_path


def test_recordings_come_before_synthetic_voices_and_are_varied_less(recorded: Path) -> None:
    alone, both = (wakeword_config("Hey, Robin!", data, "", 1, 0) for data in ((), (f"folder:{recorded}",)))
    assert alone.data == ("phrase:hey robin",)
    assert both.data == (f"folder:{recorded}", "phrase:hey robin")
    assert both.augment.vocal_tract < alone.augment.vocal_tract
    assert alone.wake is not None
    assert both.wake is not None
    assert both.wake.reverberation < alone.wake.reverberation
    assert both.wake.equaliser_db < alone.wake.equaliser_db


def test_other_words_of_a_data_set_that_is_named_are_not_taken_twice(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEASR_DATA", str(recorded))
    for archive in ("speech_commands.zip", "coffee_orders.zip"):
        (recorded / archive).touch()
    assert wakeword_config("hey robin", (), "", 1, 0).data[1:] == ("speech-commands-words", "coffee-orders")
    rows = "".join(f"{split}/no/a.wav,yes,{split},{split}\n" for split in ("train", "dev", "test"))
    (recorded / "manifest.csv").write_text(f"path,label12,speaker,split\n{rows}")
    recordings = f"speech-commands:{recorded}"
    assert wakeword_config("yes", (recordings,), "", 1, 0).data == (recordings, "phrase:yes", "coffee-orders")


@pytest.mark.parametrize(
    ("phrase", "data", "complaint"),
    [
        ("robin", "phrase:robin", "phrase:robin: expected recordings, got synthetic voices, which train anyway"),
        ("robin", "folder:{}", "expected recordings of 'robin', got hey robin, no: name another data set"),
        (
            "hey robin",
            "folder:{}/train",
            "folder: nobody says 'hey robin' in the split '(train|dev|test)': add speakers",
        ),
    ],
)
def test_data_without_the_phrase_is_refused(recorded: Path, phrase: str, data: str, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        wakeword_config(phrase, (data.format(recorded),), "", 1, 0)


@pytest.mark.parametrize("data", [(), ("wake-words",)])
def test_card_says_who_trained_and_who_judged(data: tuple[str, ...], tmp_path: Path) -> None:
    bundle, artefact = Bundle.open(BUILTIN), tmp_path / "wake-cnn.int8.tflite"
    artefact.write_bytes(bytes(51_200))
    phrase = bundle.manifest.labels[0]
    wake = WakeConfig((phrase,), speech=("read_speech.zip",), positives="mine")
    config = TrainConfig("wake-cnn", (*data, f"phrase:{phrase}", "coffee-orders"), wake=wake)
    found = Detection({phrase: LabelDetection(20, 3, 0, 1)}, 3600.0, (0.1, 0.2))
    card = model_card(bundle, artefact, config, LISTENING, found)
    assert f"recordings of the word: {', '.join([*data, 'mine'])}\n" in card
    assert "stay quiet on: read_speech.zip, coffee-orders; recorded noise: none\n" in card
    assert ("are recordings of people" in card) == bool(data)
    assert ("spoken by synthetic voices" in card) != bool(data)
    assert "- missed 3 of 20 words: 15.0%" in card
    assert "51.2 kB" in card
