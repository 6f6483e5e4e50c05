"""Transcripts of clips and of streams, by CTC models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.audio.pcm import check_samples
from edgeasr.card import CtcOutput
from edgeasr.decode.ctc import GreedyDecoder, Word, align, greedy, words
from edgeasr.decode.text import encode
from edgeasr.errors import ArtefactError, ConfigError
from edgeasr.features import Frontend, FrontendConfig, StreamingFrontend
from edgeasr.features.clip import pad_frames, utterance_samples
from edgeasr.runtime import Runtime
from edgeasr.runtime.base import check_scores

__all__ = ["StreamingTranscriber", "TimedWord", "Transcriber"]

_PAUSE_S = 0.8  # without a character: the utterance is over
_STEP_S = 0.24  # between two inferences on a stream


@dataclass(frozen=True)
class TimedWord:
    """A word and when it was said.

    Attributes:
        text: the word.
        start_s, end_s: seconds of audio since the start of the clip or stream.
        utterance: number of the utterance in the stream, from 0.
    """

    text: str
    start_s: float
    end_s: float
    utterance: int = 0


class Transcriber:
    """Give the transcript of an utterance that fits the model's window.

    Example:
        >>> transcribe = Transcriber(load("orders/ctc-small.int8.tflite"))  # doctest: +SKIP
        >>> [word.text for word in transcribe(read_clip("order.wav"), "order.wav")]  # doctest: +SKIP
        ['can', 'i', 'get', 'a', 'double', 'shot', 'cappuccino']
    """

    def __init__(self, model: Runtime, decode: Callable[[NDArray[np.float32]], str] | None = None) -> None:
        """Set up a transcriber.

        Args:
            model: a CTC model that carries its front end.
            decode: gives the text of scores [output frames, labels]; by default greedy decoding.

        Raises:
            ArtefactError: the model is none.
        """
        self._ctc, self.frontend = ctc_of(model)
        self._model = model
        self._compute = Frontend(self.frontend)
        self._decode = decode or (lambda scores: greedy(scores, model.labels))

    def __call__(self, clip: Clip, where: str) -> list[TimedWord]:
        """Transcribe a clip of any rate.

        Args:
            clip: the utterance.
            where: what it is, for the message.

        Returns:
            Its words, and when they were said: by the most probable alignment of the text to the sound.

        Raises:
            AudioError: it is longer than the model's window.
            ArtefactError: the scores are not finite.
        """
        features = self._compute(utterance_samples(clip, self.frontend, where))
        outputs = self._model.run(pad_frames(features, self.frontend.frames))[: self._ctc.count(len(features))]
        scores = check_scores(outputs, self._model.path)
        text = self._decode(scores)
        path = align(scores, encode(text, self._model.labels, where)) if text else np.zeros(0, np.int64)
        frame_s = self._ctc.stride * self.frontend.hop_samples / self.frontend.sample_rate_hz
        return [
            TimedWord(word.text, word.start_frame * frame_s, word.end_frame * frame_s)
            for word in words(path, self._model.labels)
        ]


class StreamingTranscriber:
    """Give the words of a stream as they come, however it is cut.

    An utterance ends with a pause, or where it fills the model's window. Within an utterance the words are those of a
    `Transcriber` with greedy decoding.
    """

    def __init__(self, model: Runtime) -> None:
        """Set up a transcriber.

        Raises:
            ArtefactError: the model is no CTC model.
            ConfigError: it looks at the whole utterance, or as far as its window goes, before it gives a word.
        """
        self._ctc, self.frontend = ctc_of(model)
        if self._ctc.lookahead is None:
            raise ConfigError(
                f"{model.path}: looks at the whole utterance, in both directions, and cannot transcribe a stream: "
                "transcribe a file, or use a model of limited look-ahead"
            )
        if self._ctc.count(self.frontend.frames - self._ctc.lookahead) < 1:
            raise ConfigError(
                f"{model.path}: looks ahead {self._ctc.lookahead} frames, as far as its window of "
                f"{self.frontend.frames}: transcribe a file, or train with a longer frontend.clip_ms"
            )
        self._lookahead = self._ctc.lookahead
        self._model = model
        self._compute = StreamingFrontend(self.frontend)
        self._decoder = GreedyDecoder(model.labels)
        self._blank = len(model.labels) - 1
        frame_s = self.frontend.hop_samples / self.frontend.sample_rate_hz
        self._output_s = frame_s * self._ctc.stride
        self._step_frames = max(1, round(_STEP_S / frame_s))
        self._pause_frames = round(_PAUSE_S / self._output_s)
        self._start_frame = self._utterance = 0  # where the utterance begins in the stream, and its number
        self._begin(np.zeros((0, self.frontend.bins), np.float32))

    def feed(self, samples: NDArray[np.float32]) -> list[TimedWord]:
        """Take the next samples, float32 [n], at the front end's rate; give the words that they finish.

        Raises:
            AudioError: these are no floats.
        """
        check_samples(samples)
        found: list[TimedWord] = []
        for frame in self._compute(samples):
            self._features[self._frames] = frame
            self._frames += 1
            full = self._frames == len(self._features)
            if full or self._frames % self._step_frames == 0:
                found += self._advance(self._ctc.count(self._frames - self._lookahead))
            if self._silent >= self._pause_frames:
                found += self._end()
            elif full:
                found += self._cut()
        return found

    def finish(self) -> list[TimedWord]:
        """End the stream: give the words that are left."""
        return self._advance(self._ctc.count(self._frames)) + self._end()

    def _begin(self, features: NDArray[np.float32]) -> None:
        """Begin an utterance with what is known of it."""
        self._features = pad_frames(features, self.frontend.frames)
        self._frames, self._decoded, self._silent, self._finished = len(features), 0, 0, 0
        self._decoder.reset()

    def _advance(self, outputs: int) -> list[TimedWord]:
        """Decode up to so many output frames of the utterance."""
        if outputs <= self._decoded:
            return []
        scores = check_scores(self._model.run(self._features), self._model.path)
        path = scores[self._decoded : outputs].argmax(axis=1)
        self._decoded = outputs
        spoken = np.flatnonzero(path != self._blank)
        self._silent = len(path) - 1 - int(spoken[-1]) if len(spoken) else self._silent + len(path)
        return self._timed(self._decoder.follow(path))

    def _end(self) -> list[TimedWord]:
        """End the utterance where it is decoded to; what follows belongs to the next."""
        left = self._timed(self._decoder.finish())
        self._utterance += bool(self._finished)  # of one without words nobody knows
        self._go_on_from(self._decoded)
        return left

    def _cut(self) -> list[TimedWord]:
        """End the utterance after its last whole word, since the window is full; the word under way is heard again."""
        if not self._finished:  # one word, or one noise, as long as the window
            return self._end()
        self._go_on_from(self._finished)
        return []

    def _go_on_from(self, output: int) -> None:
        done = min(output * self._ctc.stride, self._frames)
        self._start_frame += done
        self._begin(self._features[done : self._frames])

    def _timed(self, found: Sequence[Word]) -> list[TimedWord]:
        begin_s = self._start_frame * self.frontend.hop_samples / self.frontend.sample_rate_hz
        for word in found:
            self._finished = word.end_frame
        return [
            TimedWord(
                word.text,
                begin_s + word.start_frame * self._output_s,
                begin_s + word.end_frame * self._output_s,
                self._utterance,
            )
            for word in found
        ]


def ctc_of(model: Runtime) -> tuple[CtcOutput, FrontendConfig]:
    """Get what a transcript needs from a model.

    Raises:
        ArtefactError: it is no CTC model, or does not carry its front end.
    """
    if model.ctc is None or model.frontend is None:
        raise ArtefactError(
            f"{model.path}: expected a model that transcribes (ctc-...), got one that does not say so: "
            "`edgeasr listen` runs those that spot words"
        )
    return model.ctc, model.frontend
