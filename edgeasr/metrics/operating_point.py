"""The operating points of a spotter: all thresholds tried on one stream, and the one for a requested rate."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.data.stream import SpokenWord
from edgeasr.errors import ConfigError
from edgeasr.metrics.detection import Detection, detect_words
from edgeasr.runtime import Runtime
from edgeasr.spot import Event, Spotter, SpotterConfig
from edgeasr.spot.decoder import is_keyword
from edgeasr.spot.spotter import make_decoder

__all__ = ["THRESHOLDS", "Listened", "OperatingPoint", "choose_point", "listen", "try_thresholds"]

# 0.05 to 0.9999, evenly spaced as logits: what tells a good model from a better one lies near 1.
THRESHOLDS = tuple(round(1 / (1 + math.exp(-step / 10)), 5) for step in range(-30, 91))


@dataclass(frozen=True)
class Listened:
    """The smoothed scores of a stream, from which events follow for every threshold.

    Attributes:
        config: what they were made with.
        labels: of the model.
        scores: float32 [inferences, labels].
        hop_samples: from one to the next.
        sample_rate_hz: of the stream.
        duration_s: length of the stream.
    """

    config: SpotterConfig
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    hop_samples: int
    sample_rate_hz: int
    duration_s: float

    @property
    def keywords(self) -> tuple[str, ...]:
        """The labels that are reported."""
        return tuple(label for label in self.labels if is_keyword(label))

    def events(self, config: SpotterConfig) -> list[Event]:
        """Decide once more, with the thresholds, the hysteresis, the count and the refractory time of `config`."""
        decide = make_decoder(self.labels, config, self.sample_rate_hz)
        events = []
        for number in self._decisive(config):
            row, position = self.scores[number], (number + 1) * self.hop_samples
            if (best := decide(row, position)) is not None:
                time_s = min(position / self.sample_rate_hz, self.duration_s)
                events.append(Event(time_s, self.labels[best], float(row[best])))
        return events

    def _decisive(self, config: SpotterConfig) -> Sequence[int]:
        """Give the inferences that a decision can depend on.

        Of those in turn that reach no threshold it is the first, which ends a count; hysteresis looks at all of them.
        """
        if config.hysteresis:
            return range(len(self.scores))
        highest = self.scores[:, [is_keyword(label) for label in self.labels]].max(axis=1, initial=0)
        loud = highest >= min([config.threshold, *config.thresholds.values()])
        decisive: list[int] = np.flatnonzero(loud | np.append(False, loud[:-1])).tolist()
        return decisive

    def measure(self, config: SpotterConfig, words: Sequence[SpokenWord]) -> Detection:
        """Compare the events with the words that were said."""
        return detect_words(self.events(config), words, self.keywords, self.duration_s)


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, and what a spotter does with it."""

    threshold: float
    detection: Detection


def listen(
    model: Runtime, config: SpotterConfig, clip: Clip, progress: Callable[[float], None] = lambda done: None
) -> Listened:
    """Let a spotter listen to a stream, as it would to a microphone.

    Args:
        model: what to listen with.
        config: of the spotter.
        clip: the audio, at the model's rate; half a window of silence is taken to follow.
        progress: called with the share that is done.

    Raises:
        ArtefactError, ConfigError: as `Spotter`.
    """
    spotter = Spotter(model, config)
    if clip.sample_rate_hz != spotter.sample_rate_hz:
        raise ConfigError(f"expected audio of {spotter.sample_rate_hz} Hz, got {clip.sample_rate_hz}: resample it")
    hop = spotter.hop_samples
    hops = (len(clip.samples) + spotter.window_samples // 2) // hop
    scores = np.empty((hops, len(spotter.labels)), np.float32)
    for number in range(hops):
        taken = clip.samples[number * hop : (number + 1) * hop]
        spotter.feed(taken if len(taken) == hop else np.pad(taken, (0, hop - len(taken))))
        scores[number] = spotter.scores
        if number % 100 == 0:
            progress(number / hops)
    return Listened(config, spotter.labels, scores, hop, spotter.sample_rate_hz, clip.duration_s)


def try_thresholds(listened: Listened, words: Sequence[SpokenWord]) -> list[OperatingPoint]:
    """Measure with each of `THRESHOLDS`, the same for all labels, the lowest first."""
    return [
        OperatingPoint(threshold, listened.measure(replace(listened.config, threshold=threshold, thresholds={}), words))
        for threshold in THRESHOLDS
    ]


def choose_point(points: Sequence[OperatingPoint], false_accepts_per_hour: float) -> OperatingPoint | None:
    """Choose the threshold that leaves most room on both sides of what was measured.

    From some threshold on, no higher one has more false accepts an hour than requested. Those that miss no more words
    than that one are as good on this stream; the one in the middle of them is the choice for others.

    Returns:
        None where the highest has more.
    """
    good = list(takewhile(lambda point: point.detection.false_accepts_per_hour <= false_accepts_per_hour, points[::-1]))
    alike = [point for point in good[::-1] if point.detection.missed == good[-1].detection.missed]
    return alike[len(alike) // 2] if alike else None
