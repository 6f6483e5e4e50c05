"""The audio around each event, kept as WAV."""

import re
from collections import deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.wav import write_wav
from edgeasr.spot.spotter import Event

__all__ = ["MOST_FILES", "EventRecorder"]

MOST_FILES = 1000  # in one run: a spotter that is left alone must not fill the disk
_BEFORE_S = 2.0
_AFTER_S = 0.5


class EventRecorder:
    """Write what was heard from two seconds before each event to half a second after it.

    The files, `TIME-LABEL-SCORE.wav`, can be labelled and evaluated or trained with. Memory holds the last seconds.

    Attributes:
        files: written so far, at most `MOST_FILES`.
    """

    def __init__(self, folder: Path, prefix: str, sample_rate_hz: int) -> None:
        """Set up a recorder.

        Args:
            folder: for the files; made where it is not there.
            prefix: of the names, which keeps the files of one run from those of others.
            sample_rate_hz: of the audio.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.files = 0
        self._folder, self._prefix, self._rate_hz = folder, prefix, sample_rate_hz
        self._recent = np.zeros(0, np.float32)
        self._end = 0  # of what is recent, in samples of the stream
        self._waiting: deque[Event] = deque()

    def feed(self, samples: NDArray[np.float32], events: list[Event]) -> None:
        """Take the next samples of the stream, float32 [n], and the events that they brought about."""
        self._recent = np.concatenate([self._recent, samples])
        self._end += len(samples)
        self._waiting += events
        while self._waiting and self._end >= round((self._waiting[0].time_s + _AFTER_S) * self._rate_hz):
            self._write(self._waiting.popleft())
        oldest_s = self._waiting[0].time_s if self._waiting else self._end / self._rate_hz
        keep = self._end - round((oldest_s - _BEFORE_S) * self._rate_hz)
        self._recent = self._recent[max(0, len(self._recent) - keep) :]

    def finish(self) -> None:
        """End the stream: write what there is of the events that still wait."""
        while self._waiting:
            self._write(self._waiting.popleft())

    def _write(self, event: Event) -> None:
        if self.files >= MOST_FILES:
            return
        begin = self._end - len(self._recent)
        start = max(0, round((event.time_s - _BEFORE_S) * self._rate_hz) - begin)
        stop = round((event.time_s + _AFTER_S) * self._rate_hz) - begin
        label = re.sub(r"[^\w-]", "_", event.label)
        name = f"{self._prefix}-{event.time_s:010.2f}s-{label}-{event.score:.2f}.wav"
        write_wav(self._folder / name, Clip(self._recent[start:stop], self._rate_hz))
        self.files += 1
