"""The microphone, by PortAudio: what is lost on the way is counted and told, and a device that goes may come back."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.devices import INSTEAD, import_sounddevice
from edgeasr.audio.pcm import to_float
from edgeasr.audio.resample import StreamingResampler
from edgeasr.audio.ring import SampleRing
from edgeasr.audio.source import Blocks
from edgeasr.errors import AudioError

__all__ = ["microphone_blocks"]

_RING_S = 10  # what inference may fall behind before audio is lost
_LATE_S = 1.0  # what may wait when a block is taken, before the block is late
_STALL_S = 5.0
_RETRY_S = 2.0

_PORTAUDIO = threading.Lock()  # while a stream is opened, and while PortAudio is started anew
_STREAMS: set[Any] = set()  # those open in this process


def microphone_blocks(
    device: str | int | None, rate_hz: int, block_samples: int, notify: Callable[[str], None], channel: int = 1
) -> Blocks:
    """Record from a microphone, block by block, without end.

    A device that cannot record at `rate_hz` records at its own rate and is resampled. One that is lost after it has
    given audio is opened again as soon as it is back; the audio goes on as if nothing had been between. Until then
    blocks are empty, so that whoever takes them can end it.

    Args:
        device: name, part of a name, or number of the device; None for the system's default.
        rate_hz: rate of the blocks.
        block_samples: samples in a block.
        notify: takes a line for the user, where audio was lost.
        channel: of the device, from 1.

    Yields:
        Blocks, float32 [n].

    Raises:
        AudioError: PortAudio or the device is missing, is busy, or gives no audio.
        MissingPackageError: sounddevice is not installed.
    """
    sounddevice = import_sounddevice()
    heard_s, lost = 0.0, False
    while True:
        try:
            with (
                _opened(sounddevice, device, rate_hz, block_samples, channel) as recorder,
                closing(recorder.blocks(notify)) as blocks,
            ):
                for block in blocks:
                    now_s = time.monotonic()
                    if lost:
                        notify(f"the microphone is back after {now_s - heard_s:.0f} s without audio")
                    heard_s, lost = now_s, False
                    yield block
        except AudioError as error:
            if not heard_s:
                raise
            if not lost:
                notify(f"{error}; trying again every {_RETRY_S:g} s")
            lost = True
        yield np.zeros(0, np.float32)
        time.sleep(_RETRY_S)
        _list_anew(sounddevice)


@contextmanager
def _opened(
    sounddevice: Any, device: str | int | None, rate_hz: int, block_samples: int, channel: int
) -> Iterator["_Recorder"]:
    with ExitStack() as leaving:
        try:
            with _PORTAUDIO:
                device_rate_hz = _device_rate(sounddevice, device, rate_hz, channel)
                recorder = _Recorder(device_rate_hz, rate_hz, block_samples)
                # int16 is what microphones deliver; blocks of 20 ms keep the callbacks few.
                stream = sounddevice.InputStream(
                    device_rate_hz,
                    blocksize=device_rate_hz // 50,
                    device=device,
                    channels=channel,
                    dtype="int16",
                    callback=recorder.receive,
                )
                _STREAMS.add(stream)
            leaving.callback(_STREAMS.discard, stream)
            leaving.callback(stream.close)  # discards what is on its way, so that leaving never waits for audio
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:  # ValueError: no device of this name
            reason = " ".join(str(error).split())
            which = "the default microphone" if device is None else f"microphone {device!r}"
            raise AudioError(
                f"cannot record from {which} ({reason}): choose another with --device, "
                f"of those that `edgeasr listen --list-devices` shows, {INSTEAD}"
            ) from error
        yield recorder


def _list_anew(sounddevice: Any) -> None:
    """Start PortAudio anew, which lists the devices once, when it starts: one that comes back later is not among them.

    That ends every stream of the process, so it waits until no other is open.
    """
    with _PORTAUDIO, suppress(sounddevice.PortAudioError):  # which opening then says again
        if not _STREAMS:
            sounddevice._terminate()
            sounddevice._initialize()


class _Recorder:
    """Take audio from PortAudio's thread, give it out in another, and account for what is lost or late."""

    def __init__(self, device_rate_hz: int, rate_hz: int, block_samples: int) -> None:
        self._rate_hz = device_rate_hz
        self._block_samples = max(1, round(block_samples * device_rate_hz / rate_hz))
        self._resample = StreamingResampler(device_rate_hz, rate_hz)
        self._ring = SampleRing(_RING_S * device_rate_hz + self._block_samples)
        self._arrived = threading.Event()
        self._overruns = self._late = 0

    def receive(self, data: NDArray[np.int16], frames: int, time: Any, status: Any) -> None:
        """Take int16 [frames, channels], of which the last is the one asked for; PortAudio's callback."""
        self._overruns += bool(status.input_overflow)
        self._ring.write(data[:, -1])
        self._arrived.set()

    def blocks(self, notify: Callable[[str], None]) -> Blocks:
        """Give out blocks, float32 [n]; tell of losses, at most once a second and at the end.

        Raises:
            AudioError: no audio comes any more.
        """
        told, silent_samples = (0, 0, 0), self._rate_hz
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
                samples = self._ring.read(self._block_samples)
                self._late += len(self._ring) > _LATE_S * self._rate_hz
                if self._counts != told and silent_samples >= self._rate_hz:
                    told, silent_samples = self._counts, 0
                    notify(self._account(*told))
                yield self._resample(to_float(samples))
        finally:
            if self._counts != told:
                notify(self._account(*self._counts))

    @property
    def _counts(self) -> tuple[int, int, int]:
        return self._overruns, self._ring.dropped, self._late

    def _account(self, overruns: int, dropped_samples: int, late: int) -> str:
        return (
            f"microphone: audio lost so far: {overruns} times by the driver, "
            f"{dropped_samples / self._rate_hz:.2f} s because the model does not keep up; "
            f"blocks late by more than {_LATE_S:g} s: {late}"
        )


def _device_rate(sounddevice: Any, device: str | int | None, rate_hz: int, channel: int) -> int:
    native_hz: float = sounddevice.query_devices(device, "input")["default_samplerate"]
    try:
        sounddevice.check_input_settings(device, channels=channel, dtype="int16", samplerate=rate_hz)
    except sounddevice.PortAudioError:
        return round(native_hz)
    return rate_hz
