"""The labelled clips of a training in memory, and features made from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.data.arrays import BACKGROUND, load_audio, load_features
from edgeasr.data.dataset import Example, load_datasets
from edgeasr.errors import DataError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.train.config import TrainConfig

__all__ = ["Clips", "Corpus", "choose", "features_of", "load_corpus", "normalised"]

F32 = NDArray[np.float32]

_ADVICE = "add speakers (about one in ten goes to each of dev and test), or make folders train, dev and test"
_BLOCK = 256  # clips whose features are computed at once
_FEW = 20  # clips of a label


@dataclass(frozen=True)
class Clips:
    """The clips of a split.

    Attributes:
        content: float32 [clips, samples], the sound; or [clips, frames, bins], features that the data set holds ready.
        targets: int64 [clips], `BACKGROUND` for what is no label's.
    """

    content: F32
    targets: NDArray[np.int64]

    @property
    def has_labels(self) -> bool:
        """Whether a clip has a label."""
        return bool((self.targets != BACKGROUND).any())

    def subset(self, rows: NDArray[np.int64]) -> "Clips":
        """Choose some clips."""
        return Clips(self.content[rows], self.targets[rows])


@dataclass(frozen=True)
class Corpus:
    """The data of a training.

    Attributes:
        labels: those that there are, in order.
        train, dev, test: the splits.
        licence: what the licences ask to be said.
        frontend: of the sound, with its normalisation; None where the data set holds features ready.
    """

    labels: tuple[str, ...]
    train: Clips
    dev: Clips
    test: Clips
    licence: str
    frontend: FrontendConfig | None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the features: (frames, bins)."""
        frames, bins = self.frontend.shape if self.frontend else self.train.content.shape[1:]
        return frames, bins

    def describe(self) -> list[str]:
        """Say in a few lines what there is, and what there is too little of."""
        counts = []
        for name in ("train", "dev", "test"):
            targets = getattr(self, name).targets
            counts.append(f"{name} {len(targets)} clips ({np.count_nonzero(targets == BACKGROUND)} background)")
        lines = [", ".join(counts)]
        of_label = np.bincount(self.train.targets[self.train.targets != BACKGROUND], minlength=len(self.labels))
        if of_label.min() < _FEW:
            lines.append(f"warning: only {of_label.min()} clips of {self.labels[of_label.argmin()]!r} to train on")
        if not self.test.has_labels:
            lines.append(f"warning: no labelled clip in the test split, accuracy will not be measured: {_ADVICE}")
        return lines


def load_corpus(config: TrainConfig, frontend: FrontendConfig) -> Corpus:
    """Load and join the data sets of a training.

    Raises:
        DataError: a data set cannot be used, or has no clips to train on or to choose the best epoch by.
    """
    dataset = load_datasets(config.data, config.leave_out)
    if not dataset.labels:
        raise DataError(f"{dataset.name} has transcripts, no labels: train a ctc model with it, or give other data")
    is_sound = all(isinstance(example.read(), Clip) for example in dataset.examples[:1])

    def read(examples: Sequence[Example]) -> Clips:
        if is_sound:
            return Clips(*load_audio(examples, dataset.labels, frontend))
        return Clips(*load_features(examples, dataset.labels, None))

    train = read(choose(dataset.of_split("train"), config))
    dev, test = read(dataset.of_split("dev")), read(dataset.of_split("test"))
    for split, clips in (("train", train), ("dev", dev)):
        if not clips.has_labels:
            raise DataError(f"{dataset.name}: no labelled clip in the split {split!r}: {_ADVICE}")
    absent = set(range(len(dataset.labels))) - set(train.targets.tolist())
    if absent:
        raise DataError(f"{dataset.name}: no clip of {dataset.labels[min(absent)]!r} to train on: add recordings")
    fitted = normalised(frontend, _blocks(frontend, train)) if is_sound else None
    return Corpus(dataset.labels, train, dev, test, dataset.licence, fitted)


def choose(examples: tuple[Example, ...], config: TrainConfig) -> tuple[Example, ...]:
    """Choose the training clips that `config.limit` leaves, in their order."""
    if not 0 < config.limit < len(examples):
        return examples
    rows = np.random.default_rng(config.seed).permutation(len(examples))[: config.limit]
    return tuple(examples[row] for row in sorted(rows.tolist()))


def normalised(frontend: FrontendConfig, features: Iterator[F32]) -> FrontendConfig:
    """Set the normalisation of a front end to mean 0 and deviation 1 in each bin; `micro` stays without.

    Args:
        frontend: a front end without normalisation.
        features: what it gives for the training clips, float32 [..., bins] each.
    """
    if frontend.kind == "micro":
        return frontend
    count, total, squares = 0, np.zeros(frontend.bins), np.zeros(frontend.bins)
    for block in features:
        frames = block.reshape(-1, frontend.bins).astype(np.float64)
        count, total, squares = count + len(frames), total + frames.sum(axis=0), squares + np.square(frames).sum(axis=0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1e-6))
    return replace(frontend, mean=tuple(mean.tolist()), std=tuple(std.tolist()))


def features_of(frontend: FrontendConfig | None, clips: Clips) -> F32:
    """Compute the features of clips: float32 [clips, frames, bins]."""
    if frontend is None:
        return clips.content
    features = np.empty((len(clips.content), *frontend.shape), np.float32)
    for start, block in enumerate(_blocks(frontend, clips)):
        features[start * _BLOCK : start * _BLOCK + len(block)] = block
    return features


def _blocks(frontend: FrontendConfig, clips: Clips) -> Iterator[F32]:
    compute = Frontend(frontend)
    for start in range(0, len(clips.content), _BLOCK):
        yield compute(clips.content[start : start + _BLOCK])
