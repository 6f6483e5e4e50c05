"""The microphone, with a stand-in for PortAudio; `test_microphone_device.py` has a real one."""

import sys
import types
from contextlib import closing
from itertools import islice

import numpy as np
import pytest

from edgeasr.audio import microphone
from edgeasr.audio.microphone import microphone_blocks
from edgeasr.errors import AudioError, MissingPackageError

PCM = np.random.default_rng(0).integers(-20000, 20000, 5000).astype("<i2")
FLOAT = PCM.astype(np.float32) / 32768


def unexpected(message):
    raise AssertionError(message)


class FakePortAudioError(Exception):
    pass


@pytest.fixture
def sounddevice(monkeypatch):
    """Stand in for sounddevice: a microphone that has delivered all of `given` as soon as it is started."""
    fake = types.ModuleType("sounddevice")
    fake.given, fake.native_hz, fake.overflow_at, fake.closed = [], 48000, None, 0
    fake.channels, fake.busy, fake.broken, fake.starts, fake.listed = 1, 0, False, 0, 0
    fake.PortAudioError = FakePortAudioError

    class InputStream:
        def __init__(self, samplerate, *, blocksize, device, channels, dtype, callback):
            assert (blocksize, dtype) == (samplerate // 50, "int16")
            if fake.busy:
                fake.busy -= 1
                raise FakePortAudioError("Device unavailable [PaErrorCode -9985]")
            if channels > fake.channels:
                raise FakePortAudioError("Invalid number of channels [PaErrorCode -9998]")
            fake.opened_hz, fake.callback, self._channels = samplerate, callback, channels

        def start(self):
            if fake.broken:
                raise FakePortAudioError("Stream does not start [PaErrorCode -9999]")
            fake.starts += 1
            for number, block in enumerate(fake.given):
                status = types.SimpleNamespace(input_overflow=number == fake.overflow_at)
                frames = np.zeros((len(block), self._channels), np.int16)
                frames[:, -1] = block
                fake.callback(frames, len(block), None, status)

        def close(self):
            fake.closed += 1

    def query_devices(device, kind):
        if device == "absent":
            raise ValueError("No input device matching 'absent'")
        return {"default_samplerate": float(fake.native_hz)}

    def check_input_settings(device, *, channels, dtype, samplerate):
        if samplerate != fake.native_hz:
            raise FakePortAudioError("Invalid sample rate")

    def initialize():
        fake.listed += 1

    fake._terminate, fake._initialize = lambda: None, initialize
    fake.InputStream, fake.query_devices = InputStream, query_devices
    fake.check_input_settings = check_input_settings
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(microphone, "_STALL_S", 0.05)
    monkeypatch.setattr(microphone, "_RETRY_S", 0.01)
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
    assert notes[0] == (
        "microphone: audio lost so far: 1 times by the driver, 2.90 s because the model does not keep up; "
        "blocks late by more than 1 s: 1"
    )
    assert notes[-1].endswith("late by more than 1 s: 30")


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


def test_microphone_blocks_of_a_device_that_never_gives_audio_are_an_error(sounddevice):
    with pytest.raises(AudioError, match=r"given no audio for 0\.05 s"):
        list(microphone_blocks(None, 16000, 1000, unexpected))
    assert sounddevice.closed


def test_microphone_blocks_go_on_when_the_device_is_back(sounddevice):
    sounddevice.native_hz, sounddevice.given = 16000, [PCM]
    notes = []
    with closing(microphone_blocks(None, 16000, 1000, notes.append)) as blocks:
        before = list(islice(blocks, 5))
        sounddevice.busy = 3  # it falls silent, and cannot be opened for a while
        after = list(islice(blocks, 4 + 5))  # an empty one for each time that it is not there
    np.testing.assert_array_equal(np.concatenate(before), FLOAT)
    np.testing.assert_array_equal(np.concatenate(after), FLOAT)
    lost, back = notes
    assert lost.startswith("the microphone has given no audio for 0.05 s")
    assert lost.endswith("trying again every 0.01 s")
    assert back.startswith("the microphone is back after ")
    assert (sounddevice.starts, sounddevice.listed, sounddevice.busy) == (2, 4, 0)


def test_microphone_blocks_are_empty_while_the_device_is_lost(sounddevice):
    sounddevice.native_hz, sounddevice.given = 16000, [PCM]
    with closing(microphone_blocks(None, 16000, 5000, lambda line: None)) as blocks:
        next(blocks)
        sounddevice.busy = 10**9  # it never comes back; whoever listens can stop all the same
        assert [len(next(blocks)) for _ in range(3)] == [0, 0, 0]


def test_microphone_blocks_leave_portaudio_as_it_is_while_another_microphone_is_open(sounddevice):
    sounddevice.native_hz, sounddevice.given = 16000, [PCM]
    with closing(microphone_blocks(0, 16000, 1000, unexpected)) as other:
        next(other)
        with closing(microphone_blocks(1, 16000, 5000, lambda line: None)) as blocks:
            assert [len(next(blocks)) for _ in range(3)] == [5000, 0, 5000]
        assert (sounddevice.listed, len(next(other))) == (0, 1000)


def test_microphone_blocks_of_a_device_that_does_not_start_leave_nothing_open(sounddevice):
    sounddevice.broken = True
    with pytest.raises(AudioError, match="Stream does not start"):
        next(microphone_blocks(None, 16000, 1000, unexpected))
    assert sounddevice.closed == 1


def test_microphone_blocks_of_a_busy_device_are_one_clear_line(sounddevice):
    sounddevice.busy = 1
    with pytest.raises(AudioError, match=r"cannot record from the default microphone \(Device unavailable.*arecord"):
        next(microphone_blocks(None, 16000, 1600, unexpected))


def test_microphone_blocks_are_of_the_channel_asked_for(sounddevice):
    sounddevice.native_hz, sounddevice.given, sounddevice.channels = 16000, [PCM], 2
    with closing(microphone_blocks(None, 16000, 1000, unexpected, channel=2)) as blocks:
        np.testing.assert_array_equal(next(blocks), FLOAT[:1000])
    with pytest.raises(AudioError, match="Invalid number of channels"):
        next(microphone_blocks(None, 16000, 1000, unexpected, channel=3))


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
