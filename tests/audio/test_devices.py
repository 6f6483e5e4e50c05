"""The list of microphones, by a PortAudio that is made up."""

import sys
from types import SimpleNamespace

import pytest

from edgeasr.audio.devices import Device, list_devices
from edgeasr.errors import AudioError


def portaudio(query_devices: object) -> SimpleNamespace:
    default = SimpleNamespace(device=[2, 0])
    return SimpleNamespace(default=default, query_devices=query_devices, PortAudioError=RuntimeError)


def test_devices_are_those_that_record(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        {"name": "speaker", "max_input_channels": 0, "default_samplerate": 48000.0},
        {"name": "array", "max_input_channels": 4, "default_samplerate": 44100.0},
        {"name": "headset", "max_input_channels": 1, "default_samplerate": 16000.0},
    ]
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio(lambda: there))
    assert list_devices() == [Device(1, "array", 4, 44100, False), Device(2, "headset", 1, 16000, True)]


def test_a_sound_system_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("Internal PortAudio error")

    monkeypatch.setitem(sys.modules, "sounddevice", portaudio(fail))
    with pytest.raises(AudioError, match="cannot list the microphones .Internal PortAudio error."):
        list_devices()
