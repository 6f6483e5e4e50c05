"""Continuous audio to measure a spotter on: words, background under and between them, and the truth about it."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgeasr.atomic import write_text
from edgeasr.audio.clip import Clip
from edgeasr.audio.pcm import to_float, to_int16
from edgeasr.audio.resample import resample
from edgeasr.audio.wav import read_clip, write_wav
from edgeasr.data.dataset import Example
from edgeasr.errors import DataError

__all__ = [
    "SPEECH_DBFS",
    "Recorded",
    "SpokenWord",
    "Stream",
    "build_stream",
    "read_stream",
    "record_words",
    "write_stream",
]

F32 = NDArray[np.float32]

SPEECH_DBFS = -26.0  # level of all speech while it lasts (ITU-T P.56 measures at this level)
_GAP_S = (1.5, 3.0)  # from one word to the next: longer than the second in which an event still belongs to a word
_FRAME_S = 0.02
_FLOOR_DB = 25.0  # what is so much quieter than the loudest frame of a clip is not the word
_ABOVE_DB = 10.0  # and neither is what is not so much louder than the background
_DIGITAL_SILENCE_DB = 60.0  # below the loudest frame; no background, but nothing
_WORD_S = 0.8
_PAUSE_S = 0.2
_RUMBLE_HZ = 150.0
_FADE_S = 0.01
_LONGEST_S = 24 * 3600.0
_AT_ONCE = 1 << 20  # samples that are rounded together: a stream of hours fits the memory once, not four times


@dataclass(frozen=True)
class SpokenWord:
    """A word of a stream: what and when. The label is empty where the truth does not name it."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class Stream:
    """Continuous audio and what is said in it.

    Attributes:
        clip: the audio.
        words: those that should be heard, in order.
    """

    clip: Clip
    words: tuple[SpokenWord, ...]


@dataclass(frozen=True)
class Recorded:
    """A recorded word.

    Attributes:
        label: the word.
        samples: float32 [n]; while the word lasts, their energy is 1 a sample.
        start, end: sample at which the word begins, and that after its last.
    """

    label: str
    samples: F32
    start: int
    end: int


def record_words(examples: Sequence[Example], sample_rate_hz: int) -> list[Recorded]:
    """Read the clips of words, find where in each the word is, and bring all to one level.

    Raises:
        DataError: the data set has no sound.
        AudioError: a clip cannot be read.
    """
    words = []
    for example in examples:
        clip = example.read()
        if not isinstance(clip, Clip):
            raise DataError(f"{example.id} has features and no sound: a stream is made of sound")
        samples = resample(clip, sample_rate_hz).samples
        start, end = _find_word(samples, sample_rate_hz)
        level = float(np.sqrt(np.square(samples[start:end], dtype=np.float64).mean()))
        if level > 0:  # a silent clip says nothing
            words.append(Recorded(example.label or "", samples / np.float32(level), start, end))
    return words


def build_stream(
    words: Sequence[Recorded],
    keywords: Collection[str],
    sample_rate_hz: int,
    noise: F32,
    speech: F32,
    snr_db: float,
    seed: int = 0,
    loops: int = 1,
) -> Stream:
    """Lay words over noise, in a random order and with random gaps, and then background speech.

    The same arguments give the same stream. All speech has one level, the noise lies `snr_db` below it, throughout;
    what is beyond full scale is clipped, and everything is rounded to 16 bits, as a microphone does.

    Args:
        words: from `record_words`.
        keywords: the labels that are put on the list of words; others should not be heard.
        sample_rate_hz: of everything.
        noise: float32 [n], with an energy of 1 a sample, as `noise_bank` gives it; repeated as often as needed.
        speech: float32 [m], likewise, in which no keyword is said; may be empty.
        snr_db: ratio of the energy of speech to that of the noise.
        seed: of the order and the gaps.
        loops: times that the background speech comes, in other noise each time.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(words))
    gaps = np.rint(rng.uniform(*_GAP_S, len(words) + 1) * sample_rate_hz).astype(int)
    position, starts = int(gaps[0]), []
    for number, gap in zip(order, gaps[1:], strict=True):
        starts.append(position)
        position += len(words[number].samples) + int(gap)
    samples = np.resize(noise, position + loops * len(speech))
    samples *= _amplitude(SPEECH_DBFS - snr_db)
    fade = np.linspace(0, 1, round(_FADE_S * sample_rate_hz), dtype=np.float32)
    said = []
    for number, start in zip(order, starts, strict=True):
        word = words[number]
        samples[start : start + len(word.samples)] += _faded(word.samples, fade) * _amplitude(SPEECH_DBFS)
        if word.label in keywords:
            begin, end = (start + word.start) / sample_rate_hz, (start + word.end) / sample_rate_hz
            said.append(SpokenWord(begin, end, word.label))
    background = samples[position:].reshape(loops, len(speech))  # a view
    background += speech * _amplitude(SPEECH_DBFS)
    for start in range(0, len(samples), _AT_ONCE):
        piece = samples[start : start + _AT_ONCE]
        piece[:] = to_float(to_int16(piece))
    return Stream(Clip(samples, sample_rate_hz), tuple(said))


def write_stream(path: Path, stream: Stream) -> None:
    """Write the truth about a stream as JSON, and the stream beside it as WAV.

    The format is that of MLPerf Tiny's streaming wake-word test: a list of recordings with their `detection_windows`;
    `labels`, one a window, is ours.

    Raises:
        DataError: the path is that of the WAV file.
    """
    wav = path.with_suffix(".wav")
    if wav == path:
        raise DataError(f"{path}: expected a path for JSON, beside which the sound becomes {wav.name}: end it in .json")
    write_wav(wav, stream.clip)
    truth = {
        "wav_file": wav.name,
        "sample_rate": stream.clip.sample_rate_hz,
        "length_sec": stream.clip.duration_s,
        "detection_windows": [[word.start_s, word.end_s] for word in stream.words],
        "labels": [word.label for word in stream.words],
    }
    write_text(path, json.dumps([truth], indent=1) + "\n")


def read_stream(path: Path) -> Stream:
    """Read a stream by its truth, as `write_stream` or MLPerf Tiny wrote it.

    Raises:
        DataError: the file is no such truth, or tells of more than one recording.
        AudioError: the recording cannot be read.
    """
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: expected the truth about a recording ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected the truth about a recording, JSON ({error})") from error
    if isinstance(truth, list) and len(truth) == 1:
        (truth,) = truth
    if not isinstance(truth, dict) or not isinstance(truth.get("wav_file"), str):
        raise DataError(f"{path}: expected one recording with wav_file and detection_windows, as MLPerf Tiny has it")
    clip = read_clip(path.parent / truth["wav_file"], _LONGEST_S)
    return Stream(clip, _words(truth, path, clip.duration_s))


def _words(truth: dict[str, Any], path: Path, duration_s: float) -> tuple[SpokenWord, ...]:
    windows, labels = truth.get("detection_windows"), truth.get("labels")
    try:
        spans = [(float(start), float(end)) for start, end in windows]  # type: ignore[union-attr]  # refused below
        names = [""] * len(spans) if labels is None else [str(label) for label in labels]
        words = [SpokenWord(*span, name) for span, name in zip(spans, names, strict=True)]
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: expected detection_windows, [start, end] in seconds each ({error})") from error
    for word in words:
        if not 0 <= word.start_s <= word.end_s <= duration_s + 1:
            raise DataError(
                f"{path}: the window {word.start_s:g} to {word.end_s:g} s is not in the recording of {duration_s:g} s"
            )
    return tuple(sorted(words, key=lambda word: word.start_s))


def _find_word(samples: F32, rate_hz: int) -> tuple[int, int]:
    """Find where the loudest utterance of a clip begins and ends.

    Energy is taken above what rumbles, and a median leaves clicks out. What lies beyond the loudest 0.8 s is taken for
    background, and the word must stand out of it; a pause as long as that of a stop consonant belongs to the word.
    """
    frame = round(_FRAME_S * rate_hz)
    spectrum = np.fft.rfft(samples)
    spectrum[: round(_RUMBLE_HZ * len(samples) / rate_hz)] = 0
    heard = np.pad(np.fft.irfft(spectrum, len(samples)), (0, -len(samples) % frame)).reshape(-1, frame)
    levels_db = 10 * np.log10(np.square(heard).mean(axis=1) + 1e-20)
    levels_db = np.median(sliding_window_view(np.pad(levels_db, 2, mode="edge"), 5), axis=1)
    peak_db = levels_db.max()
    background = np.sort(levels_db)[: -round(_WORD_S / _FRAME_S)]
    background = background[background > peak_db - _DIGITAL_SILENCE_DB]
    background_db = np.median(background) if len(background) else -np.inf
    threshold_db = max(peak_db - _FLOOR_DB, min(background_db + _ABOVE_DB, peak_db - _ABOVE_DB))
    loud = np.flatnonzero(levels_db >= threshold_db)
    pieces = np.split(loud, np.flatnonzero(np.diff(loud) * _FRAME_S > _PAUSE_S) + 1)
    word = max(pieces, key=lambda piece: np.sum(10 ** (levels_db[piece] / 10)))
    return int(word[0]) * frame, min(len(samples), (int(word[-1]) + 1) * frame)


def _faded(samples: F32, fade: F32) -> F32:
    """Begin and end softly: a clip that sets in with its own noise is a click."""
    faded = samples.copy()
    fade = fade[: len(faded) // 2]
    faded[: len(fade)] *= fade
    faded[len(faded) - len(fade) :] *= fade[::-1]
    return faded


def _amplitude(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))
