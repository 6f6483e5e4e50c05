"""What a model is trained to do: the data, the loss and the measures of a training."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from edgeasr.bundle import Samples
from edgeasr.config import from_mapping, to_mapping
from edgeasr.features import FrontendConfig
from edgeasr.models import ModelSpec, check_options, model_spec
from edgeasr.train.config import TrainConfig

__all__ = ["Batch", "Batches", "Task", "load_task", "resolve_frontend"]

Batch = tuple[NDArray[Any], NDArray[Any]]


class Batches(Protocol):
    """The training split, cut into batches.

    What a batch holds depends only on the seed, the epoch and its number: not on the order in which batches are asked
    for, nor on what was computed before. So a resumed training sees what it would have seen.
    """

    clips: int

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        ...

    def get(self, epoch: int, index: int) -> Batch:
        """Make a batch: what goes into the model, and what the loss wants of it."""
        ...


class Task(Protocol):
    """What differs between training a classifier and training a recogniser.

    Attributes:
        labels: one per output of the model.
        frontend: the features, with their normalisation; None where the data set holds them ready.
        licence: what the data sets' licences ask to be said.
        batches: the training split.
    """

    labels: tuple[str, ...]
    frontend: FrontendConfig | None
    licence: str
    batches: Batches

    def describe(self) -> list[str]:
        """Say in a few lines what data there are, and what there is too little of."""
        ...

    def build(self) -> Any:
        """Build the Keras model."""
        ...

    def build_for_training(self) -> Any:
        """Build the Keras model that takes what `batches` gives, with the same weights in the same order."""
        return self.build()

    def loss(self) -> Any:
        """Give the Keras loss, which takes what `batches` wants and what the model gives."""
        ...

    def score(self, model: Any) -> dict[str, float]:
        """Measure a model on the dev split; the names begin with `dev_`."""
        ...

    def rank(self, measures: Mapping[str, float]) -> tuple[float, ...]:
        """Order epochs by their measures: the greater, the better."""
        ...

    def test(self, model: Any) -> dict[str, Any]:
        """Measure the finished model on the test split, as the manifest has it; nothing where that is empty."""
        ...

    def samples(self) -> Samples:
        """Choose features to calibrate and verify exports with."""
        ...

    def files(self) -> dict[str, Callable[[Path], None]]:
        """Give the functions that write further files of the bundle, by name."""
        ...


def resolve_frontend(config: TrainConfig, spec: ModelSpec) -> FrontendConfig:
    """Give the front end of a training: the model's own, changed by what the settings say."""
    return from_mapping(FrontendConfig, to_mapping(spec.frontend) | (config.frontend or {}), "frontend")


def load_task(config: TrainConfig, report: Callable[[str], None] = lambda line: None) -> tuple[ModelSpec, Task]:
    """Load the data of a training, for what its model does.

    Args:
        config: the settings.
        report: called with a line about each step that takes a while.

    Raises:
        ConfigError: there is no such model, option of it, or data set.
        DataError: a data set cannot be used.
    """
    check_options(config.model, config.options)
    spec = model_spec(config.model)
    task: Task
    if config.wake:
        from edgeasr.train.spotting import Spotting

        task = Spotting(config, spec, config.wake, report)
    elif spec.ctc:
        from edgeasr.train.transcription import Transcribing

        task = Transcribing(config, spec, spec.ctc)
    else:
        from edgeasr.train.classification import Classifying

        task = Classifying(config, spec)
    return spec, task
