"""The spotter: streaming front end, sliding window or steps, model, smoothing, decision."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.pcm import check_samples
from edgeasr.errors import ArtefactError, AudioError, ConfigError
from edgeasr.features.frontend import StreamingFrontend
from edgeasr.runtime.base import Runtime
from edgeasr.spot.decoder import Decoder, is_keyword
from edgeasr.spot.settings import SpotterConfig, pace_of
from edgeasr.spot.smoothing import SMOOTHERS

__all__ = ["Event", "Spotter", "make_decoder"]

_SILENCE_DBFS = -120.0
_AT_ONCE_S = 60  # of audio, so that hours that are fed at once take no more memory than themselves


@dataclass(frozen=True)
class Event:
    """A keyword was heard.

    Attributes:
        time_s: seconds of audio from the start of the stream to the decision.
        label: the keyword.
        score: its smoothed probability.
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
        window_samples: samples that the model sees at once.
        scores: latest smoothed probabilities, float32 [labels].
        level_dbfs: level of the latest chunk; 0 is full scale.

    Example:
        >>> spotter = Spotter(load("digits.tflite"))  # doctest: +SKIP
        >>> for chunk in chunks:  # doctest: +SKIP
        ...     for event in spotter.feed(chunk):
        ...         print(event.time_s, event.label, event.score)
    """

    def __init__(self, model: Runtime, config: SpotterConfig | None = None) -> None:
        """Set up a spotter; without settings with those of `SpotterConfig()`.

        Raises:
            ArtefactError: the model does not carry its labels and front end.
            ConfigError: the hop is shorter than the front end's or longer than the model's window, or there is a
                threshold for a label that the model has not.
        """
        config = config or SpotterConfig()
        frontend = model.frontend
        if model.ctc:
            raise ArtefactError(
                f"{model.path}: expected a model that spots words, got one that transcribes: run `edgeasr transcribe`"
            )
        if frontend is None or not model.labels:
            raise ArtefactError(
                f"{model.path}: expected an artefact that carries its labels and front end, got one without: "
                "take a file that `edgeasr export` wrote, or put a microWakeWord model's manifest (.json) beside it"
            )
        self._step_frames = model.stepping.hop_frames if model.stepping else 1
        pace = pace_of(config, frontend, self._step_frames)
        self._hop_frames = pace.hop_frames
        self.config = config
        self.labels = model.labels
        self.sample_rate_hz = frontend.sample_rate_hz
        self.window_samples = frontend.clip_samples
        self._model = model
        self._frontend = StreamingFrontend(frontend)
        self._window = np.empty(frontend.shape, np.float32)
        self.hop_samples = self._hop_frames * frontend.hop_samples
        self._smooth = SMOOTHERS[config.smoothing](pace.inferences, len(self.labels))
        self._decide = make_decoder(self.labels, config, self.sample_rate_hz)
        self.reset()

    def reset(self) -> None:
        """Forget all audio and start a new stream at 0 s."""
        self._model.reset()
        self._smooth.reset()
        self._decide.reset()
        self._frontend.reset()
        # A window of zeros gives the frame of silence and leaves the front end where frame k ends at k hops.
        self._window[:] = self._frontend(np.zeros(self._frontend.config.window_samples, np.float32))
        for _ in range(self._model.stepping.steps if self._model.stepping else 0):
            self._model.step(self._window[-self._step_frames :])
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
            AudioError: these are no floats, or one is not finite.
            ArtefactError: the model gives scores that are not finite, or not one for each label.
        """
        check_samples(samples)
        samples = samples.astype(np.float32, copy=False)
        if len(samples) == 0:
            return []
        power = float(samples.dot(samples)) / len(samples)  # NumPy's mean of squares takes a quarter of a hop's time
        if not math.isfinite(power):
            raise AudioError(f"audio after {self.time_s:.2f} s: expected finite samples, got NaN or infinity")
        self.level_dbfs = 10 * math.log10(power) if power > 1e-12 else _SILENCE_DBFS
        events, piece = [], _AT_ONCE_S * self.sample_rate_hz
        for start in range(0, len(samples), piece):
            taken = samples[start : start + piece]
            self._samples += len(taken)
            events += self._advance(taken)
        return events

    def finish(self) -> list[Event]:
        """End the stream: let half a window of silence follow, so that a word at the very end is found.

        Returns:
            The last events; none is later than the end of the audio. Call `reset` before the next stream.
        """
        return self._advance(np.zeros(self.window_samples // 2, np.float32))

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
        scores = self._score()
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

    def _score(self) -> NDArray[np.float32]:
        """Run the model on what the last hop has brought: float32 [labels]."""
        if self._model.stepping is None:
            return self._model.run(self._window)
        hop = self._window[-self._hop_frames :]
        steps = [self._model.step(frames) for frames in np.split(hop, self._hop_frames // self._step_frames)]
        return np.zeros(0, np.float32) if steps[-1] is None else steps[-1]


def make_decoder(labels: tuple[str, ...], config: SpotterConfig, sample_rate_hz: int) -> Decoder:
    """Make the decision of a spotter alone.

    Raises:
        ConfigError: there is a threshold for a label that is no keyword of the model.
    """
    keywords = [label for label in labels if is_keyword(label)]
    for label in config.thresholds:
        if label not in keywords:
            raise ConfigError(f"spotter: threshold for {label!r}, which is none of {', '.join(keywords)}")
    return Decoder(
        labels,
        config.threshold,
        round(config.refractory_ms * sample_rate_hz / 1000),
        config.thresholds,
        config.hysteresis,
        config.minimum_count,
    )
