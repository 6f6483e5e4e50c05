"""Transcripts of clips and streams, by a model whose letters are tones."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeasr.audio.clip import Clip
from edgeasr.card import Card, CtcOutput
from edgeasr.errors import ArtefactError, AudioError, ConfigError
from edgeasr.features import FrontendConfig
from edgeasr.features.clip import count_frames
from edgeasr.runtime import Runtime
from edgeasr.transcribe import StreamingTranscriber, TimedWord, Transcriber

RATE_HZ = 8000
LABELS = ("a", "b", " ", "<blank>")
TONES_HZ = {"a": 400.0, "b": 1000.0, " ": 2500.0}
FRONTEND = FrontendConfig(
    kind="spectrogram", sample_rate_hz=RATE_HZ, clip_ms=2000, window_ms=20, hop_ms=10, fft_size=160, mel_high_hz=4000
)
BINS = [round(hz * FRONTEND.fft_size / RATE_HZ) for hz in TONES_HZ.values()]


class Tones(Runtime):
    """Hears the tone of each second frame.

    Args:
        lookahead: frames after its own that an output depends on: a tone counts if it is still there at half of that.
        tail: whether outputs whose future does not fit into the window are wrong.
    """

    name, version, threads, path = "fake", "fake 1", 1, Path("fake.tflite")

    def __init__(self, lookahead: int | None = 0, tail: bool = False) -> None:
        ctc = CtcOutput(first=1, stride=2, lookahead=lookahead)
        self.card = Card("tones", "float32", LABELS, FRONTEND, "probabilities", "", ctc=ctc)
        self.calls, self.tail = 0, tail

    @property
    def input_shape(self) -> tuple[int, ...]:
        return FRONTEND.shape

    def run(self, features: np.ndarray) -> np.ndarray:
        assert features.shape == FRONTEND.shape
        self.calls += 1
        ahead = 0 if self.tail else self.card.ctc.lookahead or 0
        tones = np.full((len(features) + ahead, 4), 1e-3, np.float32)
        tones[: len(features), 3] = 1.0
        tones[: len(features), :3] = features[:, BINS]
        scores = np.minimum(tones[: len(features)], tones[ahead:]) if ahead else tones
        if self.tail and self.card.ctc.lookahead and int(count_frames(features)) == len(features):
            scores[-self.card.ctc.lookahead :] = [0, 1, 0, 0.1]  # nonsense
        return (scores / scores.sum(axis=1, keepdims=True))[::2]


def say(text: str, tone_s: float = 0.06, gap_s: float = 0.04) -> np.ndarray:
    """Give a tone for each letter, with gaps."""
    time = np.arange(round(tone_s * RATE_HZ)) / RATE_HZ
    gap = np.zeros(round(gap_s * RATE_HZ))
    parts = [part for letter in text for part in (np.sin(2 * np.pi * TONES_HZ[letter] * time), gap)]
    return np.concatenate([gap, *parts]).astype(np.float32)


def texts(words: list[TimedWord]) -> list[str]:
    return [word.text for word in words]


def stream(model: Runtime, audio: np.ndarray, cuts: list[int]) -> list[tuple[str, float]]:
    transcriber = StreamingTranscriber(model)
    edges = [0, *sorted(cut % (len(audio) + 1) for cut in cuts), len(audio)]
    words = [word for start, end in pairwise(edges) for word in transcriber.feed(audio[start:end])]
    return [(word.text, round(word.start_s, 3)) for word in words + transcriber.finish()]


def test_a_clip_is_transcribed_whatever_its_rate() -> None:
    audio = say("ab ba")
    assert texts(Transcriber(Tones())(Clip(audio, RATE_HZ), "clip")) == ["ab", "ba"]
    doubled = np.repeat(audio, 2)
    assert texts(Transcriber(Tones())(Clip(doubled, 2 * RATE_HZ), "clip")) == ["ab", "ba"]


def test_words_are_timed() -> None:
    first, second = Transcriber(Tones())(Clip(say("ab ba"), RATE_HZ), "clip")
    assert first.start_s == pytest.approx(0.04, abs=0.03)
    assert first.end_s == pytest.approx(0.20, abs=0.03)
    assert second.start_s == pytest.approx(0.34, abs=0.03)


def test_scores_that_are_not_finite_are_refused() -> None:
    class Broken(Tones):
        def run(self, features: np.ndarray) -> np.ndarray:
            return super().run(features) * np.nan

    for transcribe in (
        lambda: Transcriber(Broken())(Clip(say("ab"), RATE_HZ), "clip"),
        lambda: StreamingTranscriber(Broken()).feed(say("ab ba ab")),
    ):
        with pytest.raises(ArtefactError, match="not finite"):
            transcribe()


def test_a_clip_longer_than_the_window_is_refused_by_name() -> None:
    with pytest.raises(AudioError, match=r"long\.wav: lasts 3\.0 s, expected at most the model's 2 s"):
        Transcriber(Tones())(Clip(np.zeros(3 * RATE_HZ, np.float32), RATE_HZ), "long.wav")
    with pytest.raises(AudioError, match=r"short\.wav: lasts 9 samples, expected a frame of 160"):
        Transcriber(Tones())(Clip(np.zeros(9, np.float32), RATE_HZ), "short.wav")


@pytest.mark.parametrize("lookahead", [0, 3])
@given(cuts=st.lists(st.integers(0, 20000), max_size=6))
def test_a_stream_gives_the_words_of_the_clip_however_it_is_cut(lookahead: int, cuts: list[int]) -> None:
    audio = say("ab ba aa b")
    whole = Transcriber(Tones(lookahead))(Clip(audio, RATE_HZ), "clip")
    assert texts(whole) == ["ab", "ba", "aa", "b"]
    words = stream(Tones(lookahead), audio, cuts)
    assert [text for text, _ in words] == texts(whole)
    assert words == stream(Tones(lookahead), audio, [])


def test_words_come_while_the_stream_goes_on() -> None:
    transcriber = StreamingTranscriber(Tones())
    early = transcriber.feed(say("ab bab"))
    assert [word.text for word in early] == ["ab"]
    assert [word.text for word in transcriber.finish()] == ["bab"]


def test_a_pause_ends_an_utterance_and_time_goes_on() -> None:
    pause = np.zeros(3 * RATE_HZ, np.float32)
    first, second = say("ab"), say("ba")
    audio = np.concatenate([pause, first, pause, second])[len(pause) :]
    words = stream(Tones(), audio, [])
    assert [text for text, _ in words] == ["ab", "ba"]
    transcriber = StreamingTranscriber(Tones())
    numbered = transcriber.feed(np.concatenate([pause, audio])) + transcriber.finish()
    assert [word.utterance for word in numbered] == [0, 1]
    began_s = (len(first) + len(pause)) / RATE_HZ + 0.04
    assert words[1][1] == pytest.approx(began_s, abs=0.03)


@pytest.mark.parametrize("lookahead", [0, 3, 60])
def test_speech_longer_than_the_window_goes_on_without_loss(lookahead: int) -> None:
    text = "ab ba aab bbab " * 6  # 9 s, in a window of 2 s
    assert [word for word, _ in stream(Tones(lookahead, tail=True), say(text), [])] == text.split()


def test_a_word_longer_than_the_window_is_cut() -> None:
    words = stream(Tones(), say("ab" * 16), [])
    assert "".join(word for word, _ in words).startswith("ababab")


def test_silence_costs_bounded_memory_and_gives_no_words() -> None:
    model = Tones()
    transcriber = StreamingTranscriber(model)
    for _ in range(30):
        assert transcriber.feed(np.zeros(RATE_HZ, np.float32)) == []
        assert transcriber._features.shape == FRONTEND.shape
    assert transcriber.finish() == []
    assert model.calls < 30 * 5


def test_a_model_that_reads_both_ways_cannot_stream() -> None:
    with pytest.raises(ConfigError, match="looks at the whole utterance, in both directions"):
        StreamingTranscriber(Tones(None))
    with pytest.raises(ConfigError, match="looks ahead 199 frames, as far as its window of 199"):
        StreamingTranscriber(Tones(FRONTEND.frames))


def test_a_model_that_spots_words_does_not_transcribe() -> None:
    model = Tones()
    model.card = Card("ds-cnn", "float32", ("yes", "no"), FRONTEND, "logits", "")
    with pytest.raises(ArtefactError, match="expected a model that transcribes"):
        Transcriber(model)
