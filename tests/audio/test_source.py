import io
import sys
import types
from contextlib import closing
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeasr.audio import source
from edgeasr.audio.clip import Clip
from edgeasr.audio.source import file_blocks, microphone_blocks, stdin_blocks
from edgeasr.audio.wav import write_wav
from edgeasr.errors import AudioError, MissingPackageError

PCM = np.random.default_rng(0).integers(-20000, 20000, 5000).astype("<i2")
FLOAT = PCM.astype(np.float32) / 32768


def unexpected(message):
    raise AssertionError(message)


class Trickle(io.RawIOBase):
    """A pipe whose writer hands over a few bytes at a time."""

    def __init__(self, data, sizes):
        self._data, self._sizes = data, iter(sizes)

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), next(self._sizes, 1000))
        piece, self._data = self._data[:size], self._data[size:]
        buffer[: len(piece)] = piece
        return len(piece)


def test_file_blocks_are_the_file(tmp_path):
    write_wav(tmp_path / "clip.wav", Clip(FLOAT, 16000))
    blocks = list(file_blocks(tmp_path / "clip.wav", 16000, 1600))
    assert max(map(len, blocks)) == 1600
    np.testing.assert_array_equal(np.concatenate(blocks), FLOAT)


def test_file_blocks_are_resampled_to_the_rate_of_the_model(tmp_path):
    time = np.arange(22050) / 44100
    write_wav(tmp_path / "clip.wav", Clip(np.sin(2 * np.pi * 440 * time).astype(np.float32) / 2, 44100))
    audio = np.concatenate(list(file_blocks(tmp_path / "clip.wav", 16000, 1600)))
    assert len(audio) == pytest.approx(8000, abs=2)
    assert np.abs(np.fft.rfft(audio[:8000])).argmax() == 220


def test_file_blocks_of_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(AudioError, match=r"absent\.wav"):
        next(file_blocks(tmp_path / "absent.wav", 16000, 1600))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 4000), max_size=50))
def test_stdin_blocks_do_not_depend_on_how_the_bytes_come(sizes):
    stream = io.BufferedReader(Trickle(PCM.tobytes(), sizes))
    blocks = list(stdin_blocks(stream, 16000, 16000, 1600, unexpected))
    assert [len(block) for block in blocks] == [1600, 1600, 1600, 200, 0]
    assert blocks[0].dtype == np.float32
    np.testing.assert_array_equal(np.concatenate(blocks), FLOAT)


def test_stdin_blocks_are_resampled():
    audio = np.concatenate(list(stdin_blocks(io.BytesIO(PCM.tobytes()), 8000, 16000, 800, unexpected)))
    assert len(audio) == pytest.approx(2 * len(PCM), abs=2)


@pytest.mark.parametrize("samples", [2400, 1600])  # the odd byte in a block with others, and alone
def test_stdin_blocks_note_half_a_sample_and_keep_the_rest(samples):
    notes = []
    data = PCM[:samples].tobytes() + b"\x07"
    audio = np.concatenate(list(stdin_blocks(io.BytesIO(data), 16000, 16000, 1600, notes.append)))
    np.testing.assert_array_equal(audio, FLOAT[:samples])
    assert notes == ["standard input ended in the middle of a sample: the last byte is left out"]


@pytest.mark.parametrize("data", [b"", b"\x01"])
def test_stdin_blocks_refuse_no_audio(data):
    with pytest.raises(AudioError, match="expected raw 16-bit mono audio, got none"):
        next(stdin_blocks(io.BytesIO(data), 16000, 16000, 1600, unexpected))


def test_stdin_blocks_refuse_a_wav_file():
    with pytest.raises(AudioError, match="got a WAV file"):
        next(stdin_blocks(io.BytesIO(b"RIFF" + bytes(100)), 16000, 16000, 1600, unexpected))


class FakePortAudioError(Exception):
    pass


@pytest.fixture
def sounddevice(monkeypatch):
    """Stand in for sounddevice: a microphone that has delivered all of `given` as soon as it is started."""
    fake = types.ModuleType("sounddevice")
    fake.given, fake.native_hz, fake.overflow_at, fake.closed = [], 48000, None, False
    fake.PortAudioError = FakePortAudioError

    class InputStream:
        def __init__(self, samplerate, *, blocksize, device, channels, dtype, callback):
            assert (blocksize, channels, dtype) == (samplerate // 50, 1, "int16")
            fake.opened_hz, fake.callback = samplerate, callback

        def start(self):
            for number, block in enumerate(fake.given):
                status = types.SimpleNamespace(input_overflow=number == fake.overflow_at)
                fake.callback(block[:, None], len(block), None, status)

        def close(self):
            fake.closed = True

    def query_devices(device, kind):
        if device == "absent":
            raise ValueError("No input device matching 'absent'")
        return {"default_samplerate": float(fake.native_hz)}

    def check_input_settings(device, *, channels, dtype, samplerate):
        if samplerate != fake.native_hz:
            raise FakePortAudioError("Invalid sample rate")

    fake.InputStream, fake.query_devices = InputStream, query_devices
    fake.check_input_settings = check_input_settings
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(source, "_STALL_S", 0.05)
    return fake


def test_microphone_blocks_are_what_was_recorded(sounddevice):
    sounddevice.native_hz, sounddevice.given = 16000, [PCM[:1000], PCM[1000:1001], PCM[1001:]]
    with closing(microphone_blocks(None, 16000, 1000, unexpected)) as blocks:
        audio = np.concatenate(list(islice(blocks, 5)))
    np.testing.assert_array_equal(audio, FLOAT)
    assert sounddevice.closed


def test_microphone_blocks_of_a_device_with_its_own_rate_are_resampled(sounddevice):
    tone = np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    sounddevice.given = [(20000 * tone).astype(np.int16)]
    with closing(microphone_blocks(0, 16000, 1600, unexpected)) as blocks:
        audio = np.concatenate(list(islice(blocks, 10)))
    assert sounddevice.opened_hz == 48000
    assert len(audio) == pytest.approx(16000, abs=1000)  # the end is still in the filter
    assert np.abs(np.fft.rfft(audio[:8000])).argmax() == 500


def test_microphone_blocks_count_and_report_lost_audio(sounddevice):
    sounddevice.native_hz, sounddevice.overflow_at = 16000, 3
    sounddevice.given = [np.zeros(1600, np.int16)] * 130  # 13 s into a ring of 10 s and a block
    notes = []
    with closing(microphone_blocks(None, 16000, 1600, notes.append)) as blocks:
        list(islice(blocks, 30))
    assert notes == ["microphone: audio lost so far: 1 times by the driver, 2.90 s because the model does not keep up"]


def test_microphone_blocks_report_at_most_once_a_second_and_at_the_end(sounddevice):
    def overflow():
        sounddevice.callback(PCM[:1600, None], 1600, None, types.SimpleNamespace(input_overflow=True))

    sounddevice.native_hz, sounddevice.given, sounddevice.overflow_at = 16000, [PCM], 0
    notes = []
    with closing(microphone_blocks(None, 16000, 1600, notes.append)) as blocks:
        for count in (1, 1, 1):
            list(islice(blocks, count))
            overflow()
    assert [note.split(": ")[2].split(" by")[0] for note in notes] == ["1 times", "4 times"]


def test_microphone_blocks_stop_where_the_device_falls_silent(sounddevice):
    sounddevice.native_hz, sounddevice.given = 16000, [PCM]
    with pytest.raises(AudioError, match=r"given no audio for 0\.05 s"):
        list(microphone_blocks(None, 16000, 1000, unexpected))
    assert sounddevice.closed


def test_microphone_blocks_of_an_unknown_device_name_the_way_out(sounddevice):
    with pytest.raises(AudioError, match=r"cannot record from microphone 'absent' \(No input.*--device.*arecord"):
        next(microphone_blocks("absent", 16000, 1600, unexpected))


@pytest.mark.parametrize(
    ("cause", "expected", "line"),
    [
        (OSError("PortAudio library not found"), AudioError, "apt-get install libportaudio2"),
        (ImportError("No module named 'sounddevice'"), MissingPackageError, r"pip install 'edgeasr\[mic\]'"),
    ],
)
def test_microphone_blocks_without_library_or_package_say_what_to_install(monkeypatch, cause, expected, line):
    def fail(module):
        raise cause

    monkeypatch.setattr("edgeasr.packages.importlib.import_module", fail)
    with pytest.raises(expected, match=line):
        next(microphone_blocks(None, 16000, 1600, unexpected))
