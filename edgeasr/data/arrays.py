"""Examples as arrays: row i of every array is example i, so ids, speakers and splits stay where they are."""

import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import AudioWarning, Clip
from edgeasr.audio.wav import is_clipped
from edgeasr.card import CtcOutput
from edgeasr.data.dataset import Example
from edgeasr.decode.text import encode, normalise
from edgeasr.errors import DataError
from edgeasr.features.clip import fit_clip, pad_frames, utterance_samples
from edgeasr.features.config import FrontendConfig
from edgeasr.features.frontend import Frontend

__all__ = [
    "BACKGROUND",
    "choose_balanced",
    "load_audio",
    "load_features",
    "load_inputs",
    "load_targets",
    "load_transcripts",
    "load_utterance_features",
    "load_utterances",
]

F32 = NDArray[np.float32]

BACKGROUND = -1  # the target of what is no label's, and of what follows the end of a transcript


def load_targets(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    """Number the labels of examples.

    Returns:
        int64 [examples]: the index of each label in `labels`, `BACKGROUND` for None.

    Raises:
        DataError: an example has a label that is not among `labels`.
    """
    index: dict[str | None, int] = {label: position for position, label in enumerate(labels)}
    index[None] = BACKGROUND
    for example in examples:
        if example.label not in index:
            raise DataError(
                f"{example.id} has the label {example.label!r}: expected one of {', '.join(labels)}: "
                "use the data that the model was made for, or train one with these labels"
            )
    return np.array([index[example.label] for example in examples], np.int64)


def choose_balanced(targets: NDArray[np.int64], clips: int, seed: int, skip: int | None = None) -> NDArray[np.int64]:
    """Choose about so many clips, as many of each label as of the others, as far as there are.

    Args:
        targets: int64 [n], as `load_targets` gives them.
        clips: how many are wanted.
        seed: the same seed chooses the same clips.
        skip: the target of clips that are not wanted.

    Returns:
        int64: their indices, in order.
    """
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in np.unique(targets) if kind != skip]
    share = -(-clips // len(kinds))
    chosen = [rng.permutation(np.flatnonzero(targets == kind))[:share] for kind in kinds]
    return np.sort(np.concatenate(chosen))


def load_audio(
    examples: Sequence[Example], labels: Sequence[str], config: FrontendConfig
) -> tuple[F32, NDArray[np.int64]]:
    """Read the sound of examples, resampled and fitted to the length that the model sees.

    Returns:
        Audio, float32 [examples, clip_samples], and targets as `load_targets` gives them.

    Raises:
        DataError: a label is unknown, or the data set has no sound.
        AudioError: a clip cannot be read; the message names it.
    """
    targets = load_targets(examples, labels)
    audio = np.empty((len(examples), config.clip_samples), np.float32)
    for row, (example, clip) in zip(audio, _read_all(examples), strict=True):
        if not isinstance(clip, Clip):
            raise DataError(f"{example.id} has features and no sound: it can be evaluated, not trained with")
        row[:] = fit_clip(clip, config)
    return audio, targets


def load_features(
    examples: Sequence[Example], labels: Sequence[str], config: FrontendConfig | None
) -> tuple[F32, NDArray[np.int64]]:
    """Read examples as features: by the front end, or as they are where the data set holds them ready.

    Args:
        examples: what to read.
        labels: those that there are, in order.
        config: the front end; None where it is not known, then the data set must hold features.

    Returns:
        Features, float32 [examples, frames, bins], and targets as `load_targets` gives them.

    Raises:
        DataError: a label is unknown, ready features have another shape than the front end gives or than each
            other, not all examples have them, or there is sound and no front end.
        AudioError: a clip cannot be read; the message names it.
    """
    targets = load_targets(examples, labels)
    frontend, shape = (Frontend(config), config.shape) if config else (None, None)
    rows: list[F32] = []
    kinds = set()
    for example, content in _read_all(examples):
        kinds.add(type(content))
        if len(kinds) > 1:
            raise DataError(f"{example.id}: expected all examples as sound or all as features, got both")
        if isinstance(content, Clip):
            if frontend is None:
                raise DataError(
                    f"{example.id} is sound, and the model carries no front end: "
                    "export it with edgeasr, or use a data set of ready features"
                )
            rows.append(frontend(fit_clip(content, frontend.config)))
            continue
        shape = shape or content.shape
        if content.shape != shape:
            raise DataError(
                f"{example.id}: expected features of shape {shape}, got {content.shape}: "
                "use the front end that they were made with"
            )
        rows.append(content)
    return np.array(rows, np.float32).reshape(len(rows), *(shape or ())), targets


def load_inputs(
    examples: Sequence[Example], labels: Sequence[str], config: FrontendConfig | None, ctc: CtcOutput | None
) -> tuple[F32, NDArray[np.int64]]:
    """Read examples as features and targets for a classifier (`load_features`) or, with `ctc`, for a CTC model.

    Returns:
        Features, float32 [examples, frames, bins], and targets as `Samples.targets` has them.

    Raises:
        DataError, AudioError: as `load_features` and `load_utterances`.
    """
    if ctc is None:
        return load_features(examples, labels, config)
    if config is None:
        raise DataError("expected a CTC model that carries its front end, got one without: export it with edgeasr")
    return load_utterance_features(examples, config), load_transcripts(examples, labels)


def load_transcripts(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.int64]:
    """Number the characters of what is said in examples; a label is a transcript too.

    Returns:
        int64 [examples, characters of the longest]: indices in `labels`, filled up with `BACKGROUND`.

    Raises:
        DataError: a transcript is empty or holds a character that is not among `labels`; the message names it.
    """
    rows = [encode(normalise(example.label or ""), labels, example.id) for example in examples]
    transcripts = np.full((len(rows), max(map(len, rows), default=0)), BACKGROUND, np.int64)
    for transcript, row in zip(transcripts, rows, strict=True):
        transcript[: len(row)] = row
    return transcripts


def load_utterances(examples: Sequence[Example], config: FrontendConfig) -> list[F32]:
    """Read the sound of examples, resampled, in its own length: float32 [samples] each.

    Raises:
        DataError: the data set has no sound.
        AudioError: a clip cannot be read, or is longer than what the model sees; the message names it.
    """
    utterances = []
    for example, clip in _read_all(examples):
        if not isinstance(clip, Clip):
            raise DataError(f"{example.id} has features and no sound: expected speech for a model that transcribes")
        utterances.append(utterance_samples(clip, config, example.id))
    return utterances


def load_utterance_features(examples: Sequence[Example], config: FrontendConfig) -> F32:
    """Read utterances as features, each filled up with frames of zeros to what the model sees.

    Returns:
        float32 [examples, frames, bins].

    Raises:
        DataError, AudioError: as `load_utterances`.
    """
    frontend = Frontend(config)
    features = np.zeros((len(examples), *config.shape), np.float32)
    for row, samples in zip(features, load_utterances(examples, config), strict=True):
        row[:] = pad_frames(frontend(samples), config.frames)
    return features


def _read_all(examples: Sequence[Example]) -> Iterator[tuple[Example, Clip | F32]]:
    """Read examples one after the other; warn in the end of those that are clipped."""
    clipped = []
    for example in _with_progress(examples):
        content = example.read()
        if isinstance(content, Clip) and is_clipped(content.samples):
            clipped.append(example.id)
        yield example, content
    if clipped:
        warnings.warn(
            f"{len(clipped)} of {len(examples)} clips are clipped (over 1 % of the samples at full scale), such as "
            f"{clipped[0]}: record with less gain",
            AudioWarning,
            stacklevel=3,
        )


def _with_progress(examples: Sequence[Example]) -> Iterable[Example]:
    """Show a bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        return examples
    from rich.console import Console
    from rich.progress import track

    return track(examples, "reading clips", console=Console(stderr=True), transient=True)
