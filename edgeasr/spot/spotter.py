"""The spotter: streaming front end, sliding window, model, smoothing, decision."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.errors import ArtefactError, AudioError, ConfigError
from edgeasr.features.frontend import StreamingFrontend
from edgeasr.runtime.base import Runtime
from edgeasr.spot.decoder import Decoder
from edgeasr.spot.smoothing import MeanSmoother

__all__ = ["Event", "Spotter", "SpotterConfig"]

_SILENCE_DBFS = -120.0


@dataclass(frozen=True)
class SpotterConfig:
    """How a spotter listens.

    Attributes:
        hop_ms: step between inferences; the nearest whole number of the front end's hops is taken.
        smoothing_ms: scores are averaged over this time; 0 for none.
        threshold: smallest averaged probability that is an event.
        refractory_ms: time after an event in which its label makes no other.
    """

    hop_ms: float = 100.0
    smoothing_ms: float = 300.0
    threshold: float = 0.8
    refractory_ms: float = 1200.0

    def __post_init__(self) -> None:
        checks = (
            (0 < self.hop_ms < math.inf, f"hop_ms must be positive, got {self.hop_ms}"),
            (
                0 <= self.smoothing_ms <= 10_000,
                f"smoothing_ms must lie in 0 to 10000, got {self.smoothing_ms}",
            ),
            (0 < self.threshold <= 1, f"threshold must lie above 0 and not above 1, got {self.threshold}"),
            (
                0 <= self.refractory_ms < math.inf,
                f"refractory_ms must not be negative, got {self.refractory_ms}",
            ),
        )
        for fine, complaint in checks:
            if not fine:
                raise ConfigError(f"spotter: {complaint}")


@dataclass(frozen=True)
class Event:
    """A keyword was heard.

    Attributes:
        time_s: seconds of audio from the start of the stream to the decision.
        label: the keyword.
        score: its averaged probability.
    """

    time_s: float
    label: str
    score: float


class Spotter:
    """Find keywords in a stream of audio, whatever the size of the chunks it comes in.

    The stream is taken to begin after silence, so that a word at its very start is found; `finish` ends it
    with silence. Time is counted in samples of the audio; the clock of the machine plays no part.

    Attributes:
        labels: of the model, in order.
        sample_rate_hz: rate of the audio that `feed` takes.
        hop_samples: samples from one inference to the next.
        scores: latest averaged probabilities, float32 [labels].
        level_dbfs: level of the latest chunk; 0 is full scale.

    Example:
        >>> spotter = Spotter(load("digits.tflite"))  # doctest: +SKIP
        >>> for chunk in chunks:  # doctest: +SKIP
        ...     for event in spotter.feed(chunk):
        ...         print(event.time_s, event.label, event.score)
    """

    def __init__(self, model: Runtime, config: SpotterConfig = SpotterConfig()) -> None:
        """Set up a spotter.

        Raises:
            ArtefactError: the model does not carry its labels and front end.
            ConfigError: the hop is shorter than the front end's or longer than the model's window.
        """
        frontend = model.frontend
        if model.ctc:
            raise ArtefactError(
                f"{model.path}: expected a model that spots words, got one that transcribes: run `edgeasr transcribe`"
            )
        if frontend is None or not model.labels:
            raise ArtefactError(
                f"{model.path}: expected an artefact that carries its labels and front end, got one without: "
                "listen with a file that `edgeasr export` wrote"
            )
        self._hop_frames = round(config.hop_ms / frontend.hop_ms)
        if not 1 <= self._hop_frames <= frontend.frames:
            raise ConfigError(
                f"spotter: hop_ms must lie in {frontend.hop_ms:g} (the front end's hop) to "
                f"{frontend.frames * frontend.hop_ms:g} (the model's window), got {config.hop_ms:g}"
            )
        self.config = config
        self.labels = model.labels
        self.sample_rate_hz = frontend.sample_rate_hz
        self._model = model
        self._frontend = StreamingFrontend(frontend)
        self._window = np.empty(frontend.shape, np.float32)
        self.hop_samples = self._hop_frames * frontend.hop_samples
        inferences = max(1, round(config.smoothing_ms * self.sample_rate_hz / 1000 / self.hop_samples))
        self._smooth = MeanSmoother(inferences, len(self.labels))
        self._decide = Decoder(self.labels, config.threshold, round(config.refractory_ms * self.sample_rate_hz / 1000))
        self.reset()

    def reset(self) -> None:
        """Forget all audio and start a new stream at 0 s."""
        self._model.reset()
        self._smooth.reset()
        self._decide.reset()
        self._frontend.reset()
        # A window of zeros gives the frame of silence and leaves the front end where frame k ends at k hops.
        self._window[:] = self._frontend(np.zeros(self._frontend.config.window_samples, np.float32))
        self._frames = 0
        self._samples = 0
        self.scores = np.zeros(len(self.labels), np.float32)
        self.level_dbfs = _SILENCE_DBFS

    @property
    def time_s(self) -> float:
        """Seconds of audio since the start of the stream."""
        return self._samples / self.sample_rate_hz

    def feed(self, samples: NDArray[np.float32]) -> list[Event]:
        """Listen to the next samples.

        Args:
            samples: float32 [n], any n, full scale is -1 to 1.

        Returns:
            The events that they bring about, in order.

        Raises:
            AudioError: a sample is not a finite number.
            ArtefactError: the model gives scores that are not finite, or not one for each label.
        """
        if len(samples) == 0:
            return []
        power = float(np.square(samples, dtype=np.float64).mean())
        if not math.isfinite(power):
            raise AudioError(f"audio after {self.time_s:.2f} s: expected finite samples, got NaN or infinity")
        self.level_dbfs = 10 * math.log10(power) if power > 1e-12 else _SILENCE_DBFS
        self._samples += len(samples)
        return self._advance(samples)

    def finish(self) -> list[Event]:
        """End the stream: let half a window of silence follow, so that a word at the very end is found.

        Returns:
            The last events; none is later than the end of the audio. Call `reset` before the next stream.
        """
        return self._advance(np.zeros(self._frontend.config.clip_samples // 2, np.float32))

    def _advance(self, samples: NDArray[np.float32]) -> list[Event]:
        events = []
        frames = self._frontend(samples)
        while len(frames):
            missing = self._hop_frames - self._frames % self._hop_frames
            taken, frames = frames[:missing], frames[missing:]
            self._window[: -len(taken)] = self._window[len(taken) :]
            self._window[-len(taken) :] = taken
            self._frames += len(taken)
            if len(taken) == missing and (event := self._infer()):
                events.append(event)
        return events

    def _infer(self) -> Event | None:
        position = self._frames * self._frontend.config.hop_samples
        scores = self._model.run(self._window)
        if scores.shape != (len(self.labels),) or not np.isfinite(scores).all():
            raise ArtefactError(
                f"{self._model.path}: expected {len(self.labels)} finite scores, "
                f"got {scores.size} with {np.count_nonzero(~np.isfinite(scores))} not finite "
                f"at {position / self.sample_rate_hz:.2f} s: export the model again"
            )
        self.scores = self._smooth(scores)
        best = self._decide(self.scores, position)
        if best is None:
            return None
        heard = min(position, self._samples)  # the silence of `finish` takes no time
        return Event(heard / self.sample_rate_hz, self.labels[best], float(self.scores[best]))
