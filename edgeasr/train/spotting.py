"""Training a spotter: words in streams, judged by false accepts an hour."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Samples
from edgeasr.data.stream import Stream
from edgeasr.errors import ConfigError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.metrics.detection import DEBOUNCE_S, LATE_S
from edgeasr.models import ModelSpec, build
from edgeasr.scores import softmax
from edgeasr.spot.settings import pace_of
from edgeasr.train.config import TrainConfig
from edgeasr.train.corpus import normalised
from edgeasr.train.keywords import Keywords
from edgeasr.train.segments import SegmentBatches, Sources, output_ends_s
from edgeasr.train.task import Task, resolve_frontend
from edgeasr.train.wake import LISTENING, WakeConfig

__all__ = ["UNKNOWN", "Spotting", "false_accepts", "spotting_loss"]

F32 = NDArray[np.float32]

UNKNOWN = "unknown"  # the label of everything else

_HARDEST = 5  # outputs of a segment that its loss is made of
_HEARD = 5  # outputs about the end of a keyword that should say so: where it ends is known to a tenth of a second
_FAR = 1e9
_BLOCK = 500  # outputs computed together
_LOOPS = 4  # of keywords and background speech in the dev stream
_SAMPLES_KEPT = 200
_MEASURED = 8  # batches that the front end is normalised by


class Spotting(Task):
    """A spotter; the best epoch is that of the fewest false accepts an hour where few enough keywords are missed."""

    frontend: FrontendConfig

    def __init__(
        self,
        config: TrainConfig,
        spec: ModelSpec,
        wake: WakeConfig,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        if spec.stride is None:
            raise ConfigError(f"{config.model} takes windows of one length: spot words in streams with wake-cnn")
        if config.leave_out:
            raise ConfigError("leave_out is not for words in streams: make a manifest.csv that says the splits")
        self._config, self._wake, self._stride = config, wake, spec.stride
        self.labels = (*wake.keywords, UNKNOWN)
        raw = resolve_frontend(config, spec)
        every_output = replace(LISTENING, hop_ms=spec.stride * raw.hop_ms)
        self._smoothed_outputs = pace_of(every_output, raw, spec.stride).inferences
        corpus = Keywords(config, wake, raw.sample_rate_hz, report)
        self.licence = corpus.licence
        sources = corpus.sources()
        counts = (
            f"{sum(map(len, groups))} of {word!r}" for word, groups in zip(wake.keywords, sources.keywords, strict=True)
        )
        minutes = sum(map(len, sources.others)) / raw.sample_rate_hz / 60
        self._lines = [f"train {', '.join(counts)}, {minutes:.0f} min of other speech"]
        self.frontend = raw if raw.kind == "micro" else _normalised(raw, sources, self._stride, config, wake)
        self.batches = SegmentBatches(sources, self.frontend, self._stride, config, wake)
        self._stream = corpus.stream("dev", _LOOPS, _LOOPS)
        self._dev_features = Frontend(self.frontend)(self._stream.clip.samples)
        minutes = self._stream.clip.duration_s / 60
        self._lines.append(f"dev stream of {minutes:.0f} min with {len(self._stream.words)} keywords")

    def describe(self) -> list[str]:
        return self._lines

    def build(self) -> Any:
        return build(self._config.model, self.frontend.shape, len(self.labels), self._config.options)

    def build_for_training(self) -> Any:
        open_shape = (None, self.frontend.bins)
        return build(self._config.model, open_shape, len(self.labels), self._config.options)

    def loss(self) -> Any:
        return partial(spotting_loss, smoothing=self._wake.label_smoothing)

    def score(self, model: Any) -> dict[str, float]:
        outputs = _outputs(model, self._dev_features, self.frontend.frames, self._stride)
        scores = _smoothed(softmax(outputs), self._smoothed_outputs)
        ends_s = output_ends_s(self.frontend, self._stride, len(scores))
        return false_accepts(scores, ends_s, self._stream, self.labels[:-1], self._wake.miss_rate)

    def rank(self, measures: Mapping[str, float]) -> tuple[float, ...]:
        return -measures["dev_fa_per_hour"], -measures["dev_loss"]

    def test(self, model: Any) -> dict[str, Any]:
        return {}  # a threshold is chosen after the export, for the file that will listen

    def samples(self) -> Samples:
        frames, rng = self.frontend.frames, np.random.default_rng(self._config.seed)
        batches = (self.batches.get(0, index)[0] for index in range(min(4, len(self.batches))))
        segments = np.concatenate(list(batches))[:_SAMPLES_KEPT]
        starts = rng.integers(0, segments.shape[1] - frames, len(segments), endpoint=True)
        calibration = np.stack([one[start : start + frames] for one, start in zip(segments, starts, strict=True)])
        verification, targets = self._windows(rng)
        return Samples(calibration=calibration, verification=verification, targets=targets)

    def files(self) -> dict[str, Callable[[Path], None]]:
        return {}

    def _windows(self, rng: np.random.Generator) -> tuple[F32, NDArray[np.int64]]:
        """Cut windows out of the dev stream: a tenth of a second after a keyword, and anywhere outside of them."""
        frames, hop_s = self.frontend.frames, self.frontend.hop_samples / self.frontend.sample_rate_hz
        latest = len(self._dev_features) - frames
        said = self._stream.words[: _SAMPLES_KEPT // 2]
        starts = [min(latest, max(0, round((word.end_s + 0.1) / hop_s) - frames)) for word in said]
        targets = [self.labels.index(word.label) for word in said]
        free = np.ones(latest + 1, bool)
        for word in self._stream.words:
            free[max(0, round(word.start_s / hop_s) - frames) : round((word.end_s + LATE_S) / hop_s)] = False
        others = np.sort(rng.choice(np.flatnonzero(free), len(starts)))
        windows = np.stack([self._dev_features[start : start + frames] for start in (*starts, *others.tolist())])
        return windows, np.array([*targets, *[len(self.labels) - 1] * len(others)], np.int64)


def _normalised(
    frontend: FrontendConfig, sources: Sources, stride: int, config: TrainConfig, wake: WakeConfig
) -> FrontendConfig:
    batches = SegmentBatches(sources, frontend, stride, config, wake)
    return normalised(frontend, (batches.get(0, index)[0] for index in range(min(_MEASURED, len(batches)))))


def spotting_loss(wanted: Any, logits: Any, smoothing: float = 0.0) -> Any:
    """Compute the loss of segments: where a keyword was said, and where the model is most mistaken besides.

    Of the outputs in which it may be heard the best count (max-pooling loss, M. Sun et al., 2016).

    The second part sees only the hardest outputs of a segment: false accepts are rare, and their mean over all outputs
    would be lost among what is easy.

    Args:
        wanted: integer [batch, outputs], as `SegmentBatches` gives it.
        logits: float32 [batch, outputs, labels].
        smoothing: share of certainty that is not asked for.

    Returns:
        float32 [batch].
    """
    from keras import ops

    labels = logits.shape[-1]
    wanted = ops.cast(wanted, "int32")
    share = ops.one_hot(ops.maximum(wanted, 0), labels) * (1 - smoothing) + smoothing / labels
    errors = -ops.sum(share * ops.log_softmax(logits, axis=-1), axis=-1)
    said = ops.logical_and(wanted >= 0, wanted < labels - 1)
    best = ops.top_k(ops.where(said, -errors, -_FAR), _HEARD)[0]
    heard = ops.cast(best > -_FAR, "float32")
    missed = -ops.sum(best * heard, axis=1) / ops.maximum(ops.sum(heard, axis=1), 1.0)
    elsewhere = errors * ops.cast(ops.equal(wanted, labels - 1), "float32")
    return missed + ops.mean(ops.top_k(elsewhere, _HARDEST)[0], axis=1)


def false_accepts(
    scores: F32, ends_s: NDArray[np.float64], stream: Stream, keywords: Sequence[str], miss_rate: float
) -> dict[str, float]:
    """Count false accepts at the threshold at which so many keywords are missed.

    Args:
        scores: smoothed, float32 [outputs, labels], those of the keywords first.
        ends_s: when each was made, from the start of the stream.
        stream: what was heard.
        keywords: in the order of the scores.
        miss_rate: largest share that may be missed.

    Returns:
        `dev_fa_per_hour`, and `dev_loss`: how far the keywords are from 1 and the background from 0, in logarithms.
    """
    peaks, outside = [], np.ones((len(scores), len(keywords)), bool)
    for word in stream.words:
        label = keywords.index(word.label)
        near = slice(*np.searchsorted(ends_s, (word.start_s, word.end_s + LATE_S)))
        outside[near, label] = False
        peaks.append(float(scores[near, label].max(initial=0.0)))
    threshold = max(sorted(peaks)[int(miss_rate * len(peaks))], 1e-6)
    others = np.where(outside, scores[:, : len(keywords)], 0)
    count = 0
    for label in range(len(keywords)):
        times_s = ends_s[others[:, label] >= threshold]
        count += int((np.diff(times_s, prepend=-np.inf) > DEBOUNCE_S).sum())
    background_s = stream.clip.duration_s - sum(word.end_s - word.start_s + LATE_S for word in stream.words)
    hardest = np.sort(others.max(axis=1))[-len(stream.words) :]
    loss = -np.log(np.maximum(peaks, 1e-6)).mean() - np.log(np.maximum(1 - hardest, 1e-6)).mean()
    return {"dev_fa_per_hour": count * 3600 / background_s, "dev_loss": float(loss)}


def _outputs(model: Any, features: F32, frames: int, stride: int) -> F32:
    """Let an open model go over a stream in pieces: float32 [outputs, labels]."""
    outputs = (len(features) - frames) // stride + 1
    made = []
    for first in range(0, outputs, _BLOCK):
        last = min(first + _BLOCK, outputs) - 1
        piece = features[first * stride : last * stride + frames]
        made.append(np.asarray(model.predict_on_batch(piece[None]))[0])
    return np.concatenate(made)


def _smoothed(scores: F32, outputs: int) -> F32:
    """Average each output with those just before it, so many in all."""
    padded = np.concatenate([np.zeros((outputs, scores.shape[1])), scores]).cumsum(axis=0)
    smoothed: F32 = ((padded[outputs:] - padded[:-outputs]) / outputs).astype(np.float32)
    return smoothed
