"""Training a recogniser: the transcript of an utterance of any length, by CTC."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np

from edgeasr.bundle import Samples
from edgeasr.card import CtcOutput
from edgeasr.data.dataset import Split, load_datasets
from edgeasr.decode.ngram import LanguageModel
from edgeasr.decode.text import CTC_LABELS
from edgeasr.errors import DataError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.features.clip import count_frames
from edgeasr.metrics.answers import answers, right_answers
from edgeasr.metrics.transcription import Transcription, compare, transcription
from edgeasr.models import ModelSpec, build
from edgeasr.packages import check_installed
from edgeasr.train.config import TrainConfig
from edgeasr.train.corpus import choose, normalised
from edgeasr.train.task import Task, resolve_frontend
from edgeasr.train.utterances import CtcBatches, Utterances, ctc_wanted

__all__ = ["Transcribing", "ctc_loss"]

_SAMPLES_KEPT = 48
_BLOCK = 16  # utterances measured at once
_ORDER = 3  # words that the language model sees at once


class Transcribing(Task):
    """A CTC model; the best epoch is that of the lowest word error rate on the dev split, then of the lowest loss."""

    frontend: FrontendConfig

    def __init__(self, config: TrainConfig, spec: ModelSpec, ctc: CtcOutput) -> None:
        self._config, self._ctc = config, ctc
        check_installed("jiwer", "wer", "training a recogniser")
        frontend = resolve_frontend(config, spec)
        dataset = load_datasets(config.data, config.leave_out)
        spoken = {
            split: tuple(example for example in dataset.of_split(split) if example.label is not None)  # no background
            for split in get_args(Split)
        }
        for split in ("train", "dev"):
            if not spoken[split]:
                counts = ", ".join(f"{name} {len(examples)}" for name, examples in spoken.items())
                raise DataError(
                    f"{dataset.name}: no utterance in the split {split!r} (there are {counts}): add speakers, of "
                    "whom one in ten goes there, or say the split of each clip yourself"
                )
        self._train = Utterances(choose(spoken["train"], config), frontend, ctc, config.augment)
        self._dev = Utterances(spoken["dev"], frontend, ctc)
        self._test = Utterances(spoken["test"], frontend, ctc)
        compute = Frontend(frontend)
        self.labels, self.licence = CTC_LABELS, dataset.licence
        self.frontend = normalised(frontend, (compute(samples) for samples in self._train.audio))
        self.batches = CtcBatches(self._train, self.frontend, ctc, config)

    def describe(self) -> list[str]:
        counts = (
            f"{name} {len(split)} utterances ({sum(map(len, split.audio)) / self.frontend.sample_rate_hz / 60:.1f} min)"
            for name, split in (("train", self._train), ("dev", self._dev), ("test", self._test))
        )
        lines = [", ".join(counts)]
        if not len(self._test):
            lines.append("warning: no utterance in the test split, word errors will not be measured: add speakers")
        return lines

    def build(self) -> Any:
        return build(self._config.model, (None, self.frontend.bins), len(self.labels), self._config.options)

    def loss(self) -> Any:
        return ctc_loss

    def score(self, model: Any) -> dict[str, float]:
        result, loss = self._measure(model, self._dev)
        return {"dev_wer": result.wer, "dev_loss": loss}

    def rank(self, measures: Mapping[str, float]) -> tuple[float, ...]:
        return -measures["dev_wer"], -measures["dev_loss"]

    def test(self, model: Any) -> dict[str, Any]:
        return {"test_wer": self._measure(model, self._test)[0].to_json()} if len(self._test) else {}

    def samples(self) -> Samples:
        rng = np.random.default_rng(self._config.seed)
        checked = self._test if len(self._test) else self._dev
        calibration, verification = (
            np.sort(rng.permutation(len(split))[:_SAMPLES_KEPT]).tolist() for split in (self._train, checked)
        )
        return Samples(
            calibration=self._train.features(self.frontend, calibration),
            verification=checked.features(self.frontend, verification),
            targets=checked.transcripts[verification],
        )

    def files(self) -> dict[str, Callable[[Path], None]]:
        sentences = right_answers(self._train.transcripts, self.labels, self._ctc).tolist()
        return {"words.arpa": LanguageModel.train(sentences, _ORDER).write}

    def _measure(self, model: Any, split: Utterances) -> tuple[Transcription, float]:
        """Measure a split as an artefact sees it, in the whole window: its errors, and its mean loss."""
        import keras

        said: list[str] = []
        losses: list[float] = []
        for start in range(0, len(split), _BLOCK):
            rows = range(start, min(start + _BLOCK, len(split)))
            given = split.features(self.frontend, rows)
            outputs = keras.ops.convert_to_numpy(model.predict_on_batch(given))
            wanted = ctc_wanted(count_frames(given).tolist(), split.transcripts[rows], self._ctc)
            losses += keras.ops.convert_to_numpy(_exact_loss()(wanted, outputs)).tolist()
            said += answers(outputs, given, self.labels, self._ctc).tolist()
        right = right_answers(split.transcripts, self.labels, self._ctc).tolist()
        pairs = zip(split.names, right, said, strict=True)
        return transcription([compare(*pair) for pair in pairs]), float(np.mean(losses))


def ctc_loss(wanted: Any, logits: Any) -> Any:
    """Compute the CTC loss on any Keras backend (A. Graves et al., ICML 2006).

    Args:
        wanted: [batch, 2 + characters], as `ctc_batch` makes it.
        logits: [batch, output frames, labels], the blank last.

    Returns:
        One loss an utterance: the negative logarithm of the probability of its transcript.
    """
    import keras

    wanted = keras.ops.cast(wanted, "int32")
    return (_tensorflow_ctc if keras.backend.backend() == "tensorflow" else _keras_ctc)(wanted, logits)


def _keras_ctc(wanted: Any, logits: Any) -> Any:
    import keras

    return keras.ops.ctc_loss(wanted[:, 2:], logits, wanted[:, 1], wanted[:, 0], mask_index=logits.shape[-1] - 1)


@cache
def _exact_loss() -> Callable[[Any, Any], Any]:
    """Give a loss that is finite for all logits, compiled where the backend does not do that by itself."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return _keras_ctc
    import tensorflow as tf

    compiled: Callable[[Any, Any], Any] = tf.function(_keras_ctc, reduce_retracing=True)
    return compiled


def _tensorflow_ctc(wanted: Any, logits: Any) -> Any:
    """Compute the same by TensorFlow's operation in C++, in an eighth of the time on a CPU.

    It gives infinity where a softmax underflows, as that of a model at its beginning may.
    """
    import tensorflow as tf

    frames, lengths, characters = wanted[:, 0], wanted[:, 1], wanted[:, 2:]
    given = tf.sequence_mask(lengths, tf.shape(characters)[1])
    shape = tf.shape(characters, out_type=tf.int64)
    sparse = tf.SparseTensor(tf.where(given), tf.boolean_mask(characters, given), shape)
    return tf.compat.v1.nn.ctc_loss(sparse, logits, frames, time_major=False)
