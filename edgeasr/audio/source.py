"""Where a stream of audio comes from: a file, standard input, the microphone."""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.devices import INSTEAD, import_sounddevice
from edgeasr.audio.resample import StreamingResampler
from edgeasr.audio.ring import SampleRing
from edgeasr.audio.wav import open_blocks
from edgeasr.errors import AudioError

__all__ = ["file_blocks", "microphone_blocks", "stdin_blocks"]

Blocks = Generator[NDArray[np.float32], None, None]

_RING_S = 10  # what inference may fall behind before audio is lost
_STALL_S = 5.0


def file_blocks(path: Path, rate_hz: int, block_samples: int) -> Blocks:
    """Read an audio file block by block.

    Args:
        path: WAV or whatever soundfile reads, of any rate and number of channels.
        rate_hz: rate of the blocks.
        block_samples: samples to read at once.

    Yields:
        Mono blocks, float32 [n].

    Raises:
        AudioError: the file is no audio, is damaged or holds none.
    """
    file_rate_hz, blocks = open_blocks(path, block_samples)
    yield from _resampled(blocks, file_rate_hz, rate_hz)


def stdin_blocks(
    stream: BinaryIO, stream_rate_hz: int, rate_hz: int, block_samples: int, notify: Callable[[str], None]
) -> Blocks:
    """Read raw mono audio, signed 16-bit little-endian, block by block.

    A block is as long as its samples allow, not as what wrote them happened to cut them.

    Args:
        stream: where the bytes come from.
        stream_rate_hz: rate of the samples in it.
        rate_hz: rate of the blocks.
        block_samples: samples in a block.
        notify: takes a line for the user.

    Yields:
        Blocks, float32 [n].

    Raises:
        AudioError: no audio came, or it came as a WAV file.
    """
    yield from _resampled(_raw_blocks(stream, block_samples, notify), stream_rate_hz, rate_hz)


def microphone_blocks(
    device: str | int | None, rate_hz: int, block_samples: int, notify: Callable[[str], None]
) -> Blocks:
    """Record from a microphone, block by block, without end.

    A device that cannot record at `rate_hz` records at its own rate and is resampled.

    Args:
        device: name, part of a name, or number of the device; None for the system's default.
        rate_hz: rate of the blocks.
        block_samples: samples in a block.
        notify: takes a line for the user, where audio was lost.

    Yields:
        Blocks, float32 [n].

    Raises:
        AudioError: PortAudio or the device is missing, or it stops giving audio.
        MissingPackageError: sounddevice is not installed.
    """
    sounddevice = import_sounddevice()
    try:
        device_rate_hz = _device_rate(sounddevice, device, rate_hz)
        recorder = _Recorder(device_rate_hz, max(1, round(block_samples * device_rate_hz / rate_hz)))
        # int16 is what microphones deliver; blocks of 20 ms keep the callbacks few.
        stream = sounddevice.InputStream(
            device_rate_hz,
            blocksize=device_rate_hz // 50,
            device=device,
            channels=1,
            dtype="int16",
            callback=recorder.receive,
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:  # ValueError: no device of this name
        reason = " ".join(str(error).split())
        which = "the default microphone" if device is None else f"microphone {device!r}"
        raise AudioError(f"cannot record from {which} ({reason}): choose another with --device, {INSTEAD}") from error
    with closing(stream):  # discards what is on its way, so that leaving never waits for audio
        yield from _resampled(recorder.blocks(notify), device_rate_hz, rate_hz)


def _resampled(blocks: Iterable[NDArray[np.float32]], from_hz: int, to_hz: int) -> Blocks:
    resample = StreamingResampler(from_hz, to_hz)
    for block in blocks:
        yield resample(block)
    yield resample.flush()


def _raw_blocks(stream: BinaryIO, block_samples: int, notify: Callable[[str], None]) -> Blocks:
    data = stream.read(2 * block_samples)
    if len(data) < 2:
        raise AudioError("standard input: expected raw 16-bit mono audio, got none: check the program that writes it")
    if data.startswith(b"RIFF"):
        raise AudioError(
            "standard input: expected raw 16-bit mono audio, got a WAV file: name the file instead of -, "
            "or let arecord write raw samples (-t raw)"
        )
    while data:
        if len(data) % 2:
            notify("standard input ended in the middle of a sample: the last byte is left out")
        yield _to_float(np.frombuffer(data, "<i2", len(data) // 2))
        data = stream.read(2 * block_samples)


class _Recorder:
    """Take audio from PortAudio's thread, give it out in another, and account for what is lost."""

    def __init__(self, rate_hz: int, block_samples: int) -> None:
        self._rate_hz, self._block_samples = rate_hz, block_samples
        self._ring = SampleRing(_RING_S * rate_hz + block_samples)
        self._arrived = threading.Event()
        self._overruns = 0

    def receive(self, data: NDArray[np.int16], frames: int, time: Any, status: Any) -> None:
        """Take int16 [frames, 1]; this is the callback of the PortAudio stream."""
        self._overruns += bool(status.input_overflow)
        self._ring.write(data[:, 0])
        self._arrived.set()

    def blocks(self, notify: Callable[[str], None]) -> Blocks:
        """Give out blocks, float32 [block_samples]; tell of losses, at most once a second and at the end."""
        told, silent_samples = (0, 0), self._rate_hz
        try:
            while True:
                while len(self._ring) < self._block_samples:
                    if not self._arrived.wait(_STALL_S):
                        raise AudioError(
                            f"the microphone has given no audio for {_STALL_S:g} s: "
                            "check that it is still connected and not muted"
                        )
                    self._arrived.clear()
                silent_samples += self._block_samples
                if self._lost != told and silent_samples >= self._rate_hz:
                    told, silent_samples = self._lost, 0
                    notify(self._account(*told))
                yield _to_float(self._ring.read(self._block_samples))
        finally:
            if self._lost != told:
                notify(self._account(*self._lost))

    @property
    def _lost(self) -> tuple[int, int]:
        return self._overruns, self._ring.dropped

    def _account(self, overruns: int, dropped_samples: int) -> str:
        return (
            f"microphone: audio lost so far: {overruns} times by the driver, "
            f"{dropped_samples / self._rate_hz:.2f} s because the model does not keep up"
        )


def _device_rate(sounddevice: Any, device: str | int | None, rate_hz: int) -> int:
    native_hz: float = sounddevice.query_devices(device, "input")["default_samplerate"]
    try:
        sounddevice.check_input_settings(device, channels=1, dtype="int16", samplerate=rate_hz)
    except sounddevice.PortAudioError:
        return round(native_hz)
    return rate_hz


def _to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32768)
