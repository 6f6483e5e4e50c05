"""Streams made of clips: where the words are, at which level, and the truth on disk."""

from pathlib import Path

import numpy as np
import pytest

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.data.dataset import Example
from edgeasr.data.stream import SpokenWord, build_stream, read_stream, record_words, write_stream
from edgeasr.errors import DataError

RATE_HZ = 8000
RNG = np.random.default_rng(0)


def tone(hz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ).astype(np.float32)


def example(label: str | None, amplitude: float = 0.1) -> Example:
    """Give a clip of a second in which the word, a tone, lasts from 0.2 to 0.6 s."""
    samples = 1e-4 * RNG.standard_normal(RATE_HZ).astype(np.float32)
    samples[1600:4800] += np.float32(amplitude) * tone(1000, 0.4)
    return Example(f"{label}.wav", label, "", "test", lambda: Clip(samples, RATE_HZ))


def noise(seconds: float) -> np.ndarray:
    return RNG.standard_normal(round(seconds * RATE_HZ)).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.square(samples, dtype=np.float64).mean()))


@pytest.fixture(scope="module")
def words() -> list:
    return record_words([example("one"), example("two", 0.9), example("other"), example("one", 0.01)], RATE_HZ)


def test_record_words_finds_the_word_and_brings_all_to_one_level(words: list) -> None:
    for word in words:
        assert (word.start, word.end) == (1600, 4800)
        assert level_db(word.samples[1600:4800]) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("snr_db", [15.0, 40.0])
def test_record_words_is_not_misled_by_clicks_rumble_and_breath(snr_db: float) -> None:
    samples = noise(3) * np.float32(0.2 * 10 ** (-snr_db / 20))
    samples += np.float32(0.3) * tone(50, 3)
    samples[800:840] = 0.9  # a click, louder than all else
    samples[9600:12800] += np.float32(0.3) * tone(1000, 0.4)
    samples[13600:16800] += np.float32(0.3) * tone(700, 0.4)  # after 0.1 s, as a stop consonant makes it
    samples[20000:21000] += np.float32(0.04) * noise(0.125)
    (word,) = record_words([Example("w", "one", "", "test", lambda: Clip(samples, RATE_HZ))], RATE_HZ)
    assert word.start == pytest.approx(9600, abs=480)
    assert word.end == pytest.approx(16800, abs=480)


def test_record_words_leaves_silent_clips_out_and_refuses_features() -> None:
    silent = Example("s.wav", "one", "", "test", lambda: Clip(np.zeros(800, np.float32), RATE_HZ))
    assert record_words([silent], RATE_HZ) == []
    features = Example("f.bin", "one", "", "test", lambda: np.zeros((4, 4), np.float32))
    with pytest.raises(DataError, match="f.bin has features and no sound"):
        record_words([features], RATE_HZ)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_stream_has_each_keyword_where_it_says_at_the_ratio_asked_for(words: list, snr_db: float) -> None:
    stream = build_stream(words, ("one", "two"), RATE_HZ, noise(3), noise(0), snr_db)
    assert sorted(word.label for word in stream.words) == ["one", "one", "two"]
    samples = stream.clip.samples
    assert level_db(samples[: round(1.5 * RATE_HZ)]) == pytest.approx(-26 - snr_db, abs=0.5)
    for word in stream.words:
        assert word.end_s - word.start_s == pytest.approx(0.4)
        spoken = samples[round(word.start_s * RATE_HZ) : round(word.end_s * RATE_HZ)]
        assert level_db(spoken) == pytest.approx(-26 + 10 * np.log10(1 + 10 ** (-snr_db / 10)), abs=0.5)
    gaps_s = np.diff([word.start_s for word in stream.words]) - 0.4
    assert gaps_s.min() > 1.5


def test_stream_ends_with_the_background_speech(words: list) -> None:
    speech = noise(4)
    with_speech, without = (
        build_stream(words, ("one",), RATE_HZ, noise(1), background, 60.0).clip for background in (speech, speech[:0])
    )
    assert len(with_speech.samples) - len(without.samples) == len(speech)
    assert level_db(with_speech.samples[-len(speech) :]) == pytest.approx(-26, abs=0.2)


def test_stream_has_the_background_speech_as_often_as_asked_for(words: list) -> None:
    quiet, speech = noise(0.7), noise(2)
    looped = build_stream(words, ("one",), RATE_HZ, quiet, speech, 10.0, loops=3)
    tiled = build_stream(words, ("one",), RATE_HZ, quiet, np.tile(speech, 3), 10.0)
    np.testing.assert_array_equal(looped.clip.samples, tiled.clip.samples)


def test_stream_follows_from_its_seed(words: list) -> None:
    background = noise(2)
    first, same, other = (
        build_stream(words, ("one",), RATE_HZ, background, background[:0], 10.0, seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.clip.samples, same.clip.samples)
    assert first.words == same.words
    assert first.words != other.words


def test_stream_read_back_is_the_stream_written(words: list, tmp_path: Path) -> None:
    stream = build_stream(words, ("one", "two"), RATE_HZ, noise(2), noise(1), 5.0)
    write_stream(tmp_path / "truth.json", stream)
    back = read_stream(tmp_path / "truth.json")
    np.testing.assert_array_equal(back.clip.samples, stream.clip.samples)
    assert back.words == stream.words


def test_truth_is_not_written_over_its_own_sound(words: list, tmp_path: Path) -> None:
    stream = build_stream(words, ("one", "two"), RATE_HZ, noise(2), noise(1), 5.0)
    with pytest.raises(DataError, match="expected a path for JSON"):
        write_stream(tmp_path / "truth.wav", stream)
    assert not list(tmp_path.iterdir())


def test_truth_of_mlperf_tiny_is_read_as_it_is(tmp_path: Path) -> None:
    write_wav(tmp_path / "easy.wav", Clip(np.zeros(10 * RATE_HZ, np.float32), RATE_HZ))
    (tmp_path / "sww.json").write_text(
        '[ { "wav_file": "easy.wav", "sample_rate": 8000, "length_sec": 10.0,\n'
        '"detection_windows": [[1.0, 1.6476250000000001], [4.0, 4.76175], [7.0, 7.358625] ] } ]'
    )
    stream = read_stream(tmp_path / "sww.json")
    assert stream.words == tuple(
        SpokenWord(start, end, "") for start, end in ((1.0, 1.6476250000000001), (4.0, 4.76175), (7.0, 7.358625))
    )
    assert stream.clip.duration_s == 10


@pytest.mark.parametrize(
    ("truth", "complaint"),
    [
        ("no json", "expected the truth about a recording"),
        ("[" * 100_000, "expected the truth about a recording"),
        ("[]", "expected one recording with wav_file"),
        ('{"detection_windows": []}', "expected one recording with wav_file"),
        ('{"wav_file": "easy.wav"}', "expected detection_windows"),
        ('{"wav_file": "easy.wav", "detection_windows": [[1, 2, 3]]}', "expected detection_windows"),
        ('{"wav_file": "easy.wav", "detection_windows": [["a", "b"]]}', "expected detection_windows"),
        ('{"wav_file": "easy.wav", "detection_windows": [[5, 4]]}', "5 to 4 s is not in the recording"),
        ('{"wav_file": "easy.wav", "detection_windows": [[0.5, 9]]}', "0.5 to 9 s is not in the recording of 1 s"),
        ('{"wav_file": "easy.wav", "detection_windows": [[0, 1]], "labels": []}', "expected detection_windows"),
    ],
)
def test_truth_that_is_none_is_refused(tmp_path: Path, truth: str, complaint: str) -> None:
    write_wav(tmp_path / "easy.wav", Clip(np.zeros(RATE_HZ, np.float32), RATE_HZ))
    (tmp_path / "truth.json").write_text(truth)
    with pytest.raises(DataError, match=complaint):
        read_stream(tmp_path / "truth.json")
