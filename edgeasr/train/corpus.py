"""The data of a training in memory: the sound of each split, and features made from it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.arrays import BACKGROUND, load_audio
from edgeasr.data.dataset import load_datasets
from edgeasr.errors import DataError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.train.config import TrainConfig

__all__ = ["Corpus", "Waveforms", "features_of", "load_corpus", "normalised"]

_ADVICE = "add speakers (about one in ten goes to each of dev and test), or make folders train, dev and test"
_BLOCK = 256  # clips whose features are computed at once
_FEW = 20  # clips of a label


@dataclass(frozen=True)
class Waveforms:
    """The sound of a split.

    Attributes:
        audio: float32 [clips, samples].
        targets: int64 [clips], `BACKGROUND` for what is no label's.
    """

    audio: NDArray[np.float32]
    targets: NDArray[np.int64]

    @property
    def has_labels(self) -> bool:
        """Whether a clip has a label."""
        return bool((self.targets != BACKGROUND).any())

    def subset(self, rows: NDArray[np.int64]) -> "Waveforms":
        """Choose some clips."""
        return Waveforms(self.audio[rows], self.targets[rows])


@dataclass(frozen=True)
class Corpus:
    """The data of a training: the labels, the three splits, and what the licences ask to be said."""

    labels: tuple[str, ...]
    train: Waveforms
    dev: Waveforms
    test: Waveforms
    licence: str

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
    train, dev, test = (
        Waveforms(*load_audio(dataset.of_split(split), dataset.labels, frontend)) for split in ("train", "dev", "test")
    )
    for split, waveforms in (("train", train), ("dev", dev)):
        if not waveforms.has_labels:
            raise DataError(f"{dataset.name}: no labelled clip in the split {split!r}: {_ADVICE}")
    absent = set(range(len(dataset.labels))) - set(train.targets.tolist())
    if absent:
        raise DataError(f"{dataset.name}: no clip of {dataset.labels[min(absent)]!r} to train on: add recordings")
    return Corpus(dataset.labels, train, dev, test, dataset.licence)


def normalised(frontend: FrontendConfig, waveforms: Waveforms) -> FrontendConfig:
    """Set the normalisation of the features to mean 0 and deviation 1 in each bin, over these clips."""
    count, total, squares = 0, np.zeros(frontend.bins), np.zeros(frontend.bins)
    for block in _blocks(frontend, waveforms):
        frames = block.reshape(-1, frontend.bins).astype(np.float64)
        count, total, squares = count + len(frames), total + frames.sum(axis=0), squares + np.square(frames).sum(axis=0)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1e-6))
    return replace(frontend, mean=tuple(mean.tolist()), std=tuple(std.tolist()))


def features_of(frontend: FrontendConfig, waveforms: Waveforms) -> NDArray[np.float32]:
    """Compute the features of clips: float32 [clips, frames, bins]."""
    return np.concatenate([np.zeros((0, *frontend.shape), np.float32), *_blocks(frontend, waveforms)])


def _blocks(frontend: FrontendConfig, waveforms: Waveforms) -> Iterator[NDArray[np.float32]]:
    compute = Frontend(frontend)
    for start in range(0, len(waveforms.audio), _BLOCK):
        yield compute(waveforms.audio[start : start + _BLOCK])
