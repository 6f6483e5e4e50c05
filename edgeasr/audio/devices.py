"""The microphones that there are, by PortAudio."""

from dataclasses import dataclass
from types import ModuleType

from edgeasr.errors import AudioError, MissingPackageError
from edgeasr.packages import require

__all__ = ["INSTEAD", "Device", "import_sounddevice", "list_devices"]

INSTEAD = "or pipe the audio in: arecord -t raw -f S16_LE -r 16000 | edgeasr ... - --rate 16000"


@dataclass(frozen=True)
class Device:
    """A device that records.

    Attributes:
        number: by which it can be chosen.
        name: likewise, or by a part of it.
        channels: that it has.
        sample_rate_hz: its own rate; others are resampled to.
        default: whether it is the system's choice.
    """

    number: int
    name: str
    channels: int
    sample_rate_hz: int
    default: bool


def list_devices() -> list[Device]:
    """List the devices that record.

    Raises:
        AudioError: PortAudio is missing or fails.
        MissingPackageError: sounddevice is not installed.
    """
    sounddevice = import_sounddevice()
    try:
        default, devices = sounddevice.default.device[0], sounddevice.query_devices()
    except sounddevice.PortAudioError as error:
        raise AudioError(f"cannot list the microphones ({error}): restart the sound system, {INSTEAD}") from error
    return [
        Device(
            number, device["name"], device["max_input_channels"], round(device["default_samplerate"]), number == default
        )
        for number, device in enumerate(devices)
        if device["max_input_channels"] > 0
    ]


def import_sounddevice() -> ModuleType:
    """Import the package that wraps PortAudio.

    Raises:
        AudioError: the library is missing.
        MissingPackageError: the package is.
    """
    try:
        return require("sounddevice", "mic", "listening to a microphone")
    except MissingPackageError as error:
        if isinstance(error.__cause__, OSError):  # the package is there, the library it wraps is not
            raise AudioError(
                "listening to a microphone needs the PortAudio library: apt-get install libportaudio2 "
                f"(macOS: brew install portaudio), {INSTEAD}"
            ) from error
        raise
