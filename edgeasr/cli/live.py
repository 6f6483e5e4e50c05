"""The live view of `edgeasr listen`: what is heard and what it costs, redrawn while events pass above."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgeasr.spot import Event, Spotter

if TYPE_CHECKING:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

__all__ = ["LiveView", "live_view"]

_FLOOR_DBFS = -60.0
_WIDTH = 40
_EDGES_HZ = (100, 250, 500, 1000, 2000, 4000, 8000)
_SHADES = " ░▒▓█"
_COSTS_S = 1.0  # over which the costs are measured


class LiveView:
    """What the picture shows, kept up with the stream: one column of the spectrogram a block."""

    def __init__(self, spotter: Spotter) -> None:
        self._spotter = spotter
        self._columns = np.zeros((len(_EDGES_HZ) - 1, _WIDTH), np.intp)  # indices of _SHADES, the highest band first
        self._events, self._latest = 0, ""
        self._costs, self._begin = "", _clocks(spotter)

    def hear(self, block: NDArray[np.float32], events: list[Event]) -> None:
        """Take the next block of the stream, float32 [n], and its events; from the thread that listens."""
        if len(block):
            column = _shades(block, self._spotter.sample_rate_hz)
            self._columns = np.column_stack([self._columns[:, 1:], column])
        for event in events:
            self._events += 1
            self._latest = f"{event.label} {event.score:.2f} at {event.time_s:.1f} s"
        now = _clocks(self._spotter)
        wall_s, process_s, thread_s, audio_s = (end - begin for end, begin in zip(now, self._begin, strict=True))
        if wall_s >= _COSTS_S and audio_s:
            self._costs = f"CPU {100 * process_s / wall_s:.1f} %, real-time factor {thread_s / audio_s:.3f}"
            self._begin = now

    def picture(self) -> "Table":
        """Draw: time and level, the spectrogram, the scores, the latest event, what it costs."""
        from rich.table import Table

        spotter = self._spotter
        picture = Table.grid(padding=(0, 1))
        level = 1 - spotter.level_dbfs / _FLOOR_DBFS
        picture.add_row(f"{spotter.time_s:.1f} s", _bar(level), f"{spotter.level_dbfs:.0f} dBFS")
        for hz, row in zip(_EDGES_HZ[-2::-1], self._columns, strict=True):
            picture.add_row(f"{hz} Hz", "".join(_SHADES[shade] for shade in row))
        for label, score in zip(spotter.labels, spotter.scores.tolist(), strict=True):
            picture.add_row(label, _bar(score), f"{score:.2f}")
        picture.add_row("events", f"{self._events}  {self._latest}")
        picture.add_row("cost", self._costs)
        return picture


@contextmanager
def live_view(spotter: Spotter) -> Iterator[LiveView]:
    """Show what a spotter hears, on stderr, until the context is left."""
    from rich.console import Console
    from rich.live import Live

    view = LiveView(spotter)
    with Live(
        get_renderable=view.picture,
        console=Console(stderr=True),
        refresh_per_second=10,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # events on the same terminal are printed above the picture
    ):
        yield view


def _clocks(spotter: Spotter) -> tuple[float, float, float, float]:
    """Read the time on the wall, of the process, of this thread, and of the audio, in seconds."""
    used = os.times()
    return time.monotonic(), used.user + used.system, time.thread_time(), spotter.time_s


def _shades(block: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.intp]:
    """Give how loud each band is, the highest first: int [bands], indices of `_SHADES`."""
    power = np.square(np.abs(np.fft.rfft(block * np.hanning(len(block)))))
    power *= 16 / 3 / len(block) ** 2  # so that a band with all of a tone has the tone's mean square
    starts = np.minimum(np.multiply(_EDGES_HZ, len(block)) // sample_rate_hz, len(power))
    bands = [power[start:end].sum() for start, end in pairwise(starts)]
    levels = 1 - 10 * np.log10(np.maximum(bands, 1e-12)) / _FLOOR_DBFS
    shades: NDArray[np.intp] = np.clip((levels * len(_SHADES)).astype(np.intp), 0, len(_SHADES) - 1)
    return shades[::-1]


def _bar(fraction: float) -> "ProgressBar":
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=1.0, completed=min(1.0, max(0.0, fraction)), width=_WIDTH)
