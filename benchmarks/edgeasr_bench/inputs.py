"""What goes into the models: a data set, the samples of a bundle, or the front end's view of noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeasr.data.arrays import load_inputs
from edgeasr.data.dataset import load_datasets
from edgeasr.features import Frontend
from edgeasr.metrics.evaluation import labels_of
from edgeasr.runtime import Runtime
from edgeasr_bench.agent.work import noise
from edgeasr_bench.candidates import Candidate
from edgeasr_bench.settings import Settings

__all__ = ["Inputs", "read_inputs"]

_NOISE_CLIPS = 16


@dataclass(frozen=True)
class Inputs:
    """The inputs of one model.

    Attributes:
        features: float32 [clips, frames, bins].
        targets: int64, as `Samples.targets` has them; None for noise, which has none.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64] | None


def read_inputs(candidates: Sequence[Candidate], models: Sequence[Runtime], settings: Settings) -> list[Inputs]:
    """Read the inputs of each model: from the data sets, or from its bundle, or made of noise.

    Args:
        candidates: where each model comes from.
        models: the loaded models.
        settings: which data; models of the same front end and labels get the same inputs of it.

    Raises:
        ConfigError, DataError: a data set does not exist, cannot be read, or does not fit a model.
        ArtefactError: a model has no labels, or not one for each output.
    """
    if not settings.data:
        return [_without_data(candidate, model) for candidate, model in zip(candidates, models, strict=True)]
    keys = [(labels_of(model, model.labels or settings.labels), model.frontend, model.ctc) for model in models]
    examples = load_datasets(settings.data, settings.leave_out).labelled(settings.split)
    read = {key: Inputs(*load_inputs(examples, *key)) for key in dict.fromkeys(keys)}
    return [read[key] for key in keys]


def _without_data(candidate: Candidate, model: Runtime) -> Inputs:
    if candidate.bundle is not None:
        samples = candidate.bundle.samples()
        if len(samples.targets):
            return Inputs(samples.verification, samples.targets)
    if model.frontend is not None:
        return Inputs(Frontend(model.frontend)(np.array(noise(model.frontend))), None)
    shape = (_NOISE_CLIPS, *model.input_shape)
    return Inputs(np.random.default_rng(0).standard_normal(shape, np.float32), None)
