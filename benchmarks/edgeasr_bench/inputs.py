"""What goes into the models: a data set, the samples of a bundle, or the front end's view of noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.audio.clip import Clip
from edgeasr.data.dataset import Dataset, Split, load_dataset
from edgeasr.errors import ArtefactError, DataError
from edgeasr.features import Frontend, FrontendConfig
from edgeasr.runtime import Runtime
from edgeasr_bench.subjects import Subject

__all__ = ["Inputs", "noise", "read_inputs"]

_NOISE_CLIPS = 16


@dataclass(frozen=True)
class Inputs:
    """The inputs of one model.

    Attributes:
        features: float32 [clips, frames, bins].
        targets: int64 [clips], index of the right label; None for noise, which has none.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64] | None


def read_inputs(subjects: Sequence[Subject], models: Sequence[Runtime], data: str | None, split: Split) -> list[Inputs]:
    """Read the inputs of each model: models of the same front end and labels get the same.

    Args:
        subjects: where each model comes from.
        models: the loaded models.
        data: a data set by its name on the command line, or None for each bundle's own verification samples.
        split: which of its splits.

    Raises:
        ConfigError, DataError: the data set does not exist or cannot be read.
        ArtefactError: a model and the data set do not fit.
    """
    if data is None:
        return [_without_data(subject, model) for subject, model in zip(subjects, models, strict=True)]
    dataset = load_dataset(data)
    read: dict[tuple[FrontendConfig | None, tuple[str, ...]], Inputs] = {}
    for model in models:
        key = (model.frontend, model.labels)
        if key not in read:
            read[key] = _from_data(model, dataset, split)
    return [read[model.frontend, model.labels] for model in models]


def noise(config: FrontendConfig) -> list[NDArray[np.float32]]:
    """Make clips of white noise at a tenth of full scale, always the same: float32 [samples] each."""
    generator = np.random.default_rng(0)
    clips = 0.1 * generator.standard_normal((_NOISE_CLIPS, config.clip_samples), np.float32)
    return list(clips.clip(-1, 1))


def _without_data(subject: Subject, model: Runtime) -> Inputs:
    if subject.bundle is not None:
        samples = subject.bundle.samples()
        if len(samples.targets):
            return Inputs(samples.verification, samples.targets)
    if model.frontend is not None:
        return Inputs(Frontend(model.frontend)(np.array(noise(model.frontend))), None)
    shape = (_NOISE_CLIPS, *model.input_shape)
    return Inputs(np.random.default_rng(0).standard_normal(shape, np.float32), None)


def _from_data(model: Runtime, dataset: Dataset, split: Split) -> Inputs:
    from edgeasr.data.arrays import load_features, load_targets

    examples = [example for example in dataset.examples if example.split == split and example.label is not None]
    if not examples:
        raise DataError(f"{dataset.name} has no labelled clips in its split {split!r}: choose another with --split")
    if model.frontend is not None:
        return Inputs(*load_features(examples, model.labels, model.frontend))
    contents = [example.read() for example in examples]
    if any(isinstance(content, Clip) for content in contents):
        raise ArtefactError(
            f"{model.path}: carries no front end, and {dataset.name} holds sound: "
            "give a data set of ready features, or an artefact made by `edgeasr export`"
        )
    features = np.array(contents, np.float32)
    outputs = len(model.run(features[0]))
    if outputs != len(dataset.labels):
        raise ArtefactError(f"{model.path}: has {outputs} outputs, {dataset.name} has {len(dataset.labels)} labels")
    return Inputs(features, load_targets(examples, dataset.labels))
