"""Training a classifier: one label for a clip of fixed length."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.bundle import Samples
from edgeasr.data.arrays import BACKGROUND, choose_balanced
from edgeasr.data.augment import augment_audio, augment_features
from edgeasr.data.noise import noise_bank
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.metrics.classification import accuracy
from edgeasr.models import ModelSpec, build
from edgeasr.scores import softmax
from edgeasr.train.config import TrainConfig
from edgeasr.train.corpus import Clips, features_of, load_corpus
from edgeasr.train.task import Task, resolve_frontend

__all__ = ["ClassificationBatches", "Classifying"]

_SAMPLES_KEPT = 200


class Classifying(Task):
    """A classifier; the best epoch is that of the highest accuracy on the dev split, then of the lowest loss."""

    def __init__(self, config: TrainConfig, spec: ModelSpec) -> None:
        self._config, self._logits = config, spec.output == "logits"
        self._corpus = load_corpus(config, resolve_frontend(config, spec))
        self.labels, self.licence, self.frontend = self._corpus.labels, self._corpus.licence, self._corpus.frontend
        self.batches = ClassificationBatches(self._corpus.train, len(self.labels), self.frontend, config)
        self._dev_features = features_of(self.frontend, self._corpus.dev)

    def describe(self) -> list[str]:
        return self._corpus.describe()

    def build(self) -> Any:
        return build(self._config.model, self._corpus.shape, len(self.labels), self._config.options)

    def loss(self) -> Any:
        import keras

        return keras.losses.CategoricalCrossentropy(from_logits=self._logits)

    def score(self, model: Any) -> dict[str, float]:
        scores, targets = self._scores(model, self._dev_features), self._corpus.dev.targets
        labelled = targets != BACKGROUND
        correct = scores[labelled].argmax(axis=1) == targets[labelled]
        wanted = _one_hot(targets, len(self.labels))
        loss = -np.mean((wanted * np.log(np.maximum(scores, 1e-9))).sum(axis=1))
        return {"dev_accuracy": float(correct.mean()), "dev_loss": float(loss)}

    def rank(self, measures: Mapping[str, float]) -> tuple[float, ...]:
        return measures["dev_accuracy"], -measures["dev_loss"]

    def test(self, model: Any) -> dict[str, Any]:
        test = self._corpus.test
        if not test.has_labels:
            return {}
        labelled = test.subset(np.flatnonzero(test.targets != BACKGROUND))
        winners = self._scores(model, features_of(self.frontend, labelled)).argmax(axis=1)
        return {"test_accuracy": asdict(accuracy(winners == labelled.targets))}

    def samples(self) -> Samples:
        corpus, seed = self._corpus, self._config.seed
        calibration = corpus.train.subset(choose_balanced(corpus.train.targets, _SAMPLES_KEPT, seed))
        checked = corpus.test if corpus.test.has_labels else corpus.dev
        verification = checked.subset(choose_balanced(checked.targets, _SAMPLES_KEPT, seed, skip=BACKGROUND))
        return Samples(
            calibration=features_of(self.frontend, calibration),
            verification=features_of(self.frontend, verification),
            targets=verification.targets,
        )

    def files(self) -> dict[str, Callable[[Path], None]]:
        return {}

    def _scores(self, model: Any, features: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = np.asarray(model.predict(features, batch_size=256, verbose=0))
        return softmax(outputs) if self._logits else outputs


class ClassificationBatches:
    """Batches of (features [batch, frames, bins], wanted [batch, labels]), augmented as they are made.

    Features of sound that is not altered are computed once.

    Args:
        clips: the training split; features that the data set holds ready are not augmented.
        labels: number of labels.
        frontend: the features; None where they are ready.
        config: batch size, seed and augmentation.
    """

    def __init__(self, clips: Clips, labels: int, frontend: FrontendConfig | None, config: TrainConfig) -> None:
        self.clips = len(clips.targets)
        self._labels, self._config, self._frontend = labels, config, frontend
        self._alters_sound = frontend is not None and config.augment.alters_sound
        self._content = clips.content if self._alters_sound else features_of(frontend, clips)
        self._targets = clips.targets
        if frontend:
            self._compute = Frontend(frontend)
            self._bank = noise_bank(config.augment.noise, frontend.sample_rate_hz)

    def __len__(self) -> int:
        return -(-self.clips // self._config.batch_size)

    def get(self, epoch: int, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Make a batch."""
        config, frontend = self._config, self._frontend
        order = np.random.default_rng([config.seed, epoch]).permutation(self.clips)
        chosen = order[index * config.batch_size : (index + 1) * config.batch_size]
        rng = np.random.default_rng([config.seed, epoch, index])
        features, targets = self._content[chosen], self._targets[chosen]
        if frontend and self._alters_sound:
            rate_hz, bank = frontend.sample_rate_hz, self._bank
            sound, targets = augment_audio(features, targets, rate_hz, config.augment, bank, rng)
            features = self._compute(sound)
        if frontend:
            features = augment_features(features, config.augment, rng)
        return features, _one_hot(targets, self._labels)


def _one_hot(targets: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """Turn targets into wanted probabilities [clips, labels].

    Background wants all labels equally: the model learns to be unsure where no word of its own is said
    (D. Hendrycks et al., "Deep Anomaly Detection with Outlier Exposure", 2019).
    """
    wanted = np.full((len(targets), labels), 1 / labels, np.float32)
    labelled = targets != BACKGROUND
    wanted[labelled] = np.eye(labels, dtype=np.float32)[targets[labelled]]
    return wanted
