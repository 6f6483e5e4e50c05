"""Utterances with their transcripts in memory, and batches of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeasr.card import CtcOutput
from edgeasr.data.arrays import load_transcripts, load_utterances
from edgeasr.data.augment import (
    AugmentConfig,
    augment_features,
    augment_utterance,
    fewest_frames,
    warp_utterance,
)
from edgeasr.data.dataset import Example
from edgeasr.data.noise import noise_bank
from edgeasr.decode.text import CTC_LABELS, frames_needed
from edgeasr.errors import DataError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.features.clip import pad_frames
from edgeasr.train.config import TrainConfig

__all__ = ["CtcBatches", "Utterances", "ctc_wanted"]

F32 = NDArray[np.float32]

_ROUND_FRAMES = 64  # batches are filled up to a multiple of this, so that a compiler meets few shapes
_BUCKET_BATCHES = 8  # batches whose utterances are sorted by length together


class Utterances:
    """The utterances of a split.

    Attributes:
        names: of each, for messages.
        transcripts: int64 [utterances, characters], indices in `CTC_LABELS`, filled up with -1.
        audio: float32 [samples] each.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        frontend: FrontendConfig,
        ctc: CtcOutput,
        augment: AugmentConfig | None = None,
    ) -> None:
        """Read examples.

        Args:
            examples: clips with what is said in them.
            frontend: the features.
            ctc: how the output frames of the model follow its input.
            augment: how the utterances will be varied, if they will.

        Raises:
            DataError: an example has no sound or no transcript, or one that does not fit the output frames of its
                clip, so that CTC's loss would be infinite.
            AudioError: a clip cannot be read, or is longer than what the model sees.
        """
        self.names = [example.id for example in examples]
        self.transcripts = load_transcripts(examples, CTC_LABELS)
        self.audio = load_utterances(examples, frontend)
        for name, samples, transcript in zip(self.names, self.audio, self.transcripts, strict=True):
            shortest = fewest_frames(samples, frontend, augment) if augment else frontend.frames_in(len(samples))
            have = ctc.count(shortest)
            need = frames_needed(transcript[transcript >= 0])
            if need > have:
                raise DataError(
                    f"{name}: lasts {len(samples) / frontend.sample_rate_hz:.2f} s, {have} output frames, but its "
                    f"transcript needs {need}: check that it belongs to the clip, or leave the clip out"
                )

    def __len__(self) -> int:
        return len(self.names)

    def features(self, frontend: FrontendConfig, rows: Sequence[int]) -> F32:
        """Compute features of some, filled up to what the model sees: float32 [rows, frames, bins]."""
        compute = Frontend(frontend)
        return np.stack([pad_frames(compute(self.audio[row]), frontend.frames) for row in rows])


class CtcBatches:
    """Batches of (features [batch, frames, bins], what `ctc_wanted` gives), of utterances of about the same length.

    They are augmented as they are made, and filled up with frames of zeros to the longest of the batch.

    Args:
        split: the training split.
        frontend: the features.
        ctc: how the output frames of the model follow its input.
        config: batch size, seed and augmentation.
    """

    def __init__(self, split: Utterances, frontend: FrontendConfig, ctc: CtcOutput, config: TrainConfig) -> None:
        self.clips = len(split)
        self._split, self._frontend, self._ctc, self._config = split, frontend, ctc, config
        self._compute = Frontend(frontend)
        self._bank = noise_bank(config.augment.noise, frontend.sample_rate_hz)

    def __len__(self) -> int:
        return -(-self.clips // self._config.batch_size)

    def get(self, epoch: int, index: int) -> tuple[F32, NDArray[np.int32]]:
        """Make a batch."""
        seed, augment = self._config.seed, self._config.augment
        rng = np.random.default_rng([seed, epoch, index])
        rows = self._cut(epoch)[index]
        features = []
        for row in rows:
            sound = augment_utterance(self._split.audio[row], self._frontend.sample_rate_hz, augment, self._bank, rng)
            warped = warp_utterance(self._compute(sound), augment, rng)
            features.append(augment_features(warped[None], augment, rng)[0])
        lengths = [len(one) for one in features]
        window = -(-max(lengths) // _ROUND_FRAMES) * _ROUND_FRAMES
        given = np.stack([pad_frames(one, window) for one in features])
        return given, ctc_wanted(lengths, self._split.transcripts[rows], self._ctc)

    def _cut(self, epoch: int) -> list[NDArray[np.int64]]:
        """Cut an epoch into batches: shuffled, then like lengths together within a few batches, then shuffled again."""
        rng = np.random.default_rng([self._config.seed, epoch])
        order = rng.permutation(self.clips)
        lengths = np.array([len(samples) for samples in self._split.audio])
        size = self._config.batch_size
        cut = []
        for start in range(0, self.clips, size * _BUCKET_BATCHES):
            bucket = order[start : start + size * _BUCKET_BATCHES]
            bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
            cut += [bucket[first : first + size] for first in range(0, len(bucket), size)]
        return [cut[place] for place in rng.permutation(len(cut))]


def ctc_wanted(frames: Sequence[int], transcripts: NDArray[np.int64], ctc: CtcOutput) -> NDArray[np.int32]:
    """Say what `ctc_loss` wants of utterances.

    Args:
        frames: of each.
        transcripts: int64 [utterances, characters], filled up with -1.
        ctc: how the output frames follow the input.

    Returns:
        int32 [utterances, 2 + characters]: the output frames and the characters of each, and then the characters.
    """
    wanted = np.zeros((len(frames), 2 + transcripts.shape[1]), np.int32)
    wanted[:, 0] = [ctc.count(count) for count in frames]
    wanted[:, 1] = (transcripts >= 0).sum(axis=1)
    wanted[:, 2:] = np.maximum(transcripts, 0)
    return wanted
