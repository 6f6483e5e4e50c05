"""A device that spots keywords by itself, in samples that come over its serial line: the host's side of that."""

import re

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.pcm import to_int16
from edgeasr.errors import TargetError
from edgeasr.spot import Event
from edgeasr_firmware.protocol import Device

__all__ = ["DeviceSpotter"]


class DeviceSpotter:
    """Spots keywords as `edgeasr.spot.Spotter` does, on a device.

    Attributes:
        sample_rate_hz: of the samples that it expects.
        hop_samples: how many it takes at once.
        interruptions: how often the device was reset or the line disturbed; it then went on after silence.
    """

    def __init__(self, device: Device) -> None:
        """Begin a stream.

        Raises:
            TargetError: the firmware cannot listen.
        """
        self._device = device
        self.interruptions = 0
        self._sent = 0
        self._start()

    @property
    def time_s(self) -> float:
        """Seconds of audio so far."""
        return self._sent / self.sample_rate_hz

    def feed(self, samples: NDArray[np.float32]) -> list[Event]:
        """Give the device the next samples: float32 [n], full scale 1. Wait until it has heard them.

        Raises:
            TargetError: the device is lost for good.
        """
        integers = to_int16(samples)
        events: list[Event] = []
        for start in range(0, len(integers), self.hop_samples):
            block = integers[start : start + self.hop_samples]
            self._sent += len(block)
            events += self._hear(block)
        return events

    def finish(self) -> list[Event]:
        """End the stream: let half a window of silence follow, so that a word at the very end is found."""
        end_s, sent = self.time_s, self._sent
        events = self.feed(np.zeros(self._window_samples // 2, np.float32))
        self._sent = sent  # the silence takes no time
        return [Event(min(event.time_s, end_s), event.label, event.score) for event in events]

    def _start(self) -> None:
        lines = self._device.ask("listen")
        found = next(
            (match for line in lines if (match := re.fullmatch(r"m-listen-\[(\d+),(\d+),(\d+)\]", line))), None
        )
        if found is None:
            raise TargetError(f"expected an answer like m-listen-[16000,320,16000], got {' '.join(lines)!r}")
        self.sample_rate_hz, self.hop_samples, self._window_samples = map(int, found.groups())
        self._begin = self._sent

    def _hear(self, block: NDArray[np.int16]) -> list[Event]:
        try:
            lines = self._device.ask(f"audio {len(block)}", block.tobytes())
        except TargetError:
            self.interruptions += 1
            self._device.reset()
            self._start()
            return []
        return [event for line in lines if (event := self._event(line))]

    def _event(self, line: str) -> Event | None:
        found = re.fullmatch(r"m-heard-\[(\d+),([\d.]+),(.*)\]", line)
        if found is None:
            return None
        return Event((self._begin + int(found[1])) / self.sample_rate_hz, found[3], float(found[2]))
