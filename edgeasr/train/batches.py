"""Training batches: clips augmented and turned into features as they are needed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.arrays import BACKGROUND
from edgeasr.data.augment import augment_audio, augment_features, noise_bank
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.train.config import TrainConfig
from edgeasr.train.corpus import Waveforms

__all__ = ["make_batches", "one_hot"]


def make_batches(waveforms: Waveforms, labels: int, frontend: FrontendConfig, config: TrainConfig) -> Any:
    """Make a Keras data set that gives (features [batch, frames, bins], wanted [batch, labels]).

    What a batch holds depends only on the seed, the epoch (`set_epoch`) and its number: not on the order in which
    batches are asked for, nor on what was computed before. So a resumed training sees what it would have seen.

    Args:
        waveforms: the clips.
        labels: number of labels.
        frontend: the features.
        config: batch size, seed and augmentation.
    """
    import keras

    compute = Frontend(frontend)
    bank = noise_bank(config.augment, frontend.sample_rate_hz)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=2, use_multiprocessing=False)
            self.set_epoch(0)

        def set_epoch(self, epoch: int) -> None:
            self._epoch = epoch
            self._order = np.random.default_rng([config.seed, epoch]).permutation(len(waveforms.targets))

        def __len__(self) -> int:
            return -(-len(waveforms.targets) // config.batch_size)

        def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            rng = np.random.default_rng([config.seed, self._epoch, index])
            chosen = self._order[index * config.batch_size : (index + 1) * config.batch_size]
            sound, wanted = augment_audio(
                waveforms.audio[chosen], waveforms.targets[chosen], frontend.sample_rate_hz, config.augment, bank, rng
            )
            features = augment_features(compute(sound), config.augment, rng)
            return features, one_hot(wanted, labels)

    return Batches()


def one_hot(targets: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """Turn targets into wanted probabilities [clips, labels].

    Background wants all labels equally: the model learns to be unsure where no word of its own is said
    (D. Hendrycks et al., "Deep Anomaly Detection with Outlier Exposure", 2019).
    """
    wanted = np.full((len(targets), labels), 1 / labels, np.float32)
    labelled = targets != BACKGROUND
    wanted[labelled] = np.eye(labels, dtype=np.float32)[targets[labelled]]
    return wanted
